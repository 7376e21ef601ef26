/* Aggregates of Cassandra: what many values come to. */
#include "aggregate.h"

#include <math.h>

#include "function_private.h"
#include "value/decimal.h"
#include "value/order.h"
#include "value/serial.h"

/* Copies the sum to where it stays: encoded, where it is no mere number. */
static enum status aggregate_keep(struct cql_aggregate *aggregate, const struct type *type,
                                  const struct value *value, struct arena *arena, struct error *error)
{
    struct buffer bytes = {0};
    if (value->kind == VALUE_INTEGER || value->kind == VALUE_FLOAT || value->kind == VALUE_DOUBLE) {
        aggregate->sum = *value;
        aggregate->is_encoded = false;
        return STATUS_OK;
    }
    enum status status = statement__evaluated_check(arena, error);
    if (status == STATUS_OK) {
        status = serial_encode(type, value, &bytes, error);
    }
    if (status == STATUS_OK) {
        if (bytes.size > aggregate->room.size) {
            aggregate->room = bytes_of(arena_create(arena, 2 * bytes.size), 2 * bytes.size);
        }
        uint8_t *room = (uint8_t *)(uintptr_t)aggregate->room.data; /* the arena's, so ours to write */
        if (bytes.size > 0) {
            memcpy(room, bytes.data, bytes.size);
        }
        aggregate->encoded = bytes_of(room, bytes.size);
        aggregate->type = *type;
        aggregate->is_encoded = true;
    }
    buffer_reset(&bytes);
    return status;
}

/* Makes `sum` what was kept; it lives as long as the moment. */
static enum status aggregate_open(struct cql_aggregate *aggregate, const struct cql_moment *moment)
{
    enum status status = statement__evaluated_check(moment->arena, moment->error);
    return status == STATUS_OK && aggregate->is_encoded
               ? serial_decode(&aggregate->type, aggregate->encoded, moment->arena, &aggregate->sum,
                               moment->error)
               : status;
}

static bool is_average(const struct cql_aggregate *aggregate)
{
    return bytes_equal(aggregate->function->name.name, bytes_of_text("avg"));
}

static enum status step_real(struct cql_aggregate *aggregate, const struct value *value,
                             const struct cql_moment *moment, struct value *ret_sum)
{
    const struct type decimal = {.kind = TYPE_DECIMAL};
    struct value before = {.kind = VALUE_DOUBLE, .float64 = aggregate->real};
    double number = statement__number_convert(value, TYPE_DOUBLE, moment->arena).float64;
    if (aggregate->is_far) {
        return statement__number_operate(CQL_TERM_ADD, &decimal, &aggregate->sum, value, moment, ret_sum);
    }
    double more = number - aggregate->lost;
    double sum = aggregate->real + more;
    aggregate->simple += number;
    aggregate->lost = (sum - aggregate->real) - more;
    aggregate->real = sum;
    if (!is_average(aggregate) || !isinf(sum) || !isfinite(number) || !isfinite(before.float64)) {
        return STATUS_OK;
    }
    aggregate->is_far = true;
    return statement__number_operate(CQL_TERM_ADD, &decimal, &before, value, moment, ret_sum);
}

/* The average of decimals has as many places as they have: after each it moves by what that is away, rounded half even. */
static enum status step_decimal(const struct cql_aggregate *aggregate, const struct value *value,
                                const struct cql_moment *moment, struct value *ret_sum)
{
    struct arena *arena = moment->arena;
    struct decimal zero = decimal_of_integer(0, arena);
    const struct decimal *average = aggregate->count == 0 ? &zero : &aggregate->sum.decimal;
    enum status status = statement__number_check(value, moment);
    if (status != STATUS_OK) {
        return status;
    }
    struct decimal away = decimal_add(&value->decimal, average, true, arena);
    struct decimal step = statement__decimal_share(&away, aggregate->count + 1, arena);
    *ret_sum = (struct value){.kind = VALUE_DECIMAL, .decimal = decimal_add(average, &step, false, arena)};
    return STATUS_OK;
}

static enum status step_sum(struct cql_aggregate *aggregate, const struct value *value,
                            const struct cql_moment *moment, struct arena *arena)
{
    enum type_kind kind = aggregate->function->returns.kind;
    bool is_integer = kind >= TYPE_TINYINT && kind <= TYPE_COUNTER;
    /* An average's sum must not wrap around. */
    bool is_real = kind == TYPE_FLOAT || kind == TYPE_DOUBLE;
    struct type wide = {.kind = is_real                               ? TYPE_DECIMAL
                                : is_average(aggregate) && is_integer ? TYPE_VARINT
                                                                      : kind};
    const struct value *before = &aggregate->sum;
    struct value zero;
    struct value sum = value_of_null();
    enum status status = STATUS_OK;
    if (is_real) {
        status = step_real(aggregate, value, moment, &sum);
    } else if (kind == TYPE_DECIMAL && is_average(aggregate)) {
        status = step_decimal(aggregate, value, moment, &sum);
    } else {
        if (aggregate->count == 0) {
            const struct value nothing = value_of_integer(0);
            zero = statement__number_convert(&nothing, wide.kind, moment->arena);
            before = &zero;
        }
        status = statement__number_operate(CQL_TERM_ADD, &wide, before, value, moment, &sum);
    }
    return status == STATUS_OK && sum.kind != VALUE_NULL
               ? aggregate_keep(aggregate, &wide, &sum, arena, moment->error)
               : status;
}

enum status statement__aggregate_step(struct cql_aggregate *aggregate, const struct value *value,
                                      const struct cql_moment *moment, struct arena *arena)
{
    const struct cql_function *function = aggregate->function;
    enum status status = STATUS_OK;
    if (function == NULL) {
        aggregate->count++;
        return STATUS_OK;
    }
    if (value->kind == VALUE_NULL ||
        (value->kind == VALUE_EMPTY && statement__is_number(function->returns.kind))) {
        return STATUS_OK;
    }
    status = aggregate_open(aggregate, moment);
    if (status != STATUS_OK) {
        return status;
    }
    bool is_least = bytes_equal(function->name.name, bytes_of_text("min"));
    bool is_greatest = bytes_equal(function->name.name, bytes_of_text("max"));
    if (is_least || is_greatest) {
        int order =
            aggregate->count == 0 ? 0 : value_type_compare(&function->returns, value, &aggregate->sum);
        bool is_kept = aggregate->count == 0 || (is_least && order < 0) || (is_greatest && order > 0);
        status =
            is_kept ? aggregate_keep(aggregate, &function->returns, value, arena, moment->error) : STATUS_OK;
    } else if (!bytes_equal(function->name.name, bytes_of_text("count"))) {
        status = step_sum(aggregate, value, moment, arena);
    }
    aggregate->count += status == STATUS_OK ? 1 : 0;
    return status;
}

static enum status real_result(const struct cql_aggregate *aggregate, const struct cql_moment *moment,
                               struct value *ret_value)
{
    const struct type decimal = {.kind = TYPE_DECIMAL};
    struct value count = value_of_integer(aggregate->count);
    struct value result = {.kind = VALUE_DOUBLE, .float64 = aggregate->real + aggregate->lost};
    enum status status = STATUS_OK;
    if (isnan(result.float64) && isinf(aggregate->simple)) { /* infinities of one sign */
        result.float64 = aggregate->simple;
    }
    if (aggregate->is_far) {
        status =
            statement__number_operate(CQL_TERM_DIVIDE, &decimal, &aggregate->sum, &count, moment, &result);
    } else if (is_average(aggregate)) {
        result.float64 /= (double)aggregate->count;
    }
    if (status == STATUS_OK) {
        *ret_value = statement__number_convert(&result, aggregate->function->returns.kind, moment->arena);
    }
    return status;
}

enum status statement__aggregate_result(const struct cql_aggregate *aggregate,
                                        const struct cql_moment *moment, struct value *ret_value)
{
    const struct cql_function *function = aggregate->function;
    struct value zero = value_of_integer(0);
    struct value count = value_of_integer(aggregate->count);
    *ret_value = count;
    if (function == NULL || bytes_equal(function->name.name, bytes_of_text("count"))) {
        return STATUS_OK;
    }
    bool is_number = bytes_equal(function->name.name, bytes_of_text("sum")) ||
                     bytes_equal(function->name.name, bytes_of_text("avg"));
    if (aggregate->count == 0) {
        *ret_value = is_number ? statement__number_convert(&zero, function->returns.kind, moment->arena)
                               : value_of_null();
        return STATUS_OK;
    }
    struct cql_aggregate now = *aggregate;
    enum status status = aggregate_open(&now, moment);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_number && (function->returns.kind == TYPE_FLOAT || function->returns.kind == TYPE_DOUBLE)) {
        return real_result(&now, moment, ret_value);
    }
    *ret_value = now.sum;
    if (!is_average(aggregate) || function->returns.kind == TYPE_DECIMAL) {
        return STATUS_OK;
    }
    struct type wide = {.kind = TYPE_VARINT};
    struct value quotient = {0};
    status = statement__number_operate(CQL_TERM_DIVIDE, &wide, &now.sum, &count, moment, &quotient);
    if (status == STATUS_OK) {
        *ret_value = statement__number_convert(&quotient, function->returns.kind, moment->arena);
    }
    return status;
}
