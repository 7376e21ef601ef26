/* table create, list, describe, drop. */
#include <stdio.h>

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
        const char *colon = memchr(text, ':', size);
        if (colon == NULL) {
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

static enum status table_create(struct client *client, const struct command_line *line, struct error *error)
{
    struct buffer body = {0};
    struct arena arena = {0};
    struct value answer;
    if (line->words_count != 2 || line->partition == NULL) {
        return error_set(
            error, STATUS_INVALID,
            "usage: oxbow table create NAME --partition NAME:TYPE[,…] [--sort NAME:TYPE[:desc][,…]]");
    }
    codec_put_map(&body, 4);
    command__put_field_text(&body, WIRE_FIELD_TABLE, line->words[1]);
    command__put_field_text(&body, WIRE_FIELD_DURABILITY,
                            line->durability == NULL ? "sync" : line->durability);
    enum status status = table_put_columns(&body, WIRE_FIELD_PARTITION, line->partition, error);
    if (status == STATUS_OK) {
        status = table_put_columns(&body, WIRE_FIELD_SORT, line->sort, error);
    }
    if (status == STATUS_OK) {
        status = client_request(client, WIRE_TABLE_CREATE, &body, &arena, &answer, error);
    }
    if (status == STATUS_OK) {
        (void)printf("table %s created\n", line->words[1]);
    }
    arena_reset(&arena);
    buffer_reset(&body);
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

static void table_print(const struct value *table)
{
    struct bytes name = {0};
    struct bytes durability = {0};
    if (codec_field_text(table, WIRE_FIELD_TABLE, &name, NULL) == STATUS_OK &&
        codec_field_text(table, WIRE_FIELD_DURABILITY, &durability, NULL) == STATUS_OK) {
        (void)printf("%.*s", (int)name.size, (const char *)name.data);
        table_print_columns("  partition: ", codec_field(table, WIRE_FIELD_PARTITION));
        table_print_columns("  sort: ", codec_field(table, WIRE_FIELD_SORT));
        (void)printf("  durability: %.*s\n", (int)durability.size, (const char *)durability.data);
    }
}

static enum status table_list(struct client *client, struct error *error)
{
    struct buffer body = {0};
    struct arena arena = {0};
    struct value answer;
    codec_put_map(&body, 0);
    enum status status = client_request(client, WIRE_TABLE_LIST, &body, &arena, &answer, error);
    const struct value *tables = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_TABLES) : NULL;
    for (size_t i = 0; tables != NULL && tables->kind == VALUE_LIST && i < tables->items.count; i++) {
        table_print(&tables->items.at[i]);
    }
    arena_reset(&arena);
    buffer_reset(&body);
    return status;
}

static enum status table_request(struct client *client, enum wire_type type, const struct command_line *line,
                                 struct error *error)
{
    struct buffer body = {0};
    struct arena arena = {0};
    struct value answer;
    if (line->words_count != 2) {
        return error_set(error, STATUS_INVALID, "usage: oxbow table %s NAME", line->words[0]);
    }
    codec_put_map(&body, 1);
    command__put_field_text(&body, WIRE_FIELD_TABLE, line->words[1]);
    enum status status = client_request(client, type, &body, &arena, &answer, error);
    if (status == STATUS_OK && type == WIRE_TABLE_DESCRIBE) {
        table_print(&answer);
    } else if (status == STATUS_OK) {
        (void)printf("table %s dropped\n", line->words[1]);
    }
    arena_reset(&arena);
    buffer_reset(&body);
    return status;
}

enum status command__table(struct client *client, const struct command_line *line, struct error *error)
{
    if (strcmp(line->words[0], "create") == 0) {
        return table_create(client, line, error);
    }
    if (strcmp(line->words[0], "list") == 0) {
        return table_list(client, error);
    }
    if (strcmp(line->words[0], "describe") == 0) {
        return table_request(client, WIRE_TABLE_DESCRIBE, line, error);
    }
    if (strcmp(line->words[0], "drop") == 0) {
        return table_request(client, WIRE_TABLE_DROP, line, error);
    }
    return error_set(error, STATUS_INVALID, "table create, list, describe or drop, not %s", line->words[0]);
}
