/* deploy, functions, invoke. */
#include <stdio.h>

#include "base/file.h"
#include "command_private.h"

static enum status read_source(const char *path, struct arena *arena, struct bytes *ret_source,
                               struct error *error)
{
    struct buffer content = {0};
    enum status status = file_read_whole(path, COMMAND_SOURCE_BYTES_MAX, &content, error);
    if (status == STATUS_OK && !bytes_are_utf8(buffer_bytes(&content))) {
        status = error_set(error, STATUS_INVALID, "%s is not UTF-8 text", path);
    }
    if (status == STATUS_OK) {
        *ret_source = arena_copy(arena, buffer_bytes(&content));
    }
    buffer_reset(&content);
    return status;
}

/* main from FILE, and one more module from --module NAME=FILE. */
static enum status deploy_put_sources(struct command_request *request, const struct command_line *line,
                                      struct arena *arena, struct error *error)
{
    struct value pairs[4];
    struct value modules = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 1}};
    struct bytes source = {0};
    const char *equals = line->module == NULL ? NULL : strchr(line->module, '=');
    pairs[0] = value_of_text(bytes_of_text("main"));
    enum status status = read_source(line->words[1], arena, &source, error);
    pairs[1] = value_of_text(source);
    if (status == STATUS_OK && line->module != NULL && equals == NULL) {
        status = error_set(error, STATUS_INVALID, "a module is NAME=FILE, not %s", line->module);
    }
    if (status == STATUS_OK && equals != NULL) {
        pairs[2] = value_of_text(bytes_of(line->module, (size_t)(equals - line->module)));
        status = read_source(equals + 1, arena, &source, error);
        pairs[3] = value_of_text(source);
        modules.pairs.count = 2;
    }
    if (status == STATUS_OK && !value_map_sort(&modules)) {
        status = error_set(error, STATUS_INVALID, "the module main is the function's own file");
    }
    if (status == STATUS_OK) {
        command__put_value(request, WIRE_FIELD_SOURCE, &modules);
    }
    return status;
}

static enum status deploy_map(struct client *client, const struct command_line *line, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    uint64_t lsn = 0;
    command__put_text(&request, WIRE_FIELD_MAPPING, line->words[0]);
    command__put_text(&request, WIRE_FIELD_FUNCTION, line->words[0]);
    command__put_text(&request, WIRE_FIELD_TABLE, line->on);
    command__put_text(&request, WIRE_FIELD_FILTER, line->filter);
    enum status status = command__put_start(&request, line->from, error);
    if (status == STATUS_OK) {
        status = command__put_option(&request, WIRE_FIELD_BATCH, "--batch", line->batch, error);
    }
    if (status == STATUS_OK) {
        status = command__put_option(&request, WIRE_FIELD_RETRIES, "--retries", line->retries, error);
    }
    if (status == STATUS_OK) {
        status = command__ask(client, WIRE_MAPPING_CREATE, &request, &arena, &answer, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&answer, WIRE_FIELD_LSN, 0, &lsn, error);
        (void)printf("it runs on the changes of table %s from LSN %llu on\n", line->on,
                     (unsigned long long)lsn);
    }
    buffer_reset(&request.fields);
    arena_reset(&arena);
    return status;
}

enum status command__deploy(struct client *client, const struct command_line *line, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct arena sources = {0};
    struct value answer;
    uint64_t version = 0;
    command__put_text(&request, WIRE_FIELD_FUNCTION, line->words[0]);
    enum status status = deploy_put_sources(&request, line, &sources, error);
    if (status == STATUS_OK) {
        status = command__put_option(&request, WIRE_FIELD_TIMEOUT, "--timeout", line->timeout, error);
    }
    if (status == STATUS_OK) {
        status = command__put_option(&request, WIRE_FIELD_MEMORY, "--memory", line->memory, error);
    }
    if (status == STATUS_OK) {
        status = command__ask(client, WIRE_FUNCTION_DEPLOY, &request, &arena, &answer, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&answer, WIRE_FIELD_VERSION, 0, &version, error);
        (void)printf("function %s, version %llu\n", line->words[0], (unsigned long long)version);
    }
    if (status == STATUS_OK && line->on != NULL) {
        status = deploy_map(client, line, error);
        if (status != STATUS_OK) {
            error_prefix(error, "the version is stored, but not put on table %s", line->on);
        }
    }
    buffer_reset(&request.fields);
    arena_reset(&sources);
    arena_reset(&arena);
    return status;
}

/* Prints an item without its sources. */
static void functions_print(struct value *item)
{
    size_t kept = 0;
    for (size_t i = 0; item->kind == VALUE_MAP && i < item->pairs.count; i++) {
        struct value *pair = &item->pairs.at[2 * i];
        if (pair->kind == VALUE_TEXT && bytes_equal(pair->bytes, bytes_of_text("modules"))) {
            continue;
        }
        item->pairs.at[2 * kept] = pair[0];
        item->pairs.at[2 * kept++ + 1] = pair[1];
    }
    item->pairs.count = kept;
    command__print(item);
}

static enum status functions_list(struct client *client, enum wire_type type, enum wire_field field,
                                  struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    enum status status = command__ask(client, type, &request, &arena, &answer, error);
    const struct value *list = status == STATUS_OK ? codec_field(&answer, field) : NULL;
    for (size_t i = 0; list != NULL && list->kind == VALUE_LIST && i < list->items.count; i++) {
        functions_print(&list->items.at[i]);
    }
    arena_reset(&arena);
    return status;
}

enum status command__functions(struct client *client, const struct command_line *line, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    const char *verb = line->words_count == 0 ? "list" : line->words[0];
    bool is_delete = strcmp(verb, "delete") == 0;
    if (strcmp(verb, "list") == 0) {
        enum status status = functions_list(client, WIRE_FUNCTION_LIST, WIRE_FIELD_FUNCTIONS, error);
        return status == STATUS_OK ? functions_list(client, WIRE_MAPPING_LIST, WIRE_FIELD_MAPPINGS, error)
                                   : status;
    }
    if (line->words_count != 2 || (!is_delete && strcmp(verb, "unmap") != 0)) {
        return error_set(error, STATUS_INVALID, "usage: oxbow functions [list | delete NAME | unmap NAME]");
    }
    command__put_text(&request, is_delete ? WIRE_FIELD_FUNCTION : WIRE_FIELD_MAPPING, line->words[1]);
    enum status status = command__ask(client, is_delete ? WIRE_FUNCTION_DELETE : WIRE_MAPPING_DELETE,
                                      &request, &arena, &answer, error);
    if (status == STATUS_OK) {
        (void)printf("%s %s\n", line->words[1], is_delete ? "deleted" : "unmapped");
    }
    arena_reset(&arena);
    return status;
}

void command__print_lines(const struct value *lines)
{
    for (size_t i = 0; lines != NULL && lines->kind == VALUE_LIST && i < lines->items.count; i++) {
        struct bytes text = lines->items.at[i].bytes;
        (void)fprintf(stderr, "%.*s\n", (int)text.size, (const char *)text.data);
    }
}

enum status command__invoke(struct client *client, const struct command_line *line, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct arena event_arena = {0};
    struct value event;
    struct value answer;
    enum status status = STATUS_OK;
    command__put_text(&request, WIRE_FIELD_FUNCTION, line->words[0]);
    command__put_flag(&request, WIRE_FIELD_DRY, line->dry);
    if (line->words_count > 1) {
        status = codec_json_decode(bytes_of_text(line->words[1]), &event_arena, &event, error);
        if (status == STATUS_OK) {
            command__put_value(&request, WIRE_FIELD_EVENT, &event);
        }
    }
    if (status == STATUS_OK) {
        status = command__put_option(&request, WIRE_FIELD_VERSION, "--version", line->version, error);
    }
    if (status == STATUS_OK) {
        status = command__ask(client, WIRE_FUNCTION_INVOKE, &request, &arena, &answer, error);
    }
    if (status == STATUS_OK) {
        const struct value *lines = codec_field(&answer, WIRE_FIELD_LINES);
        const struct value *effects = codec_field(&answer, WIRE_FIELD_CHANGES);
        const struct value *result = codec_field(&answer, WIRE_FIELD_RESULT);
        struct value null = value_of_null();
        command__print_lines(lines);
        for (size_t i = 0;
             line->dry && effects != NULL && effects->kind == VALUE_LIST && i < effects->items.count; i++) {
            command__print(&effects->items.at[i]);
        }
        command__print(result == NULL ? &null : result);
    }
    buffer_reset(&request.fields);
    arena_reset(&event_arena);
    arena_reset(&arena);
    return status;
}
