/* Arithmetic, casts between numbers, mathematical functions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "function_private.h"
#include "value/bounds.h"
#include "value/decimal.h"

enum {
    OPERAND_BYTES_MAX = 65536, /* of a varint or decimal that is reckoned with */
};

bool statement__is_number(enum type_kind kind)
{
    return (kind >= TYPE_TINYINT && kind <= TYPE_DECIMAL) || kind == TYPE_FLOAT || kind == TYPE_DOUBLE;
}

static unsigned width_of(enum type_kind kind)
{
    return kind == TYPE_TINYINT ? 8 : kind == TYPE_SMALLINT ? 16 : kind == TYPE_INT ? 32 : 64;
}

/* The low bits, as Java narrows. */
static int64_t wrap(int64_t number, enum type_kind kind)
{
    switch (width_of(kind)) {
    case 8:
        return (int8_t)number;
    case 16:
        return (int16_t)number;
    case 32:
        return (int32_t)number;
    default:
        return number;
    }
}

/* --- casts ------------------------------------------------------------------------------------------------------ */

static int64_t low_bits(const struct decimal *decimal)
{
    struct bytes bytes = decimal->unscaled;
    uint64_t number = bytes.size > 0 && (bytes.data[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.size; i++) {
        number = number << 8 | bytes.data[i];
    }
    return (int64_t)number;
}

/* Java's (int) and (long) of a real: the nearest that there is, NaN is 0. */
static int64_t integer_of_real(double number, bool is_long)
{
    double most = is_long ? 0x1p63 : 0x1p31;
    if (isnan(number)) {
        return 0;
    }
    if (number >= most) {
        return is_long ? INT64_MAX : INT32_MAX;
    }
    if (number < -most) {
        return is_long ? INT64_MIN : INT32_MIN;
    }
    return (int64_t)number;
}

static double real_of(const struct value *value)
{
    switch ((int)value->kind) {
    case VALUE_FLOAT:
        return (double)value->float32;
    case VALUE_DOUBLE:
        return value->float64;
    case VALUE_DECIMAL:
        return decimal_to_double(&value->decimal);
    default:
        return (double)value->integer;
    }
}

static struct decimal decimal_of_real(double number, bool is_float, struct arena *arena)
{
    char text[64];
    struct decimal decimal = {.unscaled = bytes_of("\0", 1)};
    if (!isfinite(number)) {
        return decimal;
    }
    for (int digits = 1; digits <= (is_float ? 9 : 17); digits++) {
        (void)snprintf(text, sizeof(text), "%.*e", digits - 1, number);
        if (is_float ? strtof(text, NULL) == (float)number : strtod(text, NULL) == number) {
            break;
        }
    }
    CHECK(decimal_parse(bytes_of_text(text), arena, &decimal, NULL) == STATUS_OK);
    return decimal;
}

static struct decimal decimal_of_number(const struct value *value, struct arena *arena)
{
    switch ((int)value->kind) {
    case VALUE_FLOAT:
        return decimal_of_real((double)value->float32, true, arena);
    case VALUE_DOUBLE:
        return decimal_of_real(value->float64, false, arena);
    case VALUE_DECIMAL:
        return value->decimal;
    default:
        return decimal_of_integer(value->integer, arena);
    }
}

static int64_t integer_of_number(const struct value *value, enum type_kind to, struct arena *arena)
{
    if (value->kind == VALUE_DECIMAL) {
        struct decimal whole = decimal_truncate(&value->decimal, arena);
        return wrap(low_bits(&whole), to);
    }
    if (value->kind == VALUE_FLOAT || value->kind == VALUE_DOUBLE) {
        bool is_long = to == TYPE_BIGINT || to == TYPE_COUNTER;
        return wrap(integer_of_real(real_of(value), is_long), to);
    }
    return wrap(value->integer, to);
}

struct value statement__number_convert(const struct value *value, enum type_kind to, struct arena *arena)
{
    struct decimal decimal;
    switch ((int)to) {
    case TYPE_FLOAT:
        return (struct value){.kind = VALUE_FLOAT, .float32 = (float)real_of(value)};
    case TYPE_DOUBLE:
        return (struct value){.kind = VALUE_DOUBLE, .float64 = real_of(value)};
    case TYPE_DECIMAL:
        return (struct value){.kind = VALUE_DECIMAL, .decimal = decimal_of_number(value, arena)};
    case TYPE_VARINT:
        decimal = decimal_of_number(value, arena);
        return (struct value){.kind = VALUE_DECIMAL, .decimal = decimal_truncate(&decimal, arena)};
    default:
        return value_of_integer(integer_of_number(value, to, arena));
    }
}

/* --- arithmetic ------------------------------------------------------------------------------------------------- */

static enum status divided_by_zero(const struct cql_moment *moment, const char *why)
{
    return error_set(moment->error, STATUS_FUNCTION, "%s", why);
}

static enum status operate_integers(enum cql_term_kind kind, enum type_kind type, int64_t a, int64_t b,
                                    const struct cql_moment *moment, struct value *ret_value)
{
    uint64_t result = 0;
    bool is_division = kind == CQL_TERM_DIVIDE || kind == CQL_TERM_MODULO;
    if (is_division && b == 0) {
        return divided_by_zero(moment, "/ by zero");
    }
    if (kind == CQL_TERM_ADD) {
        result = (uint64_t)a + (uint64_t)b;
    } else if (kind == CQL_TERM_SUBTRACT) {
        result = (uint64_t)a - (uint64_t)b;
    } else if (kind == CQL_TERM_MULTIPLY) {
        result = (uint64_t)a * (uint64_t)b;
    } else if (b == -1) { /* the least number has no opposite */
        result = kind == CQL_TERM_DIVIDE ? 0 - (uint64_t)a : 0;
    } else {
        result = (uint64_t)(kind == CQL_TERM_DIVIDE ? a / b : a % b);
    }
    *ret_value = value_of_integer(wrap((int64_t)result, type));
    return STATUS_OK;
}

static double operate_reals(enum cql_term_kind kind, double a, double b)
{
    switch ((int)kind) {
    case CQL_TERM_ADD:
        return a + b;
    case CQL_TERM_SUBTRACT:
        return a - b;
    case CQL_TERM_MULTIPLY:
        return a * b;
    case CQL_TERM_DIVIDE:
        return a / b;
    default:
        return fmod(a, b);
    }
}

enum status statement__number_check(const struct value *value, const struct cql_moment *moment)
{
    const struct decimal *decimal = &value->decimal;
    bool is_sound = value->kind != VALUE_DECIMAL ||
                    (decimal->unscaled.size <= OPERAND_BYTES_MAX && decimal->scale <= DECIMAL_EXPONENT_MAX &&
                     decimal->scale >= -DECIMAL_EXPONENT_MAX);
    return is_sound
               ? STATUS_OK
               : error_set(moment->error, STATUS_INVALID, "the operation failed: the number is out of range");
}

static enum status operate_decimals(enum cql_term_kind kind, bool is_whole, const struct decimal *a,
                                    const struct decimal *b, const struct cql_moment *moment,
                                    struct value *ret_value)
{
    bool is_division = kind == CQL_TERM_DIVIDE || kind == CQL_TERM_MODULO;
    *ret_value = (struct value){.kind = VALUE_DECIMAL};
    if (is_division && decimal_is_zero(b)) { /* as Java's classes tell it */
        return divided_by_zero(moment, is_whole                  ? "BigInteger divide by zero"
                                       : kind == CQL_TERM_DIVIDE ? "/ by zero"
                                       : decimal_is_zero(a)      ? "Division undefined"
                                                                 : "Division by zero");
    }
    if (kind == CQL_TERM_ADD || kind == CQL_TERM_SUBTRACT) {
        ret_value->decimal = decimal_add(a, b, kind == CQL_TERM_SUBTRACT, moment->arena);
    } else if (kind == CQL_TERM_MULTIPLY) {
        ret_value->decimal = decimal_multiply(a, b, moment->arena);
    } else if (kind == CQL_TERM_MODULO) {
        ret_value->decimal = decimal_remainder(a, b, moment->arena);
    } else if (is_whole) { /* (a - a % b) / b is whole */
        struct decimal rest = decimal_remainder(a, b, moment->arena);
        struct decimal even = decimal_add(a, &rest, true, moment->arena);
        struct decimal quotient = decimal_divide(&even, b, moment->arena);
        ret_value->decimal = decimal_truncate(&quotient, moment->arena);
    } else {
        ret_value->decimal = decimal_divide(a, b, moment->arena);
    }
    return STATUS_OK;
}

/* What a decimal is reckoned with. */
static enum status check_finite(const struct value *a, const struct value *b, const struct cql_moment *moment)
{
    const struct value *operands[2] = {a, b};
    for (size_t i = 0; i < ARRAY_COUNT(operands); i++) {
        bool is_real = operands[i]->kind == VALUE_FLOAT || operands[i]->kind == VALUE_DOUBLE;
        double number = is_real ? real_of(operands[i]) : 0;
        if (!isfinite(number)) {
            return error_set(moment->error, STATUS_FUNCTION, "%s cannot be converted into a decimal",
                             isnan(number) ? "A NaN" : "An infinite number");
        }
    }
    return STATUS_OK;
}

enum status statement__number_operate(enum cql_term_kind kind, const struct type *type, const struct value *a,
                                      const struct value *b, const struct cql_moment *moment,
                                      struct value *ret_value)
{
    enum status status = statement__number_check(a, moment);
    if (status == STATUS_OK) {
        status = statement__number_check(b, moment);
    }
    if (status == STATUS_OK && type->kind == TYPE_DECIMAL) {
        status = check_finite(a, b, moment);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct value left = statement__number_convert(a, type->kind, moment->arena);
    struct value right = statement__number_convert(b, type->kind, moment->arena);
    switch ((int)type->kind) {
    case TYPE_FLOAT:
        *ret_value = (struct value){.kind = VALUE_FLOAT,
                                    .float32 = (float)operate_reals(kind, (double)left.float32,
                                                                    (double)right.float32)};
        return STATUS_OK;
    case TYPE_DOUBLE:
        *ret_value =
            (struct value){.kind = VALUE_DOUBLE, .float64 = operate_reals(kind, left.float64, right.float64)};
        return STATUS_OK;
    case TYPE_VARINT:
    case TYPE_DECIMAL:
        return operate_decimals(kind, type->kind == TYPE_VARINT, &left.decimal, &right.decimal, moment,
                                ret_value);
    default:
        return operate_integers(kind, type->kind, left.integer, right.integer, moment, ret_value);
    }
}

struct decimal statement__decimal_share(const struct decimal *number, int64_t count, struct arena *arena)
{
    struct decimal digits = {.unscaled = number->unscaled};
    struct decimal by = decimal_of_integer(count, arena);
    struct decimal two = decimal_of_integer(2, arena);
    struct decimal rest = decimal_remainder(&digits, &by, arena);
    struct decimal even = decimal_add(&digits, &rest, true, arena);
    struct decimal share = decimal_divide(&even, &by, arena);
    int64_t left = 0;
    share = decimal_truncate(&share, arena);
    (void)decimal_to_integer(&rest, &left);
    struct decimal odd = decimal_remainder(&share, &two, arena);
    int64_t size = left < 0 ? -left : left;
    if (size > count - size || (size == count - size && !decimal_is_zero(&odd))) {
        struct decimal one = decimal_of_integer(left < 0 ? -1 : 1, arena);
        share = decimal_add(&share, &one, false, arena);
    }
    share.scale += number->scale;
    return share;
}

/* --- functions -------------------------------------------------------------------------------------------------- */

enum mathematics {
    MATH_ABS,
    MATH_EXP,
    MATH_LOG,
    MATH_LOG10,
    MATH_ROUND,
};

static double calculate(enum mathematics what, double x)
{
    switch (what) {
    case MATH_ABS:
        return fabs(x);
    case MATH_EXP:
        return exp(x);
    case MATH_LOG:
        return log(x);
    case MATH_LOG10:
        return log10(x);
    case MATH_ROUND:
        return floor(x + 0.5);
    }
    return x;
}

static bool is_below_zero(const struct value *value)
{
    return value->kind == VALUE_DECIMAL
               ? value->decimal.unscaled.size > 0 && (value->decimal.unscaled.data[0] & 0x80) != 0
               : value->kind == VALUE_INTEGER && value->integer < 0;
}

static enum status run_mathematics(const struct cql_function *function, const struct value *arguments,
                                   const struct cql_moment *moment, struct value *ret_value)
{
    enum mathematics what = (enum mathematics)function->detail;
    bool is_real = arguments[0].kind == VALUE_FLOAT || arguments[0].kind == VALUE_DOUBLE;
    struct value zero = value_of_integer(0);
    if (!is_real && what == MATH_ABS) {
        *ret_value = arguments[0];
        return is_below_zero(&arguments[0])
                   ? statement__number_operate(CQL_TERM_SUBTRACT, &function->returns, &zero, &arguments[0],
                                               moment, ret_value)
                   : STATUS_OK;
    }
    if (arguments[0].kind == VALUE_INTEGER && what == MATH_ROUND) {
        *ret_value = arguments[0];
        return STATUS_OK;
    }
    enum status status = statement__number_check(&arguments[0], moment);
    struct value result = {.kind = VALUE_DOUBLE, .float64 = calculate(what, real_of(&arguments[0]))};
    *ret_value = statement__number_convert(&result, function->returns.kind, moment->arena);
    return status;
}

const struct function_row *statement__number_functions(size_t *ret_count)
{
#define MATHEMATICS(name, what, type)                                                                        \
    {                                                                                                        \
        name, type, 1, {type}, run_mathematics, what, false                                                  \
    }
#define MATHEMATICS_OF_ALL(name, what)                                                                       \
    MATHEMATICS(name, what, TYPE_TINYINT), MATHEMATICS(name, what, TYPE_SMALLINT),                           \
        MATHEMATICS(name, what, TYPE_INT), MATHEMATICS(name, what, TYPE_BIGINT),                             \
        MATHEMATICS(name, what, TYPE_FLOAT), MATHEMATICS(name, what, TYPE_DOUBLE),                           \
        MATHEMATICS(name, what, TYPE_VARINT), MATHEMATICS(name, what, TYPE_DECIMAL),                         \
        MATHEMATICS(name, what, TYPE_COUNTER)
    static const struct function_row rows[] = {
        MATHEMATICS_OF_ALL("abs", MATH_ABS),     MATHEMATICS_OF_ALL("exp", MATH_EXP),
        MATHEMATICS_OF_ALL("log", MATH_LOG),     MATHEMATICS_OF_ALL("log10", MATH_LOG10),
        MATHEMATICS_OF_ALL("round", MATH_ROUND),
    };
#undef MATHEMATICS_OF_ALL
#undef MATHEMATICS
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}
