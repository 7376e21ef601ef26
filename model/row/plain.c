#include "row/plain.h"

#include <stdlib.h>

#include "value/decimal.h"
#include "value/order.h"
#include "value/scalar_text.h"

/* NOLINTBEGIN(misc-no-recursion): as deep as types are, which type_validate bounded */

/* --- reading ---------------------------------------------------------------------------------------------------- */

static struct value plain_text(const struct value *value, struct arena *arena)
{
    struct buffer text = {0};
    scalar_format(value, &text);
    struct value plain = value_of_text(arena_copy(arena, buffer_bytes(&text)));
    buffer_reset(&text);
    return plain;
}

/* A number that DynamoDB's form cannot hold stays in its own. */
static struct value plain_number(const struct value *value, struct arena *arena)
{
    struct value plain = {.kind = VALUE_DECIMAL};
    struct value text;
    switch ((int)value->kind) {
    case VALUE_INTEGER:
        plain.decimal = decimal_of_integer(value->integer, arena);
        break;
    case VALUE_DECIMAL:
        plain.decimal = value->decimal;
        break;
    default:
        text = plain_text(value, arena);
        if (decimal_parse(text.bytes, arena, &plain.decimal, NULL) != STATUS_OK) {
            return text; /* NaN, Infinity */
        }
        break;
    }
    struct decimal normal;
    if (decimal_normalise(&plain.decimal, arena, &normal, NULL) == STATUS_OK) {
        plain.decimal = normal;
    }
    return plain;
}

static int plain_compare(const void *a, const void *b)
{
    return value_compare(a, b);
}

/* Elements of a set: a set again when they are all texts, numbers or bytes; equal ones are one. */
static struct value plain_set(struct value list)
{
    enum value_kind kind = list.items.count > 0 ? list.items.at[0].kind : VALUE_NULL;
    bool is_set = kind == VALUE_TEXT || kind == VALUE_DECIMAL || kind == VALUE_BYTES;
    for (size_t i = 0; i < list.items.count; i++) {
        is_set = is_set && list.items.at[i].kind == kind;
    }
    if (!is_set) {
        return list;
    }
    size_t kept = 0;
    qsort(list.items.at, list.items.count, sizeof(*list.items.at), plain_compare);
    for (size_t i = 0; i < list.items.count; i++) {
        if (kept == 0 || !value_equal(&list.items.at[kept - 1], &list.items.at[i])) {
            list.items.at[kept++] = list.items.at[i];
        }
    }
    list.kind = VALUE_SET;
    list.items.count = kept;
    return list;
}

static struct value plain_items(const struct type *type, const struct value *value, struct arena *arena)
{
    struct value list = {.kind = VALUE_LIST, .items = {.count = value->items.count}};
    bool is_tuple = type->kind == TYPE_TUPLE;
    list.items.at = arena_create_array(arena, value->items.count, sizeof(struct value));
    for (size_t i = 0; i < value->items.count; i++) {
        list.items.at[i] = plain_of(&type->parameters[is_tuple ? i : 0], &value->items.at[i], arena);
    }
    return type->kind == TYPE_SET ? plain_set(list) : list;
}

static struct value plain_fields(const struct type *type, const struct value *value, struct arena *arena)
{
    struct value map = {.kind = VALUE_MAP};
    map.pairs.at = arena_create_array(arena, 2 * value->items.count, sizeof(struct value));
    for (size_t i = 0; i < value->items.count; i++) {
        if (value->items.at[i].kind != VALUE_NULL) {
            struct value *pair = &map.pairs.at[2 * map.pairs.count++];
            pair[0] = value_of_text(type->udt->fields[i]);
            pair[1] = plain_of(&type->parameters[i], &value->items.at[i], arena);
        }
    }
    CHECK(value_map_sort(&map));
    return map;
}

static struct value plain_pair(struct value key, struct value value, struct arena *arena)
{
    struct value pair = {.kind = VALUE_LIST, .items = {.count = 2}};
    pair.items.at = arena_create_array(arena, 2, sizeof(struct value));
    pair.items.at[0] = key;
    pair.items.at[1] = value;
    return pair;
}

static struct value plain_map(const struct type *type, const struct value *value, struct arena *arena)
{
    bool is_list = type_has_parameters(type->parameters[0].kind);
    size_t count = value->pairs.count;
    struct value plain = {.kind = is_list ? VALUE_LIST : VALUE_MAP};
    struct value *at = arena_create_array(arena, 2 * count, sizeof(*at));
    for (size_t i = 0; i < count; i++) {
        const struct value *key = &value->pairs.at[2 * i];
        struct value element = plain_of(&type->parameters[1], key + 1, arena);
        if (is_list) {
            at[i] = plain_pair(plain_of(&type->parameters[0], key, arena), element, arena);
        } else {
            at[2 * i] = key->kind == VALUE_TEXT ? *key : plain_text(key, arena);
            at[2 * i + 1] = element;
        }
    }
    if (is_list) {
        plain.items = (struct value_items){.at = at, .count = count};
    } else {
        plain.pairs = (struct value_pairs){.at = at, .count = count};
        CHECK(value_map_sort(&plain)); /* keys have texts of their own */
    }
    return plain;
}

struct value plain_of(const struct type *type, const struct value *value, struct arena *arena)
{
    switch (value->kind) {
    case VALUE_NULL:
    case VALUE_EMPTY:
        return value_of_null();
    case VALUE_BOOLEAN:
    case VALUE_TEXT:
    case VALUE_BYTES:
        return *value;
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        return plain_number(value, arena);
    case VALUE_UUID:
    case VALUE_TIMEUUID:
    case VALUE_TIMESTAMP:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DURATION:
    case VALUE_INET:
        return plain_text(value, arena);
    case VALUE_UDT:
        return plain_fields(type, value, arena);
    case VALUE_MAP:
        return plain_map(type, value, arena);
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_TUPLE:
    case VALUE_VECTOR:
        break;
    }
    return plain_items(type, value, arena);
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static struct value scalar_to(const struct type *type, const struct value *value, struct arena *arena)
{
    struct value read;
    bool is_text = type->kind == TYPE_ASCII || type->kind == TYPE_TEXT || type->kind == TYPE_BLOB ||
                   type->kind == TYPE_BOOLEAN || (type->kind >= TYPE_TINYINT && type->kind <= TYPE_NUMBER);
    if (value->kind != VALUE_TEXT || is_text || value->bytes.size == 0) {
        return type_coerce(type, value, arena);
    }
    bool is_read = scalar_parse(type, value->bytes, 0, arena, &read, NULL) == STATUS_OK;
    bool is_real = type->kind == TYPE_FLOAT || type->kind == TYPE_DOUBLE;
    if (is_read && is_real) { /* only what numbers cannot say is a text */
        struct decimal number;
        is_read = decimal_parse(value->bytes, arena, &number, NULL) != STATUS_OK;
    }
    return is_read ? read : *value;
}

static struct value items_to(const struct type *type, const struct value *value, struct arena *arena)
{
    static const enum value_kind kinds[] = {[TYPE_LIST] = VALUE_LIST,
                                            [TYPE_SET] = VALUE_SET,
                                            [TYPE_TUPLE] = VALUE_TUPLE,
                                            [TYPE_VECTOR] = VALUE_VECTOR};
    bool is_tuple = type->kind == TYPE_TUPLE;
    bool is_set = type->kind == TYPE_SET;
    bool is_known = value->kind == VALUE_LIST || value->kind == kinds[type->kind];
    size_t count = is_known ? value->items.count : 0;
    if (!is_known || (is_tuple && count > type->count)) {
        return *value;
    }
    struct value made = {.kind = kinds[type->kind], .items = {.count = count}};
    made.items.at = arena_create_array(arena, count, sizeof(struct value));
    for (size_t i = 0; i < count; i++) {
        made.items.at[i] = plain_to(&type->parameters[is_tuple ? i : 0], &value->items.at[i], arena);
    }
    if (is_set) {
        value_sort(&made, arena);
    }
    return made;
}

static struct value map_to(const struct type *type, const struct value *value, struct arena *arena)
{
    bool is_pairs = value->kind == VALUE_LIST;
    size_t count = is_pairs ? value->items.count : value->pairs.count;
    struct value map = {.kind = VALUE_MAP, .pairs = {.count = count}};
    const struct type *of_key = &type->parameters[0];
    if (value->kind != VALUE_MAP && !is_pairs) {
        return *value;
    }
    map.pairs.at = arena_create_array(arena, 2 * count, sizeof(struct value));
    for (size_t i = 0; i < count; i++) {
        const struct value *pair = is_pairs ? value->items.at[i].items.at : &value->pairs.at[2 * i];
        if (is_pairs && (value->items.at[i].kind != VALUE_LIST || value->items.at[i].items.count != 2)) {
            return *value;
        }
        bool is_text = pair->kind == VALUE_TEXT && of_key->kind != TYPE_TEXT && of_key->kind != TYPE_ASCII &&
                       !type_has_parameters(of_key->kind);
        struct value *key = &map.pairs.at[2 * i];
        if (!is_text || scalar_parse(of_key, pair->bytes, 0, arena, key, NULL) != STATUS_OK) {
            *key = plain_to(of_key, pair, arena);
        }
        key[1] = plain_to(&type->parameters[1], pair + 1, arena);
    }
    value_sort(&map, arena);
    return map;
}

static struct value fields_to(const struct type *type, const struct value *value, struct arena *arena)
{
    struct value udt = {.kind = VALUE_UDT, .items = {.count = type->count}};
    size_t found = 0;
    if (value->kind != VALUE_MAP) {
        return *value;
    }
    udt.items.at = arena_create_array(arena, type->count, sizeof(struct value));
    for (size_t i = 0; i < type->count; i++) {
        const struct value *field = value_map_get(value, type->udt->fields[i]);
        udt.items.at[i] = field == NULL ? value_of_null() : plain_to(&type->parameters[i], field, arena);
        found += field != NULL;
    }
    return found == value->pairs.count ? udt : *value; /* a field that there is not */
}

struct value plain_to(const struct type *type, const struct value *value, struct arena *arena)
{
    switch ((int)type->kind) {
    case TYPE_LIST:
    case TYPE_SET:
    case TYPE_TUPLE:
    case TYPE_VECTOR:
        return items_to(type, value, arena);
    case TYPE_MAP:
        return map_to(type, value, arena);
    case TYPE_UDT:
        return value->kind == VALUE_UDT ? *value : fields_to(type, value, arena);
    default:
        return scalar_to(type, value, arena);
    }
}
/* NOLINTEND(misc-no-recursion) */

/* --- items ------------------------------------------------------------------------------------------------------ */

struct value plain_item(const struct schema *schema, const struct value *item, struct arena *arena)
{
    struct value plain = {.kind = VALUE_MAP, .pairs = {.count = item->pairs.count}};
    plain.pairs.at = arena_create_array(arena, 2 * item->pairs.count, sizeof(struct value));
    for (size_t i = 0; i < item->pairs.count; i++) {
        const struct value *name = &item->pairs.at[2 * i];
        const struct type *type = schema_type(schema, name->bytes);
        plain.pairs.at[2 * i] = *name;
        plain.pairs.at[2 * i + 1] = type == NULL ? name[1] : plain_of(type, name + 1, arena);
    }
    return plain;
}

void plain_restore(const struct schema *schema, const struct value *before, struct value *after,
                   struct arena *arena)
{
    for (size_t i = 0; i < after->pairs.count; i++) {
        struct value *name = &after->pairs.at[2 * i];
        const struct value *old = value_map_get(before, name->bytes);
        const struct type *type = schema_type(schema, name->bytes);
        if (old == NULL || type == NULL) {
            continue;
        }
        struct value shown = plain_of(type, old, arena);
        if (value_equal(&shown, &name[1])) {
            name[1] = *old;
        }
    }
}
