/* ItemCollectionMetrics: which item collections of tables with local indexes a write touched. */
#include "dynamodb_private.h"

void metrics_put(struct buffer *body, const struct schema *schema, const struct value *key,
                 struct arena *arena)
{
    struct value part = {.kind = VALUE_MAP};
    for (size_t i = 0; i < schema->partition_count; i++) {
        const struct value *found = value_map_get(key, schema->partition[i].name);
        map_set_member(&part, arena_copy_text(arena, schema->partition[i].name), found, arena);
    }
    json_open(body, '{');
    json_name(body, "ItemCollectionKey");
    attributes_put(body, &part);
    json_name(body, "SizeEstimateRangeGB");
    buffer_put_text(body, "[0.0,1.0]}");
}

static bool metrics_are_same(const struct schema *schema, const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < schema->partition_count; i++) {
        struct bytes name = schema->partition[i].name;
        if (!value_equal(value_map_get(a, name), value_map_get(b, name))) {
            return false;
        }
    }
    return true;
}

bool metrics_wanted(const struct value *input, const struct schema *schema, struct arena *arena)
{
    if (!text_is(text_of(input, "ReturnItemCollectionMetrics"), "SIZE")) {
        return false;
    }
    for (size_t i = 0; i < schema->indexes_count; i++) {
        struct value properties = properties_decode(schema->indexes[i].properties, arena);
        if (boolean_of(&properties, "IsLocal")) {
            return true;
        }
    }
    return false;
}

/* Whether one before it is of the same table, or of the same item collection. */
static bool is_after(const struct touched_item *items, size_t at, bool is_collection)
{
    const struct touched_item *item = &items[at];
    for (size_t i = 0; i < at; i++) {
        if (items[i].schema == item->schema &&
            (!is_collection || metrics_are_same(item->schema, items[i].item, item->item))) {
            return true;
        }
    }
    return false;
}

void metrics_put_all(struct call *call, const struct touched_item *items, size_t count, struct buffer *body)
{
    bool is_open = false;
    for (size_t i = 0; i < count; i++) {
        const struct schema *schema = items[i].schema;
        if (is_after(items, i, false) || !metrics_wanted(call->input, schema, call->arena)) {
            continue;
        }
        if (!is_open) {
            json_name(body, "ItemCollectionMetrics");
            json_open(body, '{');
            is_open = true;
        }
        json_name_bytes(body, items[i].table);
        json_open(body, '[');
        for (size_t k = i; k < count; k++) {
            if (items[k].schema == schema && !is_after(items, k, true)) {
                json_item(body);
                metrics_put(body, schema, items[k].item, call->arena);
            }
        }
        json_close(body, ']');
    }
    if (is_open) {
        json_close(body, '}');
    }
}
