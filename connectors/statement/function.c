/* Which function a call means, casts, operators. */
#include <stdio.h>

#include "function_private.h"
#include "json.h"
#include "statement/bounds.h"
#include "value/decimal.h"
#include "value/scalar_text.h"
#include "value/serial.h"
#include "value/token.h"
#include "value/type_text.h"

/* --- types ------------------------------------------------------------------------------------------------------ */

const char *statement__type_text(const struct type *type, struct arena *arena)
{
    struct buffer text = {0};
    type_format(type, &text);
    const char *copy = arena_copy_text(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

/* Types whose bytes are also those of the other. */
static bool shares_bytes(enum type_kind to, enum type_kind from)
{
    static const enum type_kind pairs[][2] = {
        {TYPE_TEXT, TYPE_ASCII},     {TYPE_UUID, TYPE_TIMEUUID},    {TYPE_VARINT, TYPE_INT},
        {TYPE_VARINT, TYPE_BIGINT},  {TYPE_BIGINT, TYPE_TIMESTAMP}, {TYPE_TIMESTAMP, TYPE_BIGINT},
        {TYPE_TIME, TYPE_BIGINT},    {TYPE_DATE, TYPE_INT},         {TYPE_BIGINT, TYPE_COUNTER},
        {TYPE_COUNTER, TYPE_BIGINT},
    };
    bool is_found = false;
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        is_found = is_found || (pairs[i][0] == to && pairs[i][1] == from);
    }
    return is_found;
}

static bool equal_frozen(const struct type *a, const struct type *b)
{
    struct arena arena = {0};
    struct type left = type_freeze(a, &arena);
    struct type right = type_freeze(b, &arena);
    bool is_equal = type_equal(&left, &right);
    arena_reset(&arena);
    return is_equal;
}

bool statement__type_accepts(const struct type *to, const struct type *from)
{
    return to->kind == TYPE_BLOB || shares_bytes(to->kind, from->kind) || equal_frozen(to, from);
}

enum status statement__type_convert(const struct type *to, const struct type *from, const struct value *value,
                                    const struct cql_moment *moment, struct value *ret_value)
{
    bool is_same = to->kind == from->kind || value->kind == VALUE_NULL;
    struct buffer bytes = {0};
    if (is_same || (to->kind == TYPE_TEXT && from->kind == TYPE_ASCII)) {
        *ret_value = *value;
        return STATUS_OK;
    }
    enum status status = serial_encode(from, value, &bytes, moment->error);
    if (status == STATUS_OK) {
        struct bytes copy = arena_copy(moment->arena, buffer_bytes(&bytes));
        status = serial_decode(to, copy, moment->arena, ret_value, moment->error);
    }
    buffer_reset(&bytes);
    return status;
}

/* --- functions of any type -------------------------------------------------------------------------------------- */

static struct cql_function *function_create(struct arena *arena, const char *name, struct type returns,
                                            const struct type *arguments, size_t count)
{
    struct cql_function *function = arena_create(arena, sizeof(*function));
    struct type *copy = arena_create_array(arena, count, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = arguments[i];
    }
    function->name = (struct cql_qualified){.keyspace = bytes_of_text("system"),
                                            .name = arena_copy(arena, bytes_of_text(name))};
    function->returns = returns;
    function->arguments = copy;
    function->count = count;
    function->is_fixed = true;
    return function;
}

static enum status run_as_blob(const struct cql_function *function, const struct value *arguments,
                               const struct cql_moment *moment, struct value *ret_value)
{
    struct buffer bytes = {0};
    enum status status = serial_encode(&function->arguments[0], &arguments[0], &bytes, moment->error);
    *ret_value = value_of_bytes(arena_copy(moment->arena, buffer_bytes(&bytes)));
    buffer_reset(&bytes);
    return status;
}

static enum status run_blob_as(const struct cql_function *function, const struct value *arguments,
                               const struct cql_moment *moment, struct value *ret_value)
{
    struct error why = {0};
    enum status status =
        serial_decode(&function->returns, arguments[0].bytes, moment->arena, ret_value, &why);
    struct buffer shown = {0};
    if (status != STATUS_OK) {
        scalar_format(&arguments[0], &shown);
        (void)
            error_set(moment->error, STATUS_INVALID,
                      "In call to function system.%.*s, value %.*s is not a valid binary representation for "
                      "type %s",
                      (int)function->name.name.size, (const char *)function->name.name.data,
                      (int)(shown.size < 100 ? shown.size : 100), (const char *)shown.data,
                      statement__type_text(&function->returns, moment->arena));
        buffer_reset(&shown);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

struct value statement__number_normal(const struct value *value, struct arena *arena)
{
    struct value number = *value;
    struct error error;
    if (value->kind != VALUE_DECIMAL ||
        decimal_normalise(&value->decimal, arena, &number.decimal, &error) != STATUS_OK) {
        return *value;
    }
    return number;
}

/* `detail` has a bit for each argument that is a number of DynamoDB's: it has one form only. */
static enum status run_token(const struct cql_function *function, const struct value *arguments,
                             const struct cql_moment *moment, struct value *ret_value)
{
    struct buffer key = {0};
    const struct type **types =
        arena_create_array(moment->arena, function->count, sizeof(const struct type *));
    struct value *values = arena_create_array(moment->arena, function->count, sizeof(*values));
    for (size_t i = 0; i < function->count; i++) {
        types[i] = &function->arguments[i];
        bool is_number = (function->detail & 1 << i) != 0;
        values[i] = is_number ? statement__number_normal(&arguments[i], moment->arena) : arguments[i];
    }
    enum status status = serial_partition_encode(types, values, function->count, &key, moment->error);
    *ret_value = value_of_integer(token_of(buffer_bytes(&key)));
    buffer_reset(&key);
    return status;
}

static enum status run_to_json(const struct cql_function *function, const struct value *arguments,
                               const struct cql_moment *moment, struct value *ret_value)
{
    struct buffer text = {0};
    statement__json_format(&function->arguments[0], &arguments[0], &text);
    *ret_value = value_of_text(arena_copy(moment->arena, buffer_bytes(&text)));
    buffer_reset(&text);
    return STATUS_OK;
}

static enum status run_from_json(const struct cql_function *function, const struct value *arguments,
                                 const struct cql_moment *moment, struct value *ret_value)
{
    struct error why = {0};
    const struct cql_moment own = {.arena = moment->arena, .error = &why, .now_us = moment->now_us};
    return statement__json_parse(&function->returns, arguments[0].bytes, &own, ret_value) == STATUS_OK
               ? STATUS_OK
               : error_set(moment->error, STATUS_FUNCTION, "execution of 'system.fromjson[text]' failed: %s",
                           why.text);
}

enum collection_part {
    COLLECTION_KEYS,
    COLLECTION_VALUES,
    COLLECTION_COUNT,
};

static enum status run_collection(const struct cql_function *function, const struct value *arguments,
                                  const struct cql_moment *moment, struct value *ret_value)
{
    bool is_map = arguments[0].kind == VALUE_MAP;
    size_t count = is_map ? arguments[0].pairs.count : arguments[0].items.count;
    if (function->detail == COLLECTION_COUNT) {
        *ret_value = value_of_integer((int64_t)count);
        return STATUS_OK;
    }
    struct value *items = arena_create_array(moment->arena, count, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        items[i] = arguments[0].pairs.at[2 * i + (function->detail == COLLECTION_VALUES ? 1 : 0)];
    }
    *ret_value = (struct value){.kind = function->detail == COLLECTION_VALUES ? VALUE_LIST : VALUE_SET,
                                .items = {items, count}};
    return STATUS_OK;
}

/* --- finding ---------------------------------------------------------------------------------------------------- */

static bool is_named(const struct cql_call_site *site, const char *name)
{
    return bytes_equal(site->name.name, bytes_of_text(name));
}

static const char *name_of(const struct cql_call_site *site, struct arena *arena)
{
    return arena_copy_text(arena, site->name.name);
}

static enum status refuse_count(const struct cql_call_site *site, size_t expected, struct arena *arena,
                                struct error *error)
{
    (void)
        error_set(error, STATUS_INVALID,
                  "Invalid number of arguments in call to function system.%s: %zu required but %zu provided",
                  name_of(site, arena), expected, site->count);
    return STATUS_INVALID;
}

static enum status find_token(const struct cql_call_site *site, struct arena *arena,
                              const struct cql_function **ret_function, struct error *error)
{
    if (site->key_types == NULL) {
        return error_set(error, STATUS_INVALID,
                         "The token function needs a table whose partition key it is computed of");
    }
    if (site->count != site->key_count) {
        return refuse_count(site, site->key_count, arena, error);
    }
    struct type *types = arena_create_array(arena, site->key_count, sizeof(*types));
    int numbers = 0;
    for (size_t i = 0; i < site->key_count; i++) {
        bool is_number = site->key_types[i].kind == TYPE_NUMBER;
        types[i] = site->key_types[i];
        types[i].kind = is_number ? TYPE_DECIMAL : types[i].kind;
        numbers |= is_number ? 1 << i : 0;
    }
    struct cql_function *function =
        function_create(arena, "token", (struct type){.kind = TYPE_BIGINT}, types, site->key_count);
    function->run = run_token;
    function->detail = numbers;
    *ret_function = function;
    return STATUS_OK;
}

/* A function of one argument that has to have a type of its own. */
static enum status one_type(const struct cql_call_site *site, const struct type **ret_type,
                            struct arena *arena, struct error *error)
{
    if (site->count != 1) {
        return refuse_count(site, 1, arena, error);
    }
    *ret_type = site->type(site->context, 0);
    if (*ret_type == NULL) {
        (void)error_set(error, STATUS_INVALID,
                        "Ambiguous call to function %s: use type casts to disambiguate",
                        name_of(site, arena));
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

static enum status find_json(const struct cql_call_site *site, struct arena *arena,
                             const struct cql_function **ret_function, struct error *error)
{
    const struct type text = {.kind = TYPE_TEXT};
    bool is_from = is_named(site, "fromjson") || is_named(site, "from_json");
    struct cql_function *function = NULL;
    if (is_from && site->receiver == NULL) {
        return error_set(error, STATUS_INVALID,
                         "%s() cannot be used in the selection clause of a SELECT statement",
                         is_named(site, "fromjson") ? "fromJson" : "from_json");
    }
    if (is_from) {
        function = function_create(arena, name_of(site, arena), *site->receiver, &text, 1);
        function->run = run_from_json;
        *ret_function = function;
        return site->count == 1 ? STATUS_OK : refuse_count(site, 1, arena, error);
    }
    const struct type *type = NULL;
    enum status status = one_type(site, &type, arena, error);
    if (status == STATUS_OK) {
        function = function_create(arena, name_of(site, arena), text, type, 1);
        function->run = run_to_json;
        function->takes_null = true;
        *ret_function = function;
    }
    return status;
}

static enum status find_aggregate(const struct cql_call_site *site, struct arena *arena,
                                  const struct cql_function **ret_function, struct error *error)
{
    const struct type *type = NULL;
    bool is_count = is_named(site, "count");
    bool needs_number = is_named(site, "sum") || is_named(site, "avg");
    enum status status = one_type(site, &type, arena, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (needs_number && !statement__is_number(type->kind)) {
        return error_set(
            error, STATUS_INVALID,
            "Invalid call to function %s, none of its type signatures match (known type signatures: "
            "system.%s : (<number>) -> <number>)",
            name_of(site, arena), name_of(site, arena));
    }
    struct type returns = is_count ? (struct type){.kind = TYPE_BIGINT} : *type;
    struct cql_function *function = function_create(arena, name_of(site, arena), returns, type, 1);
    function->is_aggregate = true;
    function->takes_null = true;
    *ret_function = function;
    return STATUS_OK;
}

static enum status find_collection(const struct cql_call_site *site, struct arena *arena,
                                   const struct cql_function **ret_function, struct error *error)
{
    const struct type *type = NULL;
    enum status status = one_type(site, &type, arena, error);
    if (status != STATUS_OK) {
        return status;
    }
    bool is_count = is_named(site, "collection_count");
    bool is_values = is_named(site, "map_values");
    bool is_collection = type->kind == TYPE_LIST || type->kind == TYPE_SET || type->kind == TYPE_MAP;
    if (!is_collection || (!is_count && type->kind != TYPE_MAP)) {
        return error_set(error, STATUS_INVALID, "Function system.%s requires a %s argument, but found %s",
                         name_of(site, arena), is_count ? "collection" : "map",
                         statement__type_text(type, arena));
    }
    struct type returns = {.kind = TYPE_INT};
    if (!is_count) {
        returns = (struct type){.kind = is_values ? TYPE_LIST : TYPE_SET,
                                .is_frozen = true,
                                .count = 1,
                                .parameters = &type->parameters[is_values ? 1 : 0]};
    }
    struct cql_function *function = function_create(arena, name_of(site, arena), returns, type, 1);
    function->run = run_collection;
    function->detail = is_count ? COLLECTION_COUNT : is_values ? COLLECTION_VALUES : COLLECTION_KEYS;
    *ret_function = function;
    return STATUS_OK;
}

/* The type whose name stands before "asblob" or behind "blobas". */
static bool blob_type(struct bytes name, struct type *ret_type, bool *ret_is_from)
{
    static const char *const heads[] = {"blobas", "blob_as_"};
    static const char *const tails[] = {"asblob", "_as_blob"};
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        size_t head = strlen(heads[i]);
        size_t tail = strlen(tails[i]);
        bool is_tail =
            name.size > tail && bytes_equal(bytes_from(name, name.size - tail), bytes_of_text(tails[i]));
        *ret_is_from = bytes_start_with(name, bytes_of_text(heads[i]));
        struct bytes type = *ret_is_from ? bytes_from(name, head)
                            : is_tail    ? bytes_part(name, 0, name.size - tail)
                                         : (struct bytes){0};
        bool is_found = type_of_name(type, ret_type) && ret_type->kind != TYPE_ANY &&
                        ret_type->kind != TYPE_NUMBER && ret_type->kind != TYPE_BLOB;
        if (is_found) {
            return true;
        }
    }
    return false;
}

/* Everything whose signature has one form: rows, and the blob functions made up as a row. */
struct candidates {
    struct function_row rows[32];
    size_t count;
};

static void gather(const struct cql_call_site *site, struct arena *arena, struct candidates *found)
{
    const struct function_row *(*const tables[])(size_t * ret_count) = {statement__time_functions,
                                                                        statement__number_functions};
    struct type type;
    bool is_from = false;
    for (size_t k = 0; k < ARRAY_COUNT(tables); k++) {
        size_t count = 0;
        const struct function_row *rows = tables[k](&count);
        for (size_t i = 0; i < count && found->count < ARRAY_COUNT(found->rows); i++) {
            if (is_named(site, rows[i].name)) {
                found->rows[found->count++] = rows[i];
            }
        }
    }
    if (found->count == 0 && blob_type(site->name.name, &type, &is_from)) {
        found->rows[found->count++] = (struct function_row){.name = name_of(site, arena),
                                                            .returns = is_from ? type.kind : TYPE_BLOB,
                                                            .count = 1,
                                                            .arguments = {is_from ? TYPE_BLOB : type.kind},
                                                            .run = is_from ? run_blob_as : run_as_blob};
    }
}

static enum cql_match row_match(const struct cql_call_site *site, const struct function_row *row)
{
    enum cql_match match = row->count == site->count ? CQL_MATCH_EXACT : CQL_MATCH_NONE;
    for (size_t i = 0; i < site->count && match != CQL_MATCH_NONE; i++) {
        struct type type = {.kind = row->arguments[i]};
        enum cql_match one = site->match(site->context, i, &type);
        match = one < match ? one : match;
    }
    return match;
}

/* "system.todate : (timeuuid) -> date, system.todate : (timestamp) -> date" */
static const char *signatures(const struct candidates *found, const enum cql_match *matches,
                              struct arena *arena)
{
    struct buffer text = {0};
    for (size_t i = 0; i < found->count; i++) {
        const struct function_row *row = &found->rows[i];
        if (matches != NULL && matches[i] == CQL_MATCH_NONE) {
            continue;
        }
        buffer_put_format(&text, "%ssystem.%s : (", text.size > 0 ? ", " : "", row->name);
        for (size_t k = 0; k < row->count; k++) {
            buffer_put_format(&text, "%s%s", k == 0 ? "" : ", ", type_name(row->arguments[k]));
        }
        buffer_put_format(&text, ") -> %s", type_name(row->returns));
    }
    const char *copy = arena_copy_text(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

static const struct cql_function *function_of_row(const struct function_row *row, struct arena *arena)
{
    struct type types[FUNCTION_ARGUMENTS_MAX] = {{0}};
    for (size_t i = 0; i < row->count; i++) {
        types[i].kind = row->arguments[i];
    }
    struct cql_function *function =
        function_create(arena, row->name, (struct type){.kind = row->returns}, types, row->count);
    function->run = row->run;
    function->detail = row->detail;
    function->is_fixed = !row->is_moving;
    return function;
}

static enum status refuse_only(const struct cql_call_site *site, const struct function_row *row,
                               struct arena *arena, struct error *error)
{
    if (row->count != site->count) {
        return refuse_count(site, row->count, arena, error);
    }
    for (size_t i = 0; i < row->count; i++) {
        struct type type = {.kind = row->arguments[i]};
        if (site->match(site->context, i, &type) == CQL_MATCH_NONE) {
            return error_set(
                error, STATUS_INVALID,
                "Type error: %s cannot be passed as argument %zu of function system.%s of type %s",
                site->text(site->context, i), i, row->name, type_name(type.kind));
        }
    }
    return STATUS_OK;
}

static enum status choose(const struct cql_call_site *site, const struct candidates *found,
                          struct arena *arena, const struct cql_function **ret_function, struct error *error)
{
    enum cql_match matches[ARRAY_COUNT(found->rows)];
    size_t weak = 0;
    size_t last = 0;
    for (size_t i = 0; i < found->count; i++) {
        matches[i] = row_match(site, &found->rows[i]);
        if (matches[i] == CQL_MATCH_EXACT) {
            *ret_function = function_of_row(&found->rows[i], arena);
            return STATUS_OK;
        }
        weak += matches[i] == CQL_MATCH_WEAK ? 1 : 0;
        last = matches[i] == CQL_MATCH_WEAK ? i : last;
    }
    if (weak == 1) {
        *ret_function = function_of_row(&found->rows[last], arena);
        return STATUS_OK;
    }
    if (weak == 0 && found->count == 1) {
        return refuse_only(site, &found->rows[0], arena, error);
    }
    if (weak == 0) {
        return error_set(
            error, STATUS_INVALID,
            "Invalid call to function %s, none of its type signatures match (known type signatures: "
            "%s)",
            name_of(site, arena), signatures(found, NULL, arena));
    }
    return error_set(
        error, STATUS_INVALID,
        "Ambiguous call to function %s (can be matched by following signatures: %s): use type casts "
        "to disambiguate",
        name_of(site, arena), signatures(found, matches, arena));
}

/* Those whose signatures depend on what they are called with. */
static const struct {
    const char *name;
    enum status (*find)(const struct cql_call_site *site, struct arena *arena,
                        const struct cql_function **ret_function, struct error *error);
} special_functions[] = {
    {"token", find_token},
    {"tojson", find_json},
    {"to_json", find_json},
    {"fromjson", find_json},
    {"from_json", find_json},
    {"count", find_aggregate},
    {"min", find_aggregate},
    {"max", find_aggregate},
    {"sum", find_aggregate},
    {"avg", find_aggregate},
    {"map_keys", find_collection},
    {"map_values", find_collection},
    {"collection_count", find_collection},
};

static enum status find_native(const struct cql_call_site *site, struct arena *arena,
                               const struct cql_function **ret_function, struct error *error)
{
    struct candidates found = {.count = 0};
    if (site->name.keyspace.size > 0 && !bytes_equal(site->name.keyspace, bytes_of_text("system"))) {
        return STATUS_NOT_FOUND;
    }
    for (size_t i = 0; i < ARRAY_COUNT(special_functions); i++) {
        if (is_named(site, special_functions[i].name)) {
            return special_functions[i].find(site, arena, ret_function, error);
        }
    }
    gather(site, arena, &found);
    return found.count == 0 ? STATUS_NOT_FOUND : choose(site, &found, arena, ret_function, error);
}

bool statement__function_is_native(struct bytes name)
{
    const struct cql_call_site site = {.name = {.name = name}};
    struct candidates found = {.count = 0};
    struct arena arena = {0};
    gather(&site, &arena, &found);
    arena_reset(&arena);
    bool is_native = found.count > 0;
    for (size_t i = 0; i < ARRAY_COUNT(special_functions); i++) {
        is_native = is_native || is_named(&site, special_functions[i].name);
    }
    return is_native;
}

enum status statement__function_find(const struct cql_call_site *site, struct arena *arena,
                                     const struct cql_function **ret_function, struct error *error)
{
    enum status native = find_native(site, arena, ret_function, error);
    if (native == STATUS_OK || site->users.find == NULL) {
        return native;
    }
    enum status status = statement__user_function_find(site, arena, ret_function, error);
    return status == STATUS_NOT_FOUND ? native : status;
}

/* --- casts ------------------------------------------------------------------------------------------------------ */

static enum status run_cast(const struct cql_function *function, const struct value *arguments,
                            const struct cql_moment *moment, struct value *ret_value)
{
    struct buffer text = {0};
    enum type_kind to = function->returns.kind;
    if (to == TYPE_TEXT || to == TYPE_ASCII) {
        scalar_format(&arguments[0], &text);
        *ret_value = value_of_text(arena_copy(moment->arena, buffer_bytes(&text)));
        buffer_reset(&text);
        return STATUS_OK;
    }
    enum status status = statement__number_check(&arguments[0], moment);
    if (status == STATUS_OK) {
        *ret_value = statement__number_convert(&arguments[0], to, moment->arena);
    }
    return status;
}

static enum status run_same(const struct cql_function *function, const struct value *arguments,
                            const struct cql_moment *moment, struct value *ret_value)
{
    (void)function;
    (void)moment;
    *ret_value = arguments[0];
    return STATUS_OK;
}

/* The function that does what a cast between times does. */
static const struct function_row *cast_of_times(enum type_kind from, enum type_kind to)
{
    size_t count = 0;
    const struct function_row *rows = statement__time_functions(&count);
    const char *name = to == TYPE_DATE ? "todate" : to == TYPE_TIMESTAMP ? "totimestamp" : "";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0 && rows[i].arguments[0] == from) {
            return &rows[i];
        }
    }
    return NULL;
}

enum status statement__cast_find(const struct type *from, const struct type *to, struct arena *arena,
                                 const struct cql_function **ret_function, struct error *error)
{
    bool is_scalar = from->kind < TYPE_LIST && to->kind < TYPE_LIST;
    bool is_text = to->kind == TYPE_TEXT || (to->kind == TYPE_ASCII && from->kind != TYPE_TEXT);
    bool is_to_text = is_text && is_scalar && from->kind != TYPE_BLOB && from->kind != TYPE_DURATION;
    bool is_number =
        statement__is_number(from->kind) && statement__is_number(to->kind) && to->kind != TYPE_COUNTER;
    const struct function_row *times = cast_of_times(from->kind, to->kind);
    char name[64];
    (void)snprintf(name, sizeof(name), "castas%s", is_scalar ? type_name(to->kind) : "");
    struct cql_function *function = function_create(arena, name, *to, from, 1);
    *ret_function = function;
    if (type_equal(from, to)) {
        function->run = run_same;
    } else if (is_to_text || is_number) {
        function->run = run_cast;
    } else if (times != NULL) {
        function->run = times->run;
    } else {
        return error_set(error, STATUS_INVALID, "%s cannot be cast to %s", statement__type_text(from, arena),
                         statement__type_text(to, arena));
    }
    return STATUS_OK;
}

/* --- operators -------------------------------------------------------------------------------------------------- */

static const char *const operation_names[] = {
    [CQL_TERM_ADD] = "+",    [CQL_TERM_SUBTRACT] = "-", [CQL_TERM_MULTIPLY] = "*",
    [CQL_TERM_DIVIDE] = "/", [CQL_TERM_MODULO] = "%",   [CQL_TERM_NEGATE] = "-",
};

static enum status run_operation(const struct cql_function *function, const struct value *arguments,
                                 const struct cql_moment *moment, struct value *ret_value)
{
    struct value zero = value_of_integer(0);
    bool is_negation = function->detail == CQL_TERM_NEGATE;
    enum cql_term_kind kind = is_negation ? CQL_TERM_SUBTRACT : (enum cql_term_kind)function->detail;
    enum status status =
        statement__number_operate(kind, &function->returns, is_negation ? &zero : &arguments[0],
                                  &arguments[is_negation ? 0 : 1], moment, ret_value);
    if (status == STATUS_FUNCTION) {
        const char *why = arena_format(moment->arena, "%s", moment->error->text);
        return error_set(moment->error, status, "the operation '%s %s %s' failed: %s",
                         statement__type_text(&function->arguments[0], moment->arena), operation_names[kind],
                         statement__type_text(&function->arguments[1], moment->arena), why);
    }
    return status;
}

/* Strings one after the other. */
static enum status run_concatenation(const struct cql_function *function, const struct value *arguments,
                                     const struct cql_moment *moment, struct value *ret_value)
{
    struct buffer text = {0};
    (void)function;
    buffer_put(&text, arguments[0].bytes);
    buffer_put(&text, arguments[1].bytes);
    *ret_value = value_of_text(arena_copy(moment->arena, buffer_bytes(&text)));
    buffer_reset(&text);
    return STATUS_OK;
}

/* What joins both: ascii only when both are. TYPE_ANY: one is no string. */
static enum type_kind common_string(enum type_kind left, enum type_kind right)
{
    bool are_strings =
        (left == TYPE_TEXT || left == TYPE_ASCII) && (right == TYPE_TEXT || right == TYPE_ASCII);
    return !are_strings ? TYPE_ANY : left == right ? left : TYPE_TEXT;
}

/* The type that holds both: CQL reference, "Number Arithmetic". */
static enum type_kind common_number(enum type_kind left, enum type_kind right)
{
    static const enum type_kind integers[] = {TYPE_TINYINT, TYPE_SMALLINT, TYPE_INT, TYPE_BIGINT};
    bool is_real = left == TYPE_FLOAT || left == TYPE_DOUBLE || right == TYPE_FLOAT || right == TYPE_DOUBLE;
    bool is_wide = left == TYPE_VARINT || right == TYPE_VARINT;
    enum type_kind common = TYPE_TINYINT;
    if (left == TYPE_DECIMAL || right == TYPE_DECIMAL || (is_real && is_wide)) {
        return TYPE_DECIMAL;
    }
    if (is_wide) {
        return TYPE_VARINT;
    }
    bool is_long =
        left == TYPE_BIGINT || left == TYPE_COUNTER || right == TYPE_BIGINT || right == TYPE_COUNTER;
    if (is_real) {
        return left == TYPE_DOUBLE || right == TYPE_DOUBLE || is_long ? TYPE_DOUBLE : TYPE_FLOAT;
    }
    for (size_t i = 0; i < ARRAY_COUNT(integers); i++) {
        common = left == integers[i] || right == integers[i] ? integers[i] : common;
    }
    return is_long ? TYPE_BIGINT : common;
}

const struct cql_function *statement__operation_find(enum cql_term_kind kind, const struct type *left,
                                                     const struct type *right, struct arena *arena)
{
    struct type types[2] = {*left, right != NULL ? *right : *left};
    bool is_number = statement__is_number(types[0].kind) && statement__is_number(types[1].kind);
    bool is_time = (kind == CQL_TERM_ADD || kind == CQL_TERM_SUBTRACT) && right != NULL &&
                   (left->kind == TYPE_TIMESTAMP || left->kind == TYPE_DATE) && right->kind == TYPE_DURATION;
    enum type_kind string = kind == CQL_TERM_ADD ? common_string(types[0].kind, types[1].kind) : TYPE_ANY;
    if (!is_number && !is_time && string == TYPE_ANY) {
        return NULL;
    }
    struct type returns = {.kind = is_number ? common_number(types[0].kind, types[1].kind)
                                   : is_time ? left->kind
                                             : string};
    struct cql_function *function =
        function_create(arena, operation_names[kind], returns, types, right == NULL ? 1 : 2);
    function->run = is_number ? run_operation : is_time ? statement__time_operate : run_concatenation;
    function->detail = (int)kind;
    return function;
}

enum status statement__evaluated_check(const struct arena *arena, struct error *error)
{
    return arena->total <= CQL_EVALUATED_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE,
                           "evaluating the statement takes more than %d bytes: select less at a time",
                           CQL_EVALUATED_BYTES_MAX);
}

enum status statement__function_run(const struct cql_function *function, const struct value *arguments,
                                    const struct cql_moment *moment, struct value *ret_value)
{
    CHECK(!function->is_aggregate && function->run != NULL && function->user == NULL);
    for (size_t i = 0; i < function->count && !function->takes_null; i++) {
        bool is_empty =
            arguments[i].kind == VALUE_EMPTY && function->run != run_as_blob && function->run != run_token;
        if (arguments[i].kind == VALUE_NULL || is_empty) {
            *ret_value = value_of_null();
            return STATUS_OK;
        }
    }
    return function->run(function, arguments, moment, ret_value);
}
