/* A table's streams: enabled and disabled with its schema. A stream is the records of a range of schema versions, so
 * that where it begins and ends is exact, whatever was written at the time. */
#include "base/clock.h"
#include "dynamodb_private.h"

/* The streams that are remembered, the oldest one left out when there would be too many. */
static struct value streams_copy(const struct value *streams, struct arena *arena)
{
    size_t count = streams == NULL ? 0 : streams->items.count;
    size_t skipped = count >= DYNAMODB_STREAMS_MAX ? count + 1 - DYNAMODB_STREAMS_MAX : 0;
    struct value copy = {.kind = VALUE_LIST};
    copy.items.at = arena_create_array(arena, count + 1, sizeof(struct value));
    for (size_t i = skipped; streams != NULL && i < count; i++) {
        copy.items.at[copy.items.count++] = streams->items.at[i];
    }
    return copy;
}

static struct value stream_make(struct call *call, uint32_t version, const struct value *specification)
{
    int64_t now_us = clock_wall_us(clock_system());
    const struct value_member members[] = {
        {"Created", value_of_integer(now_us)},
        {"From", value_of_integer(version)},
        {"Shards", value_of_integer((int64_t)call->door->options.stream_shards)},
        {"Label", value_of_word(stream_label_text(now_us, call->arena))},
        {"ViewType", value_of_text(text_of(specification, "StreamViewType"))},
    };
    return value_of_members(call->arena, members, ARRAY_COUNT(members));
}

enum status stream_switch(struct call *call, const struct schema *schema, uint32_t version,
                          const struct value *specification, struct value *properties)
{
    struct value streams = streams_copy(member_of(properties, "Streams"), call->arena);
    CHECK(streams.items.at != NULL);
    struct value *last = streams.items.count == 0 ? NULL : &streams.items.at[streams.items.count - 1];
    bool is_open = last != NULL && integer_of(last, "To", 0) == 0;
    bool is_enabled = boolean_of(specification, "StreamEnabled");
    struct bytes name = schema == NULL ? (struct bytes){0} : schema->name;
    if (is_enabled && is_open) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Table already has an enabled stream: TableName: %.*s",
                         (int)name.size, (const char *)name.data);
    }
    if (!is_enabled && !is_open) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Table has no stream to disable: TableName: %.*s",
                         (int)name.size, (const char *)name.data);
    }
    if (is_enabled || last == NULL) {
        streams.items.at[streams.items.count++] = stream_make(call, version, specification);
    } else {
        struct value to = value_of_integer(version);
        struct value closed = value_of_integer(clock_wall_us(clock_system()));
        map_set_member(last, "To", &to, call->arena);
        map_set_member(last, "Closed", &closed, call->arena);
    }
    map_set_member(properties, "Streams", &streams, call->arena);
    return STATUS_OK;
}
