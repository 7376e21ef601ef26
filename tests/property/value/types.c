/* Random types and random values of them: texts, stored and serialized forms come back, the order of keys is the order of
 * the type, and no bytes are too wild to be decoded. */
#include <math.h>

#include "base/random.h"
#include "codec/pack.h"
#include "support/test.h"
#include "value/bounds.h"
#include "value/collation.h"
#include "value/decimal.h"
#include "value/order.h"
#include "value/serial.h"
#include "value/type_stored.h"
#include "value/type_text.h"

enum {
    DEPTH = 3, /* containers around scalars */
};

/* What a run draws from and allocates in. */
struct draw {
    struct random random;
    struct arena arena;
    struct type udts[64]; /* those of the type at hand, by the number in their name */
    size_t udts_count;
    bool wants_key; /* no durations */
};

static uint64_t below(struct draw *draw, uint64_t bound)
{
    return random_below(&draw->random, bound);
}

/* --- types ------------------------------------------------------------------------------------------------------ */

static struct type random_scalar(struct draw *draw, bool wants_order)
{
    static const enum type_kind kinds[] = {TYPE_ASCII,   TYPE_TEXT,     TYPE_BLOB,      TYPE_BOOLEAN,
                                           TYPE_TINYINT, TYPE_SMALLINT, TYPE_INT,       TYPE_BIGINT,
                                           TYPE_FLOAT,   TYPE_DOUBLE,   TYPE_VARINT,    TYPE_DECIMAL,
                                           TYPE_UUID,    TYPE_TIMEUUID, TYPE_DATE,      TYPE_TIME,
                                           TYPE_INET,    TYPE_BIGINT,   TYPE_TIMESTAMP, TYPE_DURATION};
    size_t count = ARRAY_COUNT(kinds) - (wants_order || draw->wants_key ? 1 : 0);
    return (struct type){.kind = kinds[below(draw, count)]};
}

/* NOLINTBEGIN(misc-no-recursion): DEPTH deep */
static struct type random_type(struct draw *draw, unsigned depth, bool wants_order);

static const struct type_udt *random_udt(struct draw *draw, size_t count)
{
    static const char *const names[] = {"a", "Select", "two words", "quo\"te", "\xC3\xA9", "f6"};
    struct type_udt *udt = arena_create(&draw->arena, sizeof(*udt));
    struct bytes *fields = arena_create_array(&draw->arena, count, sizeof(*fields));
    for (size_t i = 0; i < count; i++) {
        fields[i] = bytes_of_text(names[i]);
    }
    udt->fields = fields;
    udt->name = bytes_of_text(
        arena_format(&draw->arena, below(draw, 2) == 0 ? "udt_%zu" : "Udt \"%zu", draw->udts_count));
    return udt;
}

/* Inside others everything is frozen. */
static struct type random_container(struct draw *draw, unsigned depth, bool wants_order)
{
    struct type type = {.kind = (enum type_kind)(TYPE_LIST + below(draw, TYPE_VECTOR - TYPE_LIST + 1)),
                        .is_frozen = true};
    bool has_fields = type.kind == TYPE_TUPLE || type.kind == TYPE_UDT;
    type.count = type.kind == TYPE_MAP ? 2 : has_fields ? 1 + below(draw, 3) : 1;
    struct type *parameters = arena_create_array(&draw->arena, type.count, sizeof(*parameters));
    for (size_t i = 0; i < type.count; i++) {
        bool is_sorted = i == 0 && (type.kind == TYPE_SET || type.kind == TYPE_MAP);
        parameters[i] = random_type(draw, depth - 1, wants_order || is_sorted);
    }
    type.parameters = parameters;
    type.dimension = type.kind == TYPE_VECTOR ? 1 + (uint32_t)below(draw, 3) : 0;
    if (type.kind == TYPE_UDT && draw->udts_count == ARRAY_COUNT(draw->udts)) {
        type.kind = TYPE_TUPLE;
    }
    if (type.kind == TYPE_UDT) {
        type.udt = random_udt(draw, type.count);
        draw->udts[draw->udts_count++] = type;
    }
    return type;
}

static struct type random_type(struct draw *draw, unsigned depth, bool wants_order)
{
    return depth > 0 && below(draw, 2) == 0 ? random_container(draw, depth, wants_order)
                                            : random_scalar(draw, wants_order);
}

/* NOLINTEND(misc-no-recursion) */

/* --- values ----------------------------------------------------------------------------------------------------- */

/* Few different bytes, so that values are often equal or the beginning of each other. */
static struct bytes random_bytes(struct draw *draw, size_t size)
{
    static const uint8_t bytes[] = {0, 0, 1, 'a', 0x7F, 0x80, 0xFF};
    uint8_t *data = arena_create(&draw->arena, size);
    for (size_t i = 0; i < size; i++) {
        data[i] = bytes[below(draw, sizeof(bytes))];
    }
    return bytes_of(data, size);
}

static struct bytes random_text(struct draw *draw, bool is_ascii)
{
    static const char *const parts[] = {"a", "b", "\x01", "\x7F", "\xC3\xA9", "\xE2\x82\xAC"};
    struct buffer text = {0};
    for (size_t i = below(draw, 4); i > 0; i--) {
        if (below(draw, 4) == 0) {
            buffer_put_u8(&text, 0);
        } else {
            buffer_put_text(&text, parts[below(draw, is_ascii ? 4 : ARRAY_COUNT(parts))]);
        }
    }
    struct bytes copy = arena_copy(&draw->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

static int64_t random_integer(struct draw *draw, int64_t least, int64_t most)
{
    static const int64_t integers[] = {0, 1, -1, 255, -256, INT64_MAX, INT64_MIN, 1700000000, INT64_MIN + 1};
    int64_t number = integers[below(draw, ARRAY_COUNT(integers))];
    return number < least ? least : number > most ? most : number;
}

static double random_double(struct draw *draw)
{
    static const double doubles[] = {0.0,    -0.0,   1.5,     -1.5,     1e30,      -1e30,
                                     5e-324, -5e-40, 1.0 / 3, INFINITY, -INFINITY, NAN};
    return doubles[below(draw, ARRAY_COUNT(doubles))];
}

static struct decimal random_decimal(struct draw *draw)
{
    static const int32_t scales[] = {0, 0, 1, 2, -1, 3, INT32_MAX, INT32_MIN, 100000};
    return decimal_of_unscaled(scales[below(draw, ARRAY_COUNT(scales))],
                               random_bytes(draw, 1 + below(draw, below(draw, 4) == 0 ? 12 : 2)));
}

static struct bytes random_uuid(struct draw *draw, bool is_time)
{
    static const uint8_t versions[] = {0x10, 0x40, 0x00, 0x10, 0xF0};
    struct bytes bytes = random_bytes(draw, 16);
    uint8_t *data = arena_create(&draw->arena, 16);
    for (size_t i = 0; i < 16 && below(draw, 4) != 0; i++) { /* mostly zeros at the end */
        data[i] = bytes.data[i];
    }
    data[6] = (data[6] & 0x0F) | versions[is_time ? 0 : below(draw, ARRAY_COUNT(versions))];
    return bytes_of(data, 16);
}

static struct duration random_duration(struct draw *draw)
{
    int64_t sign = below(draw, 2) == 0 ? 1 : -1;
    return (struct duration){.months = (int32_t)(sign * random_integer(draw, 0, INT32_MAX)),
                             .days = (int32_t)(sign * random_integer(draw, 0, INT32_MAX)),
                             .nanoseconds = sign * random_integer(draw, 0, INT64_MAX)};
}

static struct value random_scalar_value(struct draw *draw, enum type_kind kind)
{
    switch ((int)kind) {
    case TYPE_ASCII:
    case TYPE_TEXT:
        return value_of_text(random_text(draw, kind == TYPE_ASCII));
    case TYPE_BLOB:
        return value_of_bytes(random_bytes(draw, below(draw, 4)));
    case TYPE_BOOLEAN:
        return value_of_boolean(below(draw, 2) == 0);
    case TYPE_TINYINT:
        return value_of_integer(random_integer(draw, INT8_MIN, INT8_MAX));
    case TYPE_SMALLINT:
        return value_of_integer(random_integer(draw, INT16_MIN, INT16_MAX));
    case TYPE_INT:
        return value_of_integer(random_integer(draw, INT32_MIN, INT32_MAX));
    case TYPE_VARINT:
        return (struct value){.kind = VALUE_DECIMAL,
                              .decimal = decimal_of_unscaled(0, random_bytes(draw, 1 + below(draw, 10)))};
    case TYPE_DECIMAL:
        return (struct value){.kind = VALUE_DECIMAL, .decimal = random_decimal(draw)};
    case TYPE_FLOAT:
        return (struct value){.kind = VALUE_FLOAT, .float32 = (float)random_double(draw)};
    case TYPE_DOUBLE:
        return (struct value){.kind = VALUE_DOUBLE, .float64 = random_double(draw)};
    case TYPE_UUID:
        return (struct value){.kind = VALUE_UUID, .bytes = random_uuid(draw, false)};
    case TYPE_TIMEUUID:
        return (struct value){.kind = VALUE_TIMEUUID, .bytes = random_uuid(draw, true)};
    case TYPE_TIMESTAMP:
        return (struct value){.kind = VALUE_TIMESTAMP, .integer = random_integer(draw, INT64_MIN, INT64_MAX)};
    case TYPE_DATE:
        return (struct value){.kind = VALUE_DATE, .integer = random_integer(draw, INT32_MIN, INT32_MAX)};
    case TYPE_TIME:
        return (struct value){.kind = VALUE_TIME, .integer = random_integer(draw, 0, 86399999999999)};
    case TYPE_INET:
        return (struct value){.kind = VALUE_INET, .bytes = random_bytes(draw, below(draw, 2) == 0 ? 4 : 16)};
    case TYPE_DURATION:
        return (struct value){.kind = VALUE_DURATION, .duration = random_duration(draw)};
    default:
        return value_of_integer(random_integer(draw, INT64_MIN, INT64_MAX));
    }
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type */
static struct value random_value(struct draw *draw, const struct type *type, bool may_be_empty);

static struct value random_items(struct draw *draw, const struct type *type)
{
    static const enum value_kind kinds[] = {
        [TYPE_LIST] = VALUE_LIST,   [TYPE_SET] = VALUE_SET, [TYPE_MAP] = VALUE_MAP,
        [TYPE_TUPLE] = VALUE_TUPLE, [TYPE_UDT] = VALUE_UDT, [TYPE_VECTOR] = VALUE_VECTOR};
    bool has_fields = type->kind == TYPE_TUPLE || type->kind == TYPE_UDT;
    size_t count = type->kind == TYPE_VECTOR ? type->dimension
                   : has_fields              ? below(draw, type->count + 1)
                                             : below(draw, 4);
    size_t width = type->kind == TYPE_MAP ? 2 : 1;
    CHECK(type->count > 0);
    struct value *at = arena_create_array(&draw->arena, count * width, sizeof(*at));
    for (size_t i = 0; i < count * width; i++) {
        if (!has_fields || below(draw, 4) != 0) {
            at[i] = random_value(draw, &type->parameters[i % type->count], type->kind != TYPE_VECTOR);
        }
    }
    struct value value = {.kind = kinds[type->kind]};
    if (type->kind == TYPE_MAP) {
        value.pairs = (struct value_pairs){.at = at, .count = count};
    } else {
        value.items = (struct value_items){.at = at, .count = count};
    }
    if (type->kind == TYPE_MAP || type->kind == TYPE_SET) {
        value_sort(&value, &draw->arena);
    }
    return value;
}

static struct value random_value(struct draw *draw, const struct type *type, bool may_be_empty)
{
    if (may_be_empty && type_may_be_empty(type->kind) && below(draw, 8) == 0) {
        return (struct value){.kind = VALUE_EMPTY};
    }
    return type_has_parameters(type->kind) ? random_items(draw, type) : random_scalar_value(draw, type->kind);
}

/* NOLINTEND(misc-no-recursion) */

/* --- properties ------------------------------------------------------------------------------------------------- */

static enum status resolve(void *context, struct bytes keyspace, struct bytes name, struct arena *arena,
                           struct type *ret_type, struct error *error)
{
    const struct draw *draw = context;
    (void)arena;
    assert_int_equal(keyspace.size, 0);
    for (size_t i = 0; i < draw->udts_count; i++) {
        if (bytes_equal(draw->udts[i].udt->name, name)) {
            *ret_type = draw->udts[i];
            ret_type->is_frozen = false;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "Unknown type");
}

static void check_type_comes_back(struct draw *draw, const struct type *type)
{
    struct error error;
    struct buffer text = {0};
    struct buffer stored = {0};
    struct type again;
    struct type_names names = {.resolve = resolve, .context = draw};
    assert_ok(type_validate(type, &error), error);
    type_format(type, &text);
    assert_ok(type_parse(buffer_bytes(&text), &names, &draw->arena, &again, &error), error);
    assert_true(type_equal(type, &again));
    type_encode(type, &stored);
    for (size_t size = 0; size < stored.size; size++) {
        struct reader cut = reader_of(bytes_part(buffer_bytes(&stored), 0, size));
        assert_status(type_decode(&cut, &draw->arena, &again, &error), STATUS_CORRUPT, error);
    }
    struct reader reader = reader_of(buffer_bytes(&stored));
    assert_ok(type_decode(&reader, &draw->arena, &again, &error), error);
    assert_true(reader_ended(&reader) && type_equal(type, &again));
    buffer_reset(&text);
    buffer_reset(&stored);
}

/* Through the wire's form and through the stored one, to the same bytes. */
static void check_value_comes_back(struct draw *draw, const struct type *type, const struct value *value)
{
    struct error error;
    struct buffer serial = {0};
    struct buffer twice = {0};
    struct buffer packed = {0};
    struct value again;
    assert_ok(type_check(type, value, &error), error);
    assert_ok(serial_encode(type, value, &serial, &error), error);
    assert_ok(serial_decode(type, buffer_bytes(&serial), &draw->arena, &again, &error), error);
    assert_ok(type_check(type, &again, &error), error);
    assert_true(value_equal(value, &again));
    assert_int_equal(value_type_compare(type, value, &again), 0);
    assert_ok(serial_encode(type, &again, &twice, &error), error);
    assert_true(bytes_equal(buffer_bytes(&serial), buffer_bytes(&twice)));
    codec_value_encode(&packed, value);
    assert_ok(codec_value_decode(buffer_bytes(&packed), &draw->arena, &again, &error), error);
    assert_true(value_equal(value, &again));
    buffer_reset(&serial);
    buffer_reset(&twice);
    buffer_reset(&packed);
}

/* Bytes that came from a value, changed or cut, or that came from nowhere: refused, or a value of the type. */
static void check_wild_bytes(struct draw *draw, const struct type *type, const struct value *value)
{
    struct error error;
    struct buffer wild = {0};
    struct value found;
    assert_ok(serial_encode(type, value, &wild, &error), error);
    for (size_t i = below(draw, 3); i > 0 && wild.size > 0; i--) {
        wild.data[below(draw, wild.size)] = (uint8_t)below(draw, 256);
    }
    if (below(draw, 3) == 0) {
        wild.size = below(draw, wild.size + 1);
    } else if (below(draw, 3) == 0) {
        buffer_put(&wild, random_bytes(draw, below(draw, 10)));
    }
    if (below(draw, 10) == 0) {
        random_fill(&draw->random, wild.data, wild.size);
    }
    enum status status = serial_decode(type, buffer_bytes(&wild), &draw->arena, &found, &error);
    if (status == STATUS_OK && type_check(type, &found, &error) == STATUS_OK) {
        check_value_comes_back(draw, type, &found);
    } else if (status == STATUS_OK) {
        assert_non_null(strstr(error.text, "null is not supported"));
    } else {
        assert_int_equal(status, STATUS_INVALID);
    }
    buffer_reset(&wild);
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void check_order(const struct type *type, const struct value *a, const struct value *b)
{
    int order = sign(value_type_compare(type, a, b));
    assert_int_equal(sign(value_type_compare(type, b, a)), -order);
    if (order != 0) {
        assert_int_equal(sign(value_compare(a, b)), order);
    }
    for (int is_descending = 0; is_descending < 2; is_descending++) {
        struct error error;
        struct buffer left = {0};
        struct buffer right = {0};
        assert_ok(collation_encode(type, a, is_descending == 1, &left, &error), error);
        assert_ok(collation_encode(type, b, is_descending == 1, &right, &error), error);
        buffer_put_u8(&left, 0xFF); /* what follows must not matter while the parts differ */
        buffer_put_u8(&right, 0x00);
        int found = sign(bytes_compare(buffer_bytes(&left), buffer_bytes(&right)));
        assert_int_equal(found, order == 0 ? 1 : is_descending == 1 ? -order : order);
        buffer_reset(&left);
        buffer_reset(&right);
    }
}

static void check_transitive(const struct type *type, const struct value *a, const struct value *b,
                             const struct value *c)
{
    if (value_type_compare(type, a, b) <= 0 && value_type_compare(type, b, c) <= 0) {
        assert_true(value_type_compare(type, a, c) <= 0);
    }
}

static void test_types_and_values(void **state)
{
    (void)state;
    struct draw draw = {0};
    random_init(&draw.random, test_seed());
    for (uint64_t round = 0; round < test_rounds(20000); round++) {
        draw.udts_count = 0;
        draw.wants_key = below(&draw, 4) != 0;
        struct type type = random_type(&draw, DEPTH, false);
        struct value values[3];
        assert_true(type_may_be_key(&type) || !draw.wants_key);
        check_type_comes_back(&draw, &type);
        for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
            values[i] = random_value(&draw, &type, true);
            check_value_comes_back(&draw, &type, &values[i]);
            check_wild_bytes(&draw, &type, &values[i]);
        }
        if (draw.wants_key) {
            check_order(&type, &values[0], &values[1]);
            check_order(&type, &values[0], &values[0]);
            check_transitive(&type, &values[0], &values[1], &values[2]);
        }
        arena_reset(&draw.arena);
    }
}

/* Sets inside tuples inside sets, as deep as types go: what is deepest on the wire and in the store. */
static void test_deepest_values(void **state)
{
    (void)state;
    struct draw draw = {0};
    struct type types[TYPE_DEPTH_MAX] = {{.kind = TYPE_INT}};
    struct value values[TYPE_DEPTH_MAX] = {value_of_integer(1)};
    for (size_t i = 1; i < TYPE_DEPTH_MAX; i++) {
        bool is_set = i % 2 == 1;
        types[i] = (struct type){.kind = is_set ? TYPE_SET : TYPE_TUPLE,
                                 .is_frozen = true,
                                 .count = 1,
                                 .parameters = &types[i - 1]};
        values[i] = (struct value){.kind = is_set ? VALUE_SET : VALUE_TUPLE,
                                   .items = {.at = &values[i - 1], .count = 1}};
    }
    check_type_comes_back(&draw, &types[TYPE_DEPTH_MAX - 1]);
    check_value_comes_back(&draw, &types[TYPE_DEPTH_MAX - 1], &values[TYPE_DEPTH_MAX - 1]);
    check_order(&types[TYPE_DEPTH_MAX - 1], &values[TYPE_DEPTH_MAX - 1], &values[TYPE_DEPTH_MAX - 1]);
    arena_reset(&draw.arena);
}

/* The text of a type, with letters changed. */
static void test_wild_texts(void **state)
{
    (void)state;
    static const char marks[] = "<>,\". lista39";
    struct draw draw = {0};
    random_init(&draw.random, test_seed());
    for (uint64_t round = 0; round < test_rounds(20000); round++) {
        struct error error;
        struct buffer text = {0};
        struct buffer stored = {0};
        struct type again;
        draw.udts_count = 0;
        struct type type = random_type(&draw, DEPTH, false);
        type_format(&type, &text);
        type_encode(&type, &stored);
        for (size_t i = 1 + below(&draw, 3); i > 0; i--) {
            text.data[below(&draw, text.size)] = (uint8_t)marks[below(&draw, sizeof(marks) - 1)];
            stored.data[below(&draw, stored.size)] = (uint8_t)below(&draw, 256);
        }
        if (type_parse(buffer_bytes(&text), NULL, &draw.arena, &again, &error) == STATUS_OK) {
            assert_ok(type_validate(&again, &error), error);
        }
        struct reader reader = reader_of(buffer_bytes(&stored));
        if (type_decode(&reader, &draw.arena, &again, &error) == STATUS_OK) {
            assert_ok(type_validate(&again, &error), error);
        }
        buffer_reset(&text);
        buffer_reset(&stored);
        arena_reset(&draw.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_and_values),
        cmocka_unit_test(test_deepest_values),
        cmocka_unit_test(test_wild_texts),
    };
    return cmocka_run_group_tests_name("value/types", tests, NULL, NULL);
}
