/* Batches that were parked: through their function again, or away. */
#include "codec/pack.h"
#include "host_private.h"

/* The change that deletes the row; STATUS_CONDITION when somebody else did meanwhile. */
struct gate_change host__parked_delete(const struct host_parked *parked, struct arena *arena)
{
    const struct value_member members[] = {
        {"lsn", value_of_integer((int64_t)parked->lsn)},
        {"mapping", value_of_text(parked->mapping)},
    };
    struct value *key = arena_create(arena, sizeof(*key));
    *key = value_of_members(arena, members, ARRAY_COUNT(members));
    return (struct gate_change){.kind = GATE_DELETE,
                                .presence = GATE_IF_PRESENT,
                                .is_system = true,
                                .table = bytes_of_text("system.parked"),
                                .item = key};
}

static enum status parked_missing(const struct host_parked *parked, struct error *error)
{
    struct bytes name = parked->mapping;
    size_t size = name.size < FUNCTION_NAME_BYTES_MAX ? name.size : FUNCTION_NAME_BYTES_MAX;
    return error_set(
        error, STATUS_NOT_FOUND,
        "the mapping %.*s has parked nothing at LSN %llu; oxbow parked list tells what is parked", (int)size,
        (const char *)name.data, (unsigned long long)parked->lsn);
}

enum status host__parked_find(struct host *host, struct host_work *work, struct bytes *ret_event,
                              struct error *error)
{
    struct bytes image = {0};
    struct value row;
    struct gate_change key = host__parked_delete(&work->parked, &work->arena);
    enum status status = gate_get(host->view, key.table, key.item, 0, NULL, NULL, &image, error);
    if (status == STATUS_NOT_FOUND) {
        return parked_missing(&work->parked, error);
    }
    if (status == STATUS_OK) {
        status = codec_value_decode(arena_copy(&work->arena, image), &work->arena, &row, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct value *event = value_map_get(&row, bytes_of_text("event"));
    if (event != NULL && event->kind == VALUE_BYTES) {
        *ret_event = event->bytes;
    } else {
        struct buffer read = {0};
        status = mapping_event_read(host->options.gate, host->options.feed, work->parked.lsn, &read, error);
        *ret_event = arena_copy(&work->arena, buffer_bytes(&read));
        buffer_reset(&read);
        if (status != STATUS_OK) {
            return status;
        }
    }
    work->hops = (uint8_t)value_map_integer(&row, "hops");
    if (work->function.name.size == 0) {
        work->function.name = value_map_text(&row, "function");
    }
    return STATUS_OK;
}

void host__unpark(struct host *host, struct host_work *work, struct host_outcome *outcome)
{
    struct error error;
    struct work_outcome committed;
    struct gate_change change = host__parked_delete(&work->parked, &work->arena);
    struct gate_transaction transaction = {.arena = &work->arena,
                                           .changes = &change,
                                           .count = 1,
                                           .actor = work->actor};
    work_submit(host->options.gate, &transaction, &committed);
    outcome->lsn = committed.lsn;
    if (committed.status == STATUS_CONDITION) {
        host__outcome_fail(outcome, work, parked_missing(&work->parked, &error), error.text);
    } else if (committed.status != STATUS_OK) {
        host__outcome_fail(outcome, work, committed.status, committed.text);
    }
}
