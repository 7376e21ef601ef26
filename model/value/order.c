#include "value/order.h"

#include <stdlib.h>

#include "base/check.h"
#include "value/decimal.h"
#include "value_private.h"

int value__order_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

int value__order_doubles(double a, double b)
{
    int64_t left = 0;
    int64_t right = 0;
    if (a < b || a > b) {
        return a < b ? -1 : 1;
    }
    memcpy(&left, &a, sizeof(left));
    memcpy(&right, &b, sizeof(right));
    return a != a || b != b ? (a != a) - (b != b) : value__order_numbers(left, right);
}

uint64_t value__uuid_time(const uint8_t *uuid)
{
    uint64_t high = bytes_get_u16(uuid + 6) & 0x0FFFU;
    return (high << 48) | ((uint64_t)bytes_get_u16(uuid + 4) << 32) | bytes_get_u32(uuid);
}

static int order_times(const uint8_t *a, const uint8_t *b)
{
    return value__order_numbers((int64_t)value__uuid_time(a), (int64_t)value__uuid_time(b)); /* 60 bits */
}

static int order_uuids(const uint8_t *a, const uint8_t *b)
{
    int order = (a[6] >> 4) - (b[6] >> 4);
    if (order == 0 && a[6] >> 4 == 1) {
        order = order_times(a, b);
    }
    return order != 0 ? order : memcmp(a, b, 16);
}

static int order_timeuuids(const uint8_t *a, const uint8_t *b)
{
    int order = order_times(a, b);
    for (size_t i = 8; i < 16 && order == 0; i++) {
        order = (int8_t)a[i] - (int8_t)b[i];
    }
    return order;
}

static int order_durations(const struct duration *a, const struct duration *b)
{
    int order = value__order_numbers(a->months, b->months);
    order = order != 0 ? order : value__order_numbers(a->days, b->days);
    return order != 0 ? order : value__order_numbers(a->nanoseconds, b->nanoseconds);
}

/* NOLINTBEGIN(misc-no-recursion): at most VALUE_DEPTH_MAX deep; decoders refuse deeper trees */
static int order_sequences(const struct value *a, size_t a_count, const struct value *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int order = value_order(&a[i], &b[i]);
        if (order != 0) {
            return order;
        }
    }
    return a_count < b_count ? -1 : a_count > b_count;
}

static int order_fields(const struct value_items *a, const struct value_items *b)
{
    static const struct value missing = {.kind = VALUE_NULL};
    int order = 0;
    for (size_t i = 0; (i < a->count || i < b->count) && order == 0; i++) {
        order = value_order(i < a->count ? &a->at[i] : &missing, i < b->count ? &b->at[i] : &missing);
    }
    return order;
}

int value_order(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    switch (a->kind) {
    case VALUE_NULL:
    case VALUE_EMPTY:
        return 0;
    case VALUE_BOOLEAN:
        return (int)a->boolean - (int)b->boolean;
    case VALUE_INTEGER:
    case VALUE_TIMESTAMP:
    case VALUE_DATE:
    case VALUE_TIME:
        return value__order_numbers(a->integer, b->integer);
    case VALUE_DECIMAL:
        return decimal_compare(&a->decimal, &b->decimal);
    case VALUE_FLOAT:
        return value__order_doubles((double)a->float32, (double)b->float32);
    case VALUE_DOUBLE:
        return value__order_doubles(a->float64, b->float64);
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_INET:
        return bytes_compare(a->bytes, b->bytes);
    case VALUE_UUID:
        return order_uuids(a->bytes.data, b->bytes.data);
    case VALUE_TIMEUUID:
        return order_timeuuids(a->bytes.data, b->bytes.data);
    case VALUE_DURATION:
        return order_durations(&a->duration, &b->duration);
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_VECTOR:
        return order_sequences(a->items.at, a->items.count, b->items.at, b->items.count);
    case VALUE_TUPLE:
    case VALUE_UDT:
        return order_fields(&a->items, &b->items);
    case VALUE_MAP:
        return order_sequences(a->pairs.at, 2 * a->pairs.count, b->pairs.at, 2 * b->pairs.count);
    }
    CHECK(false);
    return 0;
}

/* NOLINTEND(misc-no-recursion) */

int value_type_compare(const struct type *type, const struct value *a, const struct value *b)
{
    CHECK(type->kind != TYPE_ANY);
    return value_order(a, b);
}

/* NOLINTNEXTLINE(misc-no-recursion): types have bounds */
bool value_type_is_ambiguous(const struct type *type)
{
    bool is_ambiguous = type->kind == TYPE_DECIMAL || type->kind == TYPE_FLOAT || type->kind == TYPE_DOUBLE ||
                        type->kind == TYPE_TUPLE || type->kind == TYPE_UDT;
    for (size_t i = 0; i < type->count && !is_ambiguous; i++) {
        is_ambiguous = value_type_is_ambiguous(&type->parameters[i]);
    }
    return is_ambiguous;
}

/* Where a member lies, which does not change while the places are sorted. */
struct order_place {
    const struct value *at;
};

static int order_places(const void *a, const void *b)
{
    const struct value *left = ((const struct order_place *)a)->at;
    const struct value *right = ((const struct order_place *)b)->at;
    int order = value_order(left, right);
    return order != 0 ? order : left < right ? -1 : left > right;
}

/* Copies the members in the order of their places and returns how many are left. */
static size_t order_take(const struct order_place *places, size_t count, size_t width, struct value *sorted)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_again = kept > 0 && value_order(&sorted[(kept - 1) * width], places[i].at) == 0;
        if (!is_again) {
            sorted[kept++ * width] = places[i].at[0];
        }
        if (width == 2) {
            sorted[(kept - 1) * width + 1] = places[i].at[1];
        }
    }
    return kept;
}

void value_sort(struct value *value, struct arena *arena)
{
    bool is_map = value->kind == VALUE_MAP;
    CHECK(is_map || value->kind == VALUE_SET);
    size_t count = is_map ? value->pairs.count : value->items.count;
    size_t width = is_map ? 2 : 1;
    struct value *at = is_map ? value->pairs.at : value->items.at;
    bool is_sorted = true;
    for (size_t i = 1; i < count && is_sorted; i++) {
        is_sorted = value_order(&at[(i - 1) * width], &at[i * width]) < 0;
    }
    if (is_sorted) {
        return;
    }
    struct order_place *places = arena_create_array(arena, count, sizeof(*places));
    struct value *sorted = arena_create_array(arena, count * width, sizeof(*sorted));
    for (size_t i = 0; i < count; i++) {
        places[i].at = &at[i * width];
    }
    qsort(places, count, sizeof(*places), order_places);
    size_t kept = order_take(places, count, width, sorted);
    if (is_map) {
        value->pairs = (struct value_pairs){.at = sorted, .count = kept};
    } else {
        value->items = (struct value_items){.at = sorted, .count = kept};
    }
}
