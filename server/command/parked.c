/* parked: batches that functions could not handle, shown, put through again, given up. */
#include <stdio.h>

#include "command_private.h"

enum {
    PARKED_PAGE_ROWS = 100
};

static const char parked_usage[] =
    "usage: oxbow parked [list [MAPPING] | retry MAPPING [LSN] [--dry-run] | discard MAPPING LSN]";

/* Prints a row of system.parked with its records as JSON. */
static void parked_print(const struct value *row)
{
    struct arena arena = {0};
    struct value event;
    struct value null = value_of_null();
    const struct value *kept = value_map_get(row, bytes_of_text("event"));
    const struct value *records = NULL;
    if (kept != NULL && kept->kind == VALUE_BYTES &&
        codec_message_decode(kept->bytes, &arena, &event, NULL) == STATUS_OK && event.kind == VALUE_MAP) {
        records = value_map_get(&event, bytes_of_text("records"));
    }
    const struct value_member members[] = {
        {"error", value_of_text(value_map_text(row, "error"))},
        {"function", value_of_text(value_map_text(row, "function"))},
        {"lsn", value_of_integer(value_map_integer(row, "lsn"))},
        {"mapping", value_of_text(value_map_text(row, "mapping"))},
        {"records", records == NULL ? null : *records},
    };
    struct value shown = value_of_members(&arena, members, ARRAY_COUNT(members));
    command__print(&shown);
    arena_reset(&arena);
}

/* Asks for what `type` does with one batch, and says what was done. The function's log lines go to standard error. */
static enum status parked_ask(struct client *client, const struct command_line *line, enum wire_type type,
                              uint64_t lsn, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    const char *done = type == WIRE_PARKED_DELETE ? "discarded"
                       : line->dry                ? "would go through"
                                                  : "went through";
    command__put_text(&request, WIRE_FIELD_MAPPING, line->words[1]);
    command__put_number(&request, WIRE_FIELD_PARKED, lsn);
    command__put_flag(&request, WIRE_FIELD_DRY, type == WIRE_FUNCTION_INVOKE && line->dry);
    enum status status = command__ask(client, type, &request, &arena, &answer, error);
    if (status == STATUS_OK) {
        command__print_lines(codec_field(&answer, WIRE_FIELD_LINES));
        (void)printf("%s LSN %llu %s\n", line->words[1], (unsigned long long)lsn, done);
    } else if (status != STATUS_NOT_FOUND) {
        error_prefix(error, "LSN %llu stays parked", (unsigned long long)lsn);
    }
    arena_reset(&arena);
    return status;
}

/* One page of system.parked, of one mapping or of all: shown, or put through in their order. */
static enum status parked_page(struct client *client, const struct command_line *line, bool is_retry,
                               struct buffer *position, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    command__put_text(&request, WIRE_FIELD_TABLE, "system.parked");
    command__put_number(&request, WIRE_FIELD_LIMIT, PARKED_PAGE_ROWS);
    command__put_bytes(&request, WIRE_FIELD_NEXT, buffer_bytes(position));
    if (line->words_count > 1) {
        const struct value_member member = {"mapping", value_of_text(bytes_of_text(line->words[1]))};
        struct value key = value_of_members(&arena, &member, 1);
        command__put_value(&request, WIRE_FIELD_KEY, &key);
    }
    enum status status = command__ask(client, WIRE_SCAN, &request, &arena, &answer, error);
    const struct value *items = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_ITEMS) : NULL;
    const struct value *next = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_NEXT) : NULL;
    for (size_t i = 0; status == STATUS_OK && items != NULL && i < items->items.count; i++) {
        const struct value *row = &items->items.at[i];
        if (is_retry) {
            status = parked_ask(client, line, WIRE_FUNCTION_INVOKE, (uint64_t)value_map_integer(row, "lsn"),
                                error);
        } else {
            parked_print(row);
        }
    }
    buffer_clear(position);
    if (next != NULL && next->kind == VALUE_BYTES) {
        buffer_put(position, next->bytes);
    }
    arena_reset(&arena);
    return status;
}

enum status command__parked(struct client *client, const struct command_line *line, struct error *error)
{
    const char *verb = line->words_count == 0 ? "list" : line->words[0];
    bool is_list = strcmp(verb, "list") == 0 && line->words_count < 3 && !line->dry;
    bool is_retry = strcmp(verb, "retry") == 0 && line->words_count > 1;
    bool is_discard = strcmp(verb, "discard") == 0 && line->words_count == 3 && !line->dry;
    struct buffer position = {0};
    uint64_t lsn = 0;
    if (!is_list && !is_retry && !is_discard) {
        return error_set(error, STATUS_INVALID, "%s", parked_usage);
    }
    enum status status =
        command__number("LSN", line->words_count == 3 ? line->words[2] : NULL, 0, &lsn, error);
    if (status == STATUS_OK && line->words_count == 3) {
        return parked_ask(client, line, is_discard ? WIRE_PARKED_DELETE : WIRE_FUNCTION_INVOKE, lsn, error);
    }
    do {
        status = status == STATUS_OK ? parked_page(client, line, is_retry, &position, error) : status;
    } while (status == STATUS_OK && position.size > 0);
    buffer_reset(&position);
    return status;
}
