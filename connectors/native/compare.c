/* Comparing: what differs between two states of a table, or between two tables. */
#include "base/memory.h"
#include "feed/feed.h"
#include "native_private.h"

/* The reader pool's until its reply is sent. */
struct compare {
    struct native_later later;
    struct native_request request;
    struct gate_comparison comparison;
    const struct condition *filter; /* of changes; or NULL */
    struct buffer changes;
    uint32_t count;
};

static void compare_destroy(struct native_later *later)
{
    struct compare *compare = (struct compare *)later;
    buffer_reset(&compare->changes);
    arena_reset(&compare->request.arena);
    memory_destroy(compare);
}

/* From the state before to the one after. */
static void compare_visit(void *context, struct bytes before, struct bytes after)
{
    struct compare *compare = context;
    struct buffer *changes = &compare->changes;
    enum operation operation = before.size == 0  ? OPERATION_INSERT
                               : after.size == 0 ? OPERATION_REMOVE
                                                 : OPERATION_MODIFY;
    if (compare->filter != NULL && !feed_change_matches(compare->filter, before, after)) {
        return;
    }
    compare->count++;
    codec_put_map(changes, 1U + (before.size > 0) + (after.size > 0));
    native__put_field(changes, WIRE_FIELD_OPERATION);
    codec_put_text(changes, bytes_of_text(operation_name(operation)));
    if (before.size > 0) {
        native__put_field(changes, WIRE_FIELD_OLD);
        buffer_put(changes, before);
    }
    if (after.size > 0) {
        native__put_field(changes, WIRE_FIELD_NEW);
        buffer_put(changes, after);
    }
}

static void put_compared(struct buffer *body, const struct compare *compare,
                         const struct gate_compared *compared)
{
    codec_put_map(body, 5);
    native__put_field(body, WIRE_FIELD_CHANGES);
    codec_put_array(body, compare->count);
    buffer_put(body, buffer_bytes(&compare->changes));
    native__put_field(body, WIRE_FIELD_SINCE);
    codec_put_unsigned(body, compare->comparison.before.lsn);
    native__put_field(body, WIRE_FIELD_AS_OF);
    codec_put_unsigned(body, compare->comparison.after.lsn);
    native__put_field(body, WIRE_FIELD_SCANNED);
    codec_put_unsigned(body, compared->rows);
    native__put_field(body, WIRE_FIELD_NEXT);
    codec_put_bytes(body, compared->next);
}

/* Thread: the pool's. */
static void compare_run(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside)
{
    struct compare *compare = (struct compare *)reading;
    struct native_reply *reply = compare->later.reply;
    struct gate_compared compared;
    struct error error;
    (void)aside;
    gate_view_show_plain(view, false);
    reply->status = gate_compare(view, &compare->comparison, &compare->request.arena, compare_visit, compare,
                                 &compared, &error);
    if (reply->status == STATUS_OK) {
        put_compared(&reply->body, compare, &compared);
    } else {
        native__put_error(&reply->body, reply->status, error.text);
    }
    native__later_done(&compare->later);
}

/* The two states, both at an LSN: what is asked for "now" is what was committed when it was asked. */
static enum status compare_states(struct native_door *door, const struct value *body,
                                  struct gate_comparison *comparison, struct error *error)
{
    struct gate_facts facts;
    gate_facts_read(door->options.gate, &facts);
    comparison->before.lsn = facts.committed_lsn;
    comparison->after.lsn = facts.committed_lsn;
    enum status status = codec_field_text(body, WIRE_FIELD_TABLE, &comparison->before.table, error);
    if (status == STATUS_OK) {
        status = codec_field_text(body, WIRE_FIELD_TARGET, &comparison->after.table, error);
    }
    if (status == STATUS_OK) {
        status = native__moment(door, body, WIRE_FIELD_SINCE, WIRE_FIELD_SINCE_TIME, &comparison->before.lsn,
                                error);
    }
    if (status == STATUS_OK) {
        status = native__moment(door, body, WIRE_FIELD_AS_OF, WIRE_FIELD_AS_OF_TIME, &comparison->after.lsn,
                                error);
    }
    if (status == STATUS_OK && comparison->after.table.size == 0) {
        comparison->after.table = comparison->before.table;
    }
    return status;
}

static enum status compare_take(struct native_door *door, struct compare *compare, struct error *error)
{
    const struct value *body = &compare->request.body;
    const struct value *next = codec_field(body, WIRE_FIELD_NEXT);
    struct placeholders placeholders;
    struct expression_options options;
    uint64_t limit = 0;
    enum status status = compare_states(door, body, &compare->comparison, error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(body, WIRE_FIELD_LIMIT, 0, &limit, error);
    }
    if (status == STATUS_OK && next != NULL && next->kind != VALUE_BYTES) {
        status = error_set(error, STATUS_INVALID, "the page position must be bytes");
    }
    if (status == STATUS_OK) {
        status = native__expression_options(body, &compare->request.arena, &placeholders, &options, error);
    }
    options.is_filter_of_changes = true;
    if (status == STATUS_OK) {
        status = native__condition(body, WIRE_FIELD_FILTER, &options, &compare->filter, error);
    }
    compare->comparison.next = status == STATUS_OK && next != NULL ? next->bytes : (struct bytes){0};
    compare->comparison.rows_max = limit;
    return status;
}

void native__serve_compare(struct native_door *door, struct native_request *request)
{
    struct compare *compare = memory_create(sizeof(*compare));
    struct error error;
    compare->request = *request;
    request->arena = (struct arena){0}; /* the comparison's */
    enum status status = compare_take(door, compare, &error);
    if (status != STATUS_OK) {
        native__answer_error(door, &compare->request.peer, status, error.text);
        compare_destroy(&compare->later);
        return;
    }
    compare->later.reading.run = compare_run;
    compare->later.destroy = compare_destroy;
    native__later(door, &compare->request.peer, &compare->later);
}
