/* table create, alter, list, describe, truncate, drop; restore. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "command_private.h"

/* "name:type[:desc],…" as an array of [name, type, descending]. */
static enum status table_put_columns(struct buffer *body, enum wire_field field, const char *text,
                                     struct error *error)
{
    struct buffer columns = {0};
    uint32_t count = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && text != NULL && *text != '\0') {
        size_t size = strcspn(text, ",");
        const char *colon = text + strcspn(text, ":,");
        if (*colon != ':') {
            status = error_set(error, STATUS_INVALID, "a key column is NAME:TYPE, like id:text, not %.*s",
                               (int)size, text);
            break;
        }
        size_t type_size = strcspn(colon + 1, ":,");
        const char *order = colon + 1 + type_size;
        codec_put_array(&columns, 3);
        codec_put_text(&columns, bytes_of(text, (size_t)(colon - text)));
        codec_put_text(&columns, bytes_of(colon + 1, type_size));
        codec_put_boolean(&columns, strncmp(order, ":desc", 5) == 0);
        count++;
        text += size + (text[size] == ',');
    }
    codec_put_unsigned(body, (uint64_t)field);
    codec_put_array(body, count);
    buffer_put(body, buffer_bytes(&columns));
    buffer_reset(&columns);
    return status;
}

/* "NAME=partition columns[/sort columns]" as an array of one map. */
static enum status table_put_index(struct command_request *request, const char *text, struct error *error)
{
    char columns[1024] = "";
    const char *equals = text == NULL ? NULL : strchr(text, '=');
    if (text == NULL) {
        return STATUS_OK;
    }
    if (equals == NULL || strlen(equals + 1) >= sizeof(columns)) {
        return error_set(error, STATUS_INVALID,
                         "an index is NAME=PARTITION[/SORT], like by-network=network:text/magnitude:number");
    }
    memcpy(columns, equals + 1, strlen(equals + 1));
    char *sort = strchr(columns, '/');
    if (sort != NULL) {
        *sort++ = '\0';
    }
    command__put_field(request, WIRE_FIELD_INDEXES);
    struct buffer *fields = &request->fields;
    codec_put_array(fields, 1);
    codec_put_map(fields, 3);
    codec_put_unsigned(fields, WIRE_FIELD_INDEX);
    codec_put_text(fields, bytes_of(text, (size_t)(equals - text)));
    enum status status = table_put_columns(fields, WIRE_FIELD_PARTITION, columns, error);
    return status == STATUS_OK ? table_put_columns(fields, WIRE_FIELD_SORT, sort, error) : status;
}

static enum status table_change(struct client *client, enum wire_type type, const struct command_line *line,
                                struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    bool is_create = type == WIRE_TABLE_CREATE;
    if (line->words_count != 2 || (is_create && line->partition == NULL)) {
        return error_set(
            error, STATUS_INVALID,
            is_create ? "usage: oxbow table create NAME --partition NAME:TYPE[,…] [--sort "
                        "NAME:TYPE[:desc][,…]]"
                      : "usage: oxbow table alter NAME [--ttl ATTRIBUTE] [--index …] [--drop-index NAME]");
    }
    command__put_text(&request, WIRE_FIELD_TABLE, line->words[1]);
    command__put_text(&request, WIRE_FIELD_TTL, line->ttl);
    command__put_text(&request, WIRE_FIELD_DROP_INDEX, line->drop_index);
    command__put_text(&request, WIRE_FIELD_DURABILITY, line->durability);
    enum status status =
        command__put_option(&request, WIRE_FIELD_INTERVAL, "--interval", line->interval, error);
    if (status == STATUS_OK && is_create) {
        request.count += 2;
        status = table_put_columns(&request.fields, WIRE_FIELD_PARTITION, line->partition, error);
        if (status == STATUS_OK) {
            status = table_put_columns(&request.fields, WIRE_FIELD_SORT, line->sort, error);
        }
    }
    if (status == STATUS_OK) {
        status = table_put_index(&request, line->index, error);
    }
    if (status == STATUS_OK) {
        status = command__ask(client, type, &request, &arena, &answer, error);
    }
    if (status == STATUS_OK) {
        (void)printf("table %s %s\n", line->words[1], is_create ? "created" : "altered");
    }
    buffer_reset(&request.fields);
    arena_reset(&arena);
    return status;
}

static void table_print_columns(const char *title, const struct value *columns)
{
    (void)printf("%s", title);
    for (size_t i = 0; columns != NULL && columns->kind == VALUE_LIST && i < columns->items.count; i++) {
        const struct value_items *column = &columns->items.at[i].items;
        if (column->count == 3 && column->at[0].kind == VALUE_TEXT && column->at[1].kind == VALUE_TEXT) {
            (void)printf("%s%.*s %.*s%s", i == 0 ? "" : ", ", (int)column->at[0].bytes.size,
                         (const char *)column->at[0].bytes.data, (int)column->at[1].bytes.size,
                         (const char *)column->at[1].bytes.data, column->at[2].boolean ? " desc" : "");
        }
    }
}

static void table_print_index(const struct value *index)
{
    struct bytes name = {0};
    struct bytes state = {0};
    uint64_t rows = 0;
    if (codec_field_text(index, WIRE_FIELD_INDEX, &name, NULL) == STATUS_OK &&
        codec_field_text(index, WIRE_FIELD_STATE, &state, NULL) == STATUS_OK &&
        codec_field_unsigned(index, WIRE_FIELD_ROWS, 0, &rows, NULL) == STATUS_OK) {
        (void)printf("  index %.*s", (int)name.size, (const char *)name.data);
        table_print_columns("  partition: ", codec_field(index, WIRE_FIELD_PARTITION));
        table_print_columns("  sort: ", codec_field(index, WIRE_FIELD_SORT));
        (void)printf("  %.*s  entries: %llu\n", (int)state.size, (const char *)state.data,
                     (unsigned long long)rows);
    }
}

static void table_print_facts(const struct value *table)
{
    struct bytes ttl = {0};
    uint64_t rows = 0;
    uint64_t bytes = 0;
    const struct value *indexes = codec_field(table, WIRE_FIELD_INDEXES);
    if (codec_field_text(table, WIRE_FIELD_TTL, &ttl, NULL) == STATUS_OK && ttl.size > 0) {
        (void)printf("  ttl: %.*s", (int)ttl.size, (const char *)ttl.data);
    }
    if (codec_field_unsigned(table, WIRE_FIELD_ROWS, 0, &rows, NULL) == STATUS_OK &&
        codec_field_unsigned(table, WIRE_FIELD_BYTES, 0, &bytes, NULL) == STATUS_OK) {
        (void)printf("  items: %llu  bytes: %llu", (unsigned long long)rows, (unsigned long long)bytes);
    }
    (void)printf("\n");
    for (size_t i = 0; indexes != NULL && indexes->kind == VALUE_LIST && i < indexes->items.count; i++) {
        table_print_index(&indexes->items.at[i]);
    }
}

static void table_print(const struct value *table)
{
    struct bytes name = {0};
    struct bytes durability = {0};
    if (codec_field_text(table, WIRE_FIELD_TABLE, &name, NULL) == STATUS_OK &&
        codec_field_text(table, WIRE_FIELD_DURABILITY, &durability, NULL) == STATUS_OK) {
        (void)printf("%.*s", (int)name.size, (const char *)name.data);
        table_print_columns("  partition: ", codec_field(table, WIRE_FIELD_PARTITION));
        table_print_columns("  sort: ", codec_field(table, WIRE_FIELD_SORT));
        (void)printf("  durability: %.*s", (int)durability.size, (const char *)durability.data);
        table_print_facts(table);
    }
}

static enum status table_list(struct client *client, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    enum status status = command__ask(client, WIRE_TABLE_LIST, &request, &arena, &answer, error);
    const struct value *tables = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_TABLES) : NULL;
    for (size_t i = 0; tables != NULL && tables->kind == VALUE_LIST && i < tables->items.count; i++) {
        table_print(&tables->items.at[i]);
    }
    arena_reset(&arena);
    return status;
}

static enum status table_request(struct client *client, enum wire_type type, const char *done,
                                 const struct command_line *line, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    if (line->words_count != 2) {
        return error_set(error, STATUS_INVALID, "usage: oxbow table %s NAME", line->words[0]);
    }
    command__put_text(&request, WIRE_FIELD_TABLE, line->words[1]);
    enum status status = command__ask(client, type, &request, &arena, &answer, error);
    uint64_t lsn = 0;
    if (status == STATUS_OK && type == WIRE_TABLE_DESCRIBE) {
        table_print(&answer);
    } else if (status == STATUS_OK) {
        status = codec_field_unsigned(&answer, WIRE_FIELD_LSN, 0, &lsn, error);
        (void)printf("table %s %s at LSN %llu\n", line->words[1], done, (unsigned long long)lsn);
    }
    arena_reset(&arena);
    return status;
}

enum status command__table(struct client *client, const struct command_line *line, struct error *error)
{
    static const struct {
        const char *verb;
        enum wire_type type;
        const char *done;
    } requests[] = {
        {"describe", WIRE_TABLE_DESCRIBE, ""},
        {"drop", WIRE_TABLE_DROP, "dropped"},
        {"truncate", WIRE_TABLE_TRUNCATE, "truncated"},
    };
    const char *verb = line->words[0];
    if (strcmp(verb, "create") == 0 || strcmp(verb, "alter") == 0) {
        return table_change(client, *verb == 'c' ? WIRE_TABLE_CREATE : WIRE_TABLE_ALTER, line, error);
    }
    if (strcmp(verb, "list") == 0) {
        return table_list(client, error);
    }
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        if (strcmp(verb, requests[i].verb) == 0) {
            return table_request(client, requests[i].type, requests[i].done, line, error);
        }
    }
    return error_set(error, STATUS_INVALID, "table create, alter, list, describe, truncate or drop, not %s",
                     verb);
}

/* --- restore ---------------------------------------------------------------------------------------------------- */

struct restore_state {
    bool is_done;
    uint64_t rows;
    uint64_t lsn; /* that it goes back to */
};

/* The row of system.jobs. STATUS_IO: the job failed. */
static enum status restore_look(struct client *client, uint64_t job, struct restore_state *ret_state,
                                struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    struct value pairs[] = {value_of_text(bytes_of_text("id")), value_of_integer((int64_t)job)};
    struct value key = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 1}};
    command__put_text(&request, WIRE_FIELD_TABLE, "system.jobs");
    command__put_value(&request, WIRE_FIELD_KEY, &key);
    enum status status = command__ask(client, WIRE_GET, &request, &arena, &answer, error);
    const struct value *item = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_ITEM) : NULL;
    const struct value *state = item == NULL ? NULL : value_map_get(item, bytes_of_text("state"));
    const struct value *rows = item == NULL ? NULL : value_map_get(item, bytes_of_text("rows"));
    const struct value *problem = item == NULL ? NULL : value_map_get(item, bytes_of_text("error"));
    if (state != NULL && state->kind == VALUE_TEXT && rows != NULL && rows->kind == VALUE_INTEGER) {
        *ret_state = (struct restore_state){.is_done = bytes_equal(state->bytes, bytes_of_text("done")),
                                            .rows = (uint64_t)rows->integer,
                                            .lsn = (uint64_t)value_map_integer(item, "lsn")};
        if (bytes_equal(state->bytes, bytes_of_text("failed")) && problem != NULL) {
            status = error_set(error, STATUS_IO, "the restore failed: %.*s", (int)problem->bytes.size,
                               (const char *)problem->bytes.data);
        }
    }
    arena_reset(&arena);
    return status;
}

static enum status restore_wait(struct client *client, uint64_t job, const char *target, struct error *error)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    struct restore_state state = {0};
    bool shows = isatty(STDERR_FILENO) == 1;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !state.is_done) {
        status = restore_look(client, job, &state, error);
        if (shows) {
            (void)fprintf(stderr, "\r%llu items", (unsigned long long)state.rows);
        }
        if (status == STATUS_OK && !state.is_done) {
            (void)nanosleep(&pause, NULL);
        }
    }
    if (shows) {
        (void)fprintf(stderr, "\n");
    }
    if (status == STATUS_OK) {
        (void)printf("table %s restored: %llu items, as of LSN %llu\n", target,
                     (unsigned long long)state.rows, (unsigned long long)state.lsn);
    }
    return status;
}

enum status command__restore(struct client *client, const struct command_line *line, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    uint64_t job = 0;
    if (line->at == NULL) {
        return error_set(error, STATUS_INVALID, "usage: oxbow restore TABLE TARGET --as-of LSN|TIME|AGO");
    }
    command__put_text(&request, WIRE_FIELD_TABLE, line->words[0]);
    command__put_text(&request, WIRE_FIELD_TARGET, line->words[1]);
    enum status status = command__put_as_of(&request, line->at, error);
    if (status == STATUS_OK) {
        status = command__ask(client, WIRE_RESTORE, &request, &arena, &answer, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&answer, WIRE_FIELD_JOB, 0, &job, error);
    }
    buffer_reset(&request.fields);
    arena_reset(&arena);
    return status == STATUS_OK ? restore_wait(client, job, line->words[1], error) : status;
}
