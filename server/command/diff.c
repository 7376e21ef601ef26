/* diff: what differs between two states of a table, or between two tables; a line of JSON for each item. */
#include <stdio.h>

#include "command_private.h"

/* Both states, and where the next page begins. */
struct diff {
    const struct command_line *line;
    uint64_t since_lsn; /* as the first page told; 0: it was not asked for yet */
    uint64_t as_of_lsn;
    struct buffer position; /* empty after the last page */
    uint64_t left;          /* lines to be printed */
};

static void diff_print(const struct value *change)
{
    static const struct {
        enum wire_field field;
        const char *name;
    } names[] = {{WIRE_FIELD_OPERATION, "operation"}, {WIRE_FIELD_OLD, "old"}, {WIRE_FIELD_NEW, "new"}};
    struct buffer text = {0};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct value *found = codec_field(change, names[i].field);
        if (found != NULL) {
            buffer_put_format(&text, "%s\"%s\":", text.size == 0 ? "{" : ",", names[i].name);
            codec_json_encode(&text, found);
        }
    }
    buffer_put_text(&text, "}\n");
    (void)fwrite(text.data, 1, text.size, stdout);
    buffer_reset(&text);
}

/* All pages show the states that the first one showed. */
static enum status diff_ask(const struct diff *diff, struct command_request *request, struct error *error)
{
    const struct command_line *line = diff->line;
    command__put_text(request, WIRE_FIELD_TABLE, line->words[0]);
    command__put_text(request, WIRE_FIELD_TARGET, line->words_count > 1 ? line->words[1] : NULL);
    command__put_text(request, WIRE_FIELD_FILTER, line->filter);
    command__put_bytes(request, WIRE_FIELD_NEXT, buffer_bytes(&diff->position));
    if (diff->since_lsn > 0) {
        command__put_number(request, WIRE_FIELD_SINCE, diff->since_lsn);
        command__put_number(request, WIRE_FIELD_AS_OF, diff->as_of_lsn);
        return STATUS_OK;
    }
    enum status status = command__put_since(request, line->since, error);
    return status == STATUS_OK ? command__put_as_of(request, line->at, error) : status;
}

static enum status diff_page(struct client *client, struct diff *diff, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    enum status status = diff_ask(diff, &request, error);
    if (status == STATUS_OK) {
        status = command__ask(client, WIRE_COMPARE, &request, &arena, &answer, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&answer, WIRE_FIELD_SINCE, 0, &diff->since_lsn, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&answer, WIRE_FIELD_AS_OF, 0, &diff->as_of_lsn, error);
    }
    const struct value *changes = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_CHANGES) : NULL;
    const struct value *next = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_NEXT) : NULL;
    size_t count = changes != NULL && changes->kind == VALUE_LIST ? changes->items.count : 0;
    for (size_t i = 0; i < count && diff->left > 0; i++, diff->left--) {
        diff_print(&changes->items.at[i]);
    }
    buffer_clear(&diff->position);
    if (next != NULL && next->kind == VALUE_BYTES) {
        buffer_put(&diff->position, next->bytes);
    }
    buffer_reset(&request.fields);
    arena_reset(&arena);
    return status;
}

enum status command__diff(struct client *client, const struct command_line *line, struct error *error)
{
    struct diff diff = {.line = line};
    enum status status = command__number("--limit", line->limit, UINT64_MAX, &diff.left, error);
    if (status == STATUS_OK && line->since == NULL && line->words_count == 1) {
        status = error_set(error, STATUS_INVALID,
                           "give a moment (--since), or another table to compare with: usage: oxbow diff "
                           "TABLE [OTHER] [--since LSN|TIME|AGO] [--as-of LSN|TIME|AGO]");
    }
    do {
        status = status == STATUS_OK ? diff_page(client, &diff, error) : status;
    } while (status == STATUS_OK && diff.position.size > 0 && diff.left > 0);
    buffer_reset(&diff.position);
    return status;
}
