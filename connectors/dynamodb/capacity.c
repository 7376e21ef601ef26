/* Consumed capacity: Developer Guide, "Capacity unit consumption for read and write operations". */
#include <math.h>

#include "dynamodb_private.h"

enum capacity_wanted {
    CAPACITY_NONE,
    CAPACITY_TOTAL,
    CAPACITY_INDEXES,
};

static enum capacity_wanted capacity_wanted(const struct value *input)
{
    struct bytes wanted = text_of(input, "ReturnConsumedCapacity");
    return text_is(wanted, "TOTAL")     ? CAPACITY_TOTAL
           : text_is(wanted, "INDEXES") ? CAPACITY_INDEXES
                                        : CAPACITY_NONE;
}

double capacity_read_units(size_t bytes, bool is_consistent)
{
    double units = ceil((double)bytes / 4096);
    units = units < 1 ? 1 : units;
    return is_consistent ? units : units / 2;
}

double capacity_write_units(size_t bytes)
{
    double units = ceil((double)bytes / 1024);
    return units < 1 ? 1 : units;
}

static bool index_holds(const struct index_schema *index, const struct value *item)
{
    for (size_t i = 0; i < index->partition_count + index->clustering_count; i++) {
        struct bytes name = index_key_column(index, i)->name;
        if (item == NULL || value_map_get(item, name) == NULL) {
            return false;
        }
    }
    return true;
}

static bool index_key_is_same(const struct index_schema *index, const struct value *old,
                              const struct value *new)
{
    for (size_t i = 0; i < index->partition_count + index->clustering_count; i++) {
        struct bytes name = index_key_column(index, i)->name;
        if (!value_equal(value_map_get(old, name), value_map_get(new, name))) {
            return false;
        }
    }
    return true;
}

/* What an index must do: write a new entry, erase an old one, or both when the key changed. */
static double index_units(const struct schema *schema, const struct index_schema *index,
                          const struct value *old, const struct value *new, struct arena *arena)
{
    bool had = index_holds(index, old);
    bool has = index_holds(index, new);
    struct value properties = properties_decode(index->properties, arena);
    struct value before = had ? index_projected(schema, index, &properties, old, arena) : (struct value){0};
    struct value after = has ? index_projected(schema, index, &properties, new, arena) : (struct value){0};
    if (had && has && index_key_is_same(index, old, new)) {
        size_t a = document_bytes(&before);
        size_t b = document_bytes(&after);
        return value_equal(&before, &after) ? 0 : capacity_write_units(a > b ? a : b);
    }
    return (had ? capacity_write_units(document_bytes(&before)) : 0) +
           (has ? capacity_write_units(document_bytes(&after)) : 0);
}

void capacity_add_write(struct capacity *capacity, const struct value *old, const struct value *new,
                        double factor, struct arena *arena)
{
    size_t before = old == NULL ? 0 : document_bytes(old);
    size_t after = new == NULL ? 0 : document_bytes(new);
    size_t indexes = capacity->schema->indexes_count;
    capacity->table_units += factor * capacity_write_units(before > after ? before : after);
    if (indexes > 0 && capacity->index_units == NULL) {
        capacity->index_units = arena_create_array(arena, indexes, sizeof(double));
    }
    for (size_t i = 0; i < indexes; i++) {
        capacity->index_units[i] +=
            index_units(capacity->schema, &capacity->schema->indexes[i], old, new, arena);
    }
}

static void units_put(struct buffer *body, const struct capacity *capacity, double units)
{
    json_real(body, "CapacityUnits", units);
    if (capacity->is_detailed) {
        json_real(body, capacity->is_write ? "WriteCapacityUnits" : "ReadCapacityUnits", units);
    }
}

static void indexes_put(struct buffer *body, const struct capacity *capacity, bool are_local)
{
    bool is_open = false;
    for (size_t i = 0; capacity->index_units != NULL && i < capacity->schema->indexes_count; i++) {
        const struct index_schema *index = &capacity->schema->indexes[i];
        struct arena arena = {0};
        struct value properties = properties_decode(index->properties, &arena);
        bool is_local = boolean_of(&properties, "IsLocal");
        arena_reset(&arena);
        if (is_local != are_local || capacity->index_units[i] <= 0) {
            continue;
        }
        if (!is_open) {
            json_name(body, are_local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
            json_open(body, '{');
            is_open = true;
        }
        json_name_bytes(body, index->name);
        json_open(body, '{');
        units_put(body, capacity, capacity->index_units[i]);
        json_close(body, '}');
    }
    if (is_open) {
        json_close(body, '}');
    }
}

static void capacity_put(struct buffer *body, const struct capacity *capacity, enum capacity_wanted wanted)
{
    double total = capacity->table_units;
    for (size_t i = 0; capacity->index_units != NULL && i < capacity->schema->indexes_count; i++) {
        total += capacity->index_units[i];
    }
    json_open(body, '{');
    json_text(body, "TableName", capacity->table);
    units_put(body, capacity, total);
    if (wanted == CAPACITY_INDEXES) {
        json_name(body, "Table");
        json_open(body, '{');
        units_put(body, capacity, capacity->table_units);
        json_close(body, '}');
        indexes_put(body, capacity, true);
        indexes_put(body, capacity, false);
    }
    json_close(body, '}');
}

bool capacity_is_wanted(const struct call *call)
{
    return capacity_wanted(call->input) != CAPACITY_NONE || throttle_applies(call);
}

void capacity_put_one(struct call *call, const struct capacity *capacity, struct buffer *body)
{
    enum capacity_wanted wanted = capacity_wanted(call->input);
    throttle_charge(call, capacity);
    if (wanted != CAPACITY_NONE) {
        json_name(body, "ConsumedCapacity");
        capacity_put(body, capacity, wanted);
    }
}

void capacity_put_all(struct call *call, const struct capacity *capacities, size_t count, struct buffer *body)
{
    enum capacity_wanted wanted = capacity_wanted(call->input);
    for (size_t i = 0; i < count; i++) {
        throttle_charge(call, &capacities[i]);
    }
    if (wanted == CAPACITY_NONE) {
        return;
    }
    json_name(body, "ConsumedCapacity");
    json_open(body, '[');
    for (size_t i = 0; i < count; i++) {
        capacity_put(body, &capacities[i], wanted);
    }
    json_close(body, ']');
}
