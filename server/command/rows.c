/* put, get, update, delete, query, scan, history, status. */
#include <stdio.h>

#include "command_private.h"

static enum status rows_write(struct client *client, enum wire_type type, const struct command_line *line,
                              struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct arena answer_arena = {0};
    struct value item;
    struct value answer;
    bool is_put = type == WIRE_PUT;
    enum status status = command__object(is_put ? "item" : "key", line->words[1], &arena, &item, error);
    if (status == STATUS_OK) {
        command__put_text(&request, WIRE_FIELD_TABLE, line->words[0]);
        command__put_value(&request, is_put ? WIRE_FIELD_ITEM : WIRE_FIELD_KEY, &item);
        command__put_number(&request, WIRE_FIELD_CONDITION, line->if_absent ? 1 : line->if_present ? 2 : 0);
        command__put_text(&request, WIRE_FIELD_EXPRESSION, line->condition);
        command__put_text(&request, WIRE_FIELD_UPDATE, type == WIRE_UPDATE ? line->words[2] : NULL);
        command__put_text(&request, WIRE_FIELD_TOKEN, line->token);
        command__put_flag(&request, WIRE_FIELD_OLD, line->old);
        command__put_flag(&request, WIRE_FIELD_WANT_NEW, line->new);
        status = command__ask(client, type, &request, &answer_arena, &answer, error);
    }
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        const struct value *image = codec_field(&answer, i == 0 ? WIRE_FIELD_OLD : WIRE_FIELD_NEW);
        if (image != NULL) {
            command__print(image);
        }
    }
    arena_reset(&answer_arena);
    arena_reset(&arena);
    return status;
}

enum status command__put(struct client *client, const struct command_line *line, struct error *error)
{
    return rows_write(client, WIRE_PUT, line, error);
}

enum status command__update(struct client *client, const struct command_line *line, struct error *error)
{
    return rows_write(client, WIRE_UPDATE, line, error);
}

enum status command__delete(struct client *client, const struct command_line *line, struct error *error)
{
    return rows_write(client, WIRE_DELETE, line, error);
}

enum status command__get(struct client *client, const struct command_line *line, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct arena answer_arena = {0};
    struct value key;
    struct value answer;
    enum status status = command__object("key", line->words[1], &arena, &key, error);
    if (status == STATUS_OK) {
        status = command__put_as_of(&request, line->at, error);
    }
    if (status == STATUS_OK) {
        command__put_text(&request, WIRE_FIELD_TABLE, line->words[0]);
        command__put_value(&request, WIRE_FIELD_KEY, &key);
        status = command__ask(client, WIRE_GET, &request, &answer_arena, &answer, error);
    }
    const struct value *item = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_ITEM) : NULL;
    if (item != NULL) {
        command__print(item);
    }
    buffer_reset(&request.fields);
    arena_reset(&answer_arena);
    arena_reset(&arena);
    return status;
}

/* What a walk over pages asks for each time. */
struct rows_walk {
    const struct command_line *line;
    const struct value *partition; /* key attributes, or NULL */
    const char *condition;         /* on the key, or NULL */
    struct buffer position;        /* empty after the last page */
};

static enum status rows_page(struct client *client, struct rows_walk *walk, uint64_t limit,
                             uint64_t *ret_rows, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    const struct command_line *line = walk->line;
    command__put_text(&request, WIRE_FIELD_TABLE, line->words[0]);
    command__put_number(&request, WIRE_FIELD_LIMIT, limit);
    command__put_flag(&request, WIRE_FIELD_REVERSE, line->reverse);
    command__put_text(&request, WIRE_FIELD_INDEX, line->index);
    command__put_text(&request, WIRE_FIELD_FILTER, line->filter);
    command__put_text(&request, WIRE_FIELD_PROJECTION, line->project);
    command__put_text(&request, WIRE_FIELD_KEY_CONDITION, walk->condition);
    command__put_value(&request, WIRE_FIELD_KEY, walk->partition);
    command__put_bytes(&request, WIRE_FIELD_NEXT, buffer_bytes(&walk->position));
    enum status status = command__put_as_of(&request, line->at, error);
    if (status == STATUS_OK) {
        status = command__ask(client, WIRE_SCAN, &request, &arena, &answer, error);
    }
    const struct value *items = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_ITEMS) : NULL;
    const struct value *next = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_NEXT) : NULL;
    *ret_rows = items != NULL && items->kind == VALUE_LIST ? items->items.count : 0;
    for (size_t i = 0; i < *ret_rows; i++) {
        command__print(&items->items.at[i]);
    }
    buffer_clear(&walk->position);
    if (next != NULL && next->kind == VALUE_BYTES) {
        buffer_put(&walk->position, next->bytes);
    }
    buffer_reset(&request.fields);
    arena_reset(&arena);
    return status;
}

static enum status rows_pages(struct client *client, struct rows_walk *walk, struct error *error)
{
    uint64_t left = 0;
    uint64_t rows = 0;
    enum status status = command__number("--limit", walk->line->limit, UINT64_MAX, &left, error);
    do {
        if (status == STATUS_OK && left > 0) {
            status = rows_page(client, walk, left < 1000 ? left : 1000, &rows, error);
            left -= rows;
        }
    } while (status == STATUS_OK && walk->position.size > 0 && left > 0);
    buffer_reset(&walk->position);
    return status;
}

enum status command__query(struct client *client, const struct command_line *line, struct error *error)
{
    struct arena arena = {0};
    struct value partition;
    struct rows_walk walk = {.line = line};
    enum status status = STATUS_OK;
    if (line->words[1][0] == '{') {
        status = command__object("key", line->words[1], &arena, &partition, error);
        walk.partition = &partition;
    } else {
        walk.condition = line->words[1];
    }
    if (status == STATUS_OK) {
        status = rows_pages(client, &walk, error);
    }
    arena_reset(&arena);
    return status;
}

enum status command__scan(struct client *client, const struct command_line *line, struct error *error)
{
    struct rows_walk walk = {.line = line};
    return rows_pages(client, &walk, error);
}

/* Prints a page of at most so many changes, from *start on; then *start is where the next one begins, 0: there is none. */
static enum status history_page(struct client *client, const struct command_line *line,
                                const struct value *key, uint64_t limit, uint64_t *start,
                                uint64_t *ret_changes, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    command__put_text(&request, WIRE_FIELD_TABLE, line->words[0]);
    command__put_value(&request, WIRE_FIELD_KEY, key);
    command__put_number(&request, WIRE_FIELD_LIMIT, limit);
    command__put_number(&request, WIRE_FIELD_START, *start);
    enum status status = command__put_as_of(&request, line->at, error);
    if (status == STATUS_OK) {
        status = command__ask(client, WIRE_HISTORY, &request, &arena, &answer, error);
    }
    const struct value *records = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_RECORDS) : NULL;
    *ret_changes = records != NULL && records->kind == VALUE_LIST ? records->items.count : 0;
    for (size_t i = 0; i < *ret_changes; i++) {
        command__print_record(&records->items.at[i], false);
    }
    *start = 0;
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&answer, WIRE_FIELD_START, 0, start, error);
    }
    buffer_reset(&request.fields);
    arena_reset(&arena);
    return status;
}

enum status command__history(struct client *client, const struct command_line *line, struct error *error)
{
    struct arena arena = {0};
    struct value key;
    uint64_t left = 0;
    uint64_t start = 0;
    uint64_t changes = 0;
    enum status status = command__object("key", line->words[1], &arena, &key, error);
    if (status == STATUS_OK) {
        status = command__number("--limit", line->limit, UINT64_MAX, &left, error);
    }
    do {
        if (status == STATUS_OK && left > 0) {
            status = history_page(client, line, &key, left < 1000 ? left : 1000, &start, &changes, error);
            left -= changes;
        }
    } while (status == STATUS_OK && start > 0 && left > 0);
    arena_reset(&arena);
    return status;
}
