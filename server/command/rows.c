/* put, get, delete, query, scan, history, status. */
#include <stdio.h>

#include "command_private.h"

static enum status rows_write(struct client *client, enum wire_type type, const struct command_line *line,
                              struct error *error)
{
    struct arena arena = {0};
    struct arena answer_arena = {0};
    struct buffer body = {0};
    struct value item;
    struct value answer;
    bool is_put = type == WIRE_PUT;
    enum status status = command__object(is_put ? "item" : "key", line->words[1], &arena, &item, error);
    if (status == STATUS_OK) {
        codec_put_map(&body, 4);
        command__put_field_text(&body, WIRE_FIELD_TABLE, line->words[0]);
        command__put_field_value(&body, is_put ? WIRE_FIELD_ITEM : WIRE_FIELD_KEY, &item);
        codec_put_unsigned(&body, WIRE_FIELD_CONDITION);
        codec_put_unsigned(&body, line->if_absent ? 1 : line->if_present ? 2 : 0);
        codec_put_unsigned(&body, WIRE_FIELD_OLD);
        codec_put_boolean(&body, line->old);
        status = client_request(client, type, &body, &answer_arena, &answer, error);
        if (status == STATUS_TIMEOUT) {
            error_prefix(error, "the write may or may not have happened");
        }
    }
    const struct value *old = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_OLD) : NULL;
    if (old != NULL) {
        command__print(old);
    }
    buffer_reset(&body);
    arena_reset(&answer_arena);
    arena_reset(&arena);
    return status;
}

enum status command__put(struct client *client, const struct command_line *line, struct error *error)
{
    return rows_write(client, WIRE_PUT, line, error);
}

enum status command__delete(struct client *client, const struct command_line *line, struct error *error)
{
    return rows_write(client, WIRE_DELETE, line, error);
}

enum status command__get(struct client *client, const struct command_line *line, struct error *error)
{
    struct arena arena = {0};
    struct arena answer_arena = {0};
    struct buffer body = {0};
    struct value key;
    struct value answer;
    uint64_t as_of = 0;
    enum status status = command__number("--as-of", line->as_of, 0, &as_of, error);
    if (status == STATUS_OK) {
        status = command__object("key", line->words[1], &arena, &key, error);
    }
    if (status == STATUS_OK) {
        codec_put_map(&body, 3);
        command__put_field_text(&body, WIRE_FIELD_TABLE, line->words[0]);
        command__put_field_value(&body, WIRE_FIELD_KEY, &key);
        codec_put_unsigned(&body, WIRE_FIELD_AS_OF);
        codec_put_unsigned(&body, as_of);
        status = client_request(client, WIRE_GET, &body, &answer_arena, &answer, error);
    }
    const struct value *item = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_ITEM) : NULL;
    if (item != NULL) {
        command__print(item);
    }
    buffer_reset(&body);
    arena_reset(&answer_arena);
    arena_reset(&arena);
    return status;
}

/* Asks for one page and prints it. *ret_next (in `position`) is empty after the last. */
static enum status rows_page(struct client *client, const struct command_line *line,
                             const struct value *partition, uint64_t limit, struct buffer *position,
                             uint64_t *ret_rows, struct error *error)
{
    struct arena arena = {0};
    struct buffer body = {0};
    struct value answer;
    codec_put_map(&body, 3U + (partition != NULL) + (position->size > 0));
    command__put_field_text(&body, WIRE_FIELD_TABLE, line->words[0]);
    codec_put_unsigned(&body, WIRE_FIELD_LIMIT);
    codec_put_unsigned(&body, limit);
    codec_put_unsigned(&body, WIRE_FIELD_REVERSE);
    codec_put_boolean(&body, line->reverse);
    if (partition != NULL) {
        command__put_field_value(&body, WIRE_FIELD_KEY, partition);
    }
    if (position->size > 0) {
        codec_put_unsigned(&body, WIRE_FIELD_NEXT);
        codec_put_bytes(&body, buffer_bytes(position));
    }
    enum status status = client_request(client, WIRE_SCAN, &body, &arena, &answer, error);
    const struct value *items = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_ITEMS) : NULL;
    const struct value *next = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_NEXT) : NULL;
    *ret_rows = items != NULL && items->kind == VALUE_LIST ? items->items.count : 0;
    for (size_t i = 0; i < *ret_rows; i++) {
        command__print(&items->items.at[i]);
    }
    buffer_clear(position);
    if (next != NULL && next->kind == VALUE_BYTES) {
        buffer_put(position, next->bytes);
    }
    buffer_reset(&body);
    arena_reset(&arena);
    return status;
}

static enum status rows_pages(struct client *client, const struct command_line *line,
                              const struct value *partition, struct error *error)
{
    struct buffer position = {0};
    uint64_t left = 0;
    uint64_t rows = 0;
    enum status status = command__number("--limit", line->limit, UINT64_MAX, &left, error);
    do {
        if (status == STATUS_OK && left > 0) {
            status = rows_page(client, line, partition, left < 1000 ? left : 1000, &position, &rows, error);
            left -= rows;
        }
    } while (status == STATUS_OK && position.size > 0 && left > 0);
    buffer_reset(&position);
    return status;
}

enum status command__query(struct client *client, const struct command_line *line, struct error *error)
{
    struct arena arena = {0};
    struct value partition;
    enum status status = command__object("key", line->words[1], &arena, &partition, error);
    if (status == STATUS_OK) {
        status = rows_pages(client, line, &partition, error);
    }
    arena_reset(&arena);
    return status;
}

enum status command__scan(struct client *client, const struct command_line *line, struct error *error)
{
    return rows_pages(client, line, NULL, error);
}

enum status command__history(struct client *client, const struct command_line *line, struct error *error)
{
    struct arena arena = {0};
    struct arena answer_arena = {0};
    struct buffer body = {0};
    struct value key;
    struct value answer;
    uint64_t limit = 0;
    enum status status = command__number("--limit", line->limit, 0, &limit, error);
    if (status == STATUS_OK) {
        status = command__object("key", line->words[1], &arena, &key, error);
    }
    if (status == STATUS_OK) {
        codec_put_map(&body, 3);
        command__put_field_text(&body, WIRE_FIELD_TABLE, line->words[0]);
        command__put_field_value(&body, WIRE_FIELD_KEY, &key);
        codec_put_unsigned(&body, WIRE_FIELD_LIMIT);
        codec_put_unsigned(&body, limit);
        status = client_request(client, WIRE_HISTORY, &body, &answer_arena, &answer, error);
    }
    const struct value *records = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_RECORDS) : NULL;
    for (size_t i = 0; records != NULL && records->kind == VALUE_LIST && i < records->items.count; i++) {
        command__print_record(&records->items.at[i], false);
    }
    buffer_reset(&body);
    arena_reset(&answer_arena);
    arena_reset(&arena);
    return status;
}

enum status command__status(struct client *client, const struct command_line *line, struct error *error)
{
    struct arena arena = {0};
    struct buffer body = {0};
    struct value answer;
    struct bytes version = {0};
    (void)line;
    codec_put_map(&body, 0);
    enum status status = client_request(client, WIRE_STATUS, &body, &arena, &answer, error);
    if (status == STATUS_OK) {
        status = codec_field_text(&answer, WIRE_FIELD_VERSION, &version, error);
    }
    const struct value *facts = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_FACTS) : NULL;
    if (facts != NULL && facts->kind == VALUE_MAP) {
        (void)printf("%-16s %.*s\n", "version", (int)version.size, (const char *)version.data);
        for (size_t i = 0; i < facts->pairs.count; i++) {
            const struct value *name = &facts->pairs.at[2 * i];
            (void)printf("%-16.*s %lld\n", (int)name->bytes.size, (const char *)name->bytes.data,
                         (long long)name[1].integer);
        }
    }
    buffer_reset(&body);
    arena_reset(&arena);
    return status;
}
