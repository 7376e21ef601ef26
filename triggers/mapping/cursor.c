/* Where a mapping stands, durably. Batches that wrote and read nothing move it behind their backs: one write is under way at
 * a time, and what they advanced meanwhile goes with the next. A crash invokes the last of them again, which changes
 * nothing that is stored. */
#include "mapping_private.h"

struct gate_change mapping__cursor_change(const struct mapping *mapping, uint64_t next_lsn,
                                          struct arena *arena)
{
    struct path_element *element = arena_create(arena, sizeof(*element));
    struct value *expected = arena_create(arena, sizeof(*expected));
    struct operand *operands = arena_create_array(arena, 2, sizeof(*operands));
    struct condition *condition = arena_create(arena, sizeof(*condition));
    *element = (struct path_element){.name = bytes_of_text("next_lsn")};
    *expected = value_of_integer((int64_t)mapping->cursor.committed_lsn);
    operands[0] = (struct operand){.kind = OPERAND_PATH, .path = {.elements = element, .count = 1}};
    operands[1] = (struct operand){.kind = OPERAND_VALUE, .value = expected};
    *condition = (struct condition){.test = EXPRESSION_EQUAL, .operands = operands, .operands_count = 2};
    const struct value_member members[] = {
        {"name", value_of_text(mapping->settings.name)},
        {"next_lsn", value_of_integer((int64_t)next_lsn)},
    };
    struct value *item = arena_create(arena, sizeof(*item));
    *item = value_of_members(arena, members, ARRAY_COUNT(members));
    return (struct gate_change){
        .kind = GATE_PUT,
        .is_system = true,
        .table = bytes_of_text("system.cursors"),
        .item = item,
        .condition = condition,
    };
}

void mapping__cursor_set(struct mapping *mapping, uint64_t next_lsn)
{
    CHECK(!mapping->cursor.is_moving);
    mapping->cursor.committed_lsn = next_lsn;
    mapping->cursor.wanted_lsn = next_lsn;
}

/* Submits what is wanted. */
static void cursor_submit(struct mapping *mapping)
{
    struct mapping_cursor *cursor = &mapping->cursor;
    struct arena arena = {0};
    struct gate_change *change = arena_create(&arena, sizeof(*change));
    *change = mapping__cursor_change(mapping, cursor->wanted_lsn, &arena);
    struct gate_transaction transaction = {.arena = &arena,
                                           .changes = change,
                                           .count = 1,
                                           .actor = bytes_of_text("system")};
    cursor->moving_lsn = cursor->wanted_lsn;
    cursor->is_moving = true;
    work_start(mapping->options.gate, &transaction, &cursor->pending);
    arena_reset(&arena);
}

enum status mapping__cursor_settle(struct mapping *mapping, struct error *error)
{
    struct mapping_cursor *cursor = &mapping->cursor;
    struct work_outcome outcome;
    if (!cursor->is_moving) {
        return STATUS_OK;
    }
    work_finish(&cursor->pending, &outcome);
    cursor->is_moving = false;
    if (outcome.status == STATUS_OK) {
        cursor->committed_lsn = cursor->moving_lsn;
        return STATUS_OK;
    }
    cursor->wanted_lsn = cursor->committed_lsn;
    return outcome.status == STATUS_CONDITION
               ? error_set(error, STATUS_CONFLICT, "somebody else moved its cursor")
               : error_set(error, STATUS_BUSY, "%s", outcome.text);
}

enum status mapping__cursor_advance(struct mapping *mapping, uint64_t next_lsn, struct error *error)
{
    struct mapping_cursor *cursor = &mapping->cursor;
    enum status status = STATUS_OK;
    if (cursor->is_moving && work_is_done(&cursor->pending)) {
        status = mapping__cursor_settle(mapping, error);
    }
    if (status == STATUS_OK) {
        cursor->wanted_lsn = next_lsn;
    }
    if (status == STATUS_OK && !cursor->is_moving) {
        cursor_submit(mapping);
    }
    return status;
}

enum status mapping__cursor_flush(struct mapping *mapping, struct error *error)
{
    enum status status = mapping__cursor_settle(mapping, error);
    if (status == STATUS_OK && mapping->cursor.wanted_lsn != mapping->cursor.committed_lsn) {
        cursor_submit(mapping);
        status = mapping__cursor_settle(mapping, error);
    }
    return status;
}
