/* credentials create, list, remove. */
#include <stdio.h>

#include "base/clock.h"
#include "command_private.h"

static int print_text(FILE *file, const char *before, struct bytes text)
{
    return fprintf(file, "%s%.*s", before, (int)text.size, (const char *)text.data);
}

/* As ~/.aws/credentials has it, so that it can be appended there. */
static enum status credentials_create(struct client *client, const char *name, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    struct bytes id = {0};
    struct bytes secret = {0};
    struct bytes principal = {0};
    command__put_text(&request, WIRE_FIELD_PRINCIPAL, name);
    enum status status = command__ask(client, WIRE_CREDENTIAL_CREATE, &request, &arena, &answer, error);
    if (status == STATUS_OK) {
        status = codec_field_text(&answer, WIRE_FIELD_ACCESS_KEY, &id, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_text(&answer, WIRE_FIELD_SECRET, &secret, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_text(&answer, WIRE_FIELD_PRINCIPAL, &principal, error);
    }
    if (status == STATUS_OK) {
        (void)print_text(stdout, "[", principal);
        (void)print_text(stdout, "]\naws_access_key_id = ", id);
        (void)print_text(stdout, "\naws_secret_access_key = ", secret);
        (void)printf("\n");
        (void)fprintf(stderr, "The secret is shown this once; nobody can show it again.\n");
    }
    arena_reset(&arena);
    return status;
}

static void credentials_print(const struct value *entry)
{
    static const struct {
        const char *name;
        enum wire_field field;
    } fields[] = {{"access_key_id", WIRE_FIELD_ACCESS_KEY},
                  {"created", WIRE_FIELD_TIME},
                  {"principal", WIRE_FIELD_PRINCIPAL},
                  {"state", WIRE_FIELD_STATE}};
    struct value_member members[ARRAY_COUNT(fields)];
    struct arena arena = {0};
    char created[CLOCK_TEXT_BYTES];
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        const struct value *found = codec_field(entry, fields[i].field);
        members[i] = (struct value_member){fields[i].name, found == NULL ? value_of_null() : *found};
        if (fields[i].field == WIRE_FIELD_TIME && found != NULL && found->kind == VALUE_INTEGER) {
            clock_format(found->integer, created);
            members[i].value = value_of_text(bytes_of_text(created));
        }
    }
    struct value line = value_of_members(&arena, members, ARRAY_COUNT(fields));
    command__print(&line);
    arena_reset(&arena);
}

static enum status credentials_list(struct client *client, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    enum status status = command__ask(client, WIRE_CREDENTIAL_LIST, &request, &arena, &answer, error);
    const struct value *list = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_CREDENTIALS) : NULL;
    for (size_t i = 0; list != NULL && list->kind == VALUE_LIST && i < list->items.count; i++) {
        credentials_print(&list->items.at[i]);
    }
    arena_reset(&arena);
    return status;
}

/* Says so when there is no access key left: whoever made one wants the doors closed. */
static void credentials_tell_none(struct client *client)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    enum status status = command__ask(client, WIRE_CREDENTIAL_LIST, &request, &arena, &answer, NULL);
    const struct value *list = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_CREDENTIALS) : NULL;
    if (list != NULL && list->kind == VALUE_LIST && list->items.count == 0) {
        (void)fprintf(stderr, "That was the last access key: DynamoDB's door on loopback takes requests "
                              "without one again.\n");
    }
    arena_reset(&arena);
}

static enum status credentials_remove(struct client *client, const char *id, struct error *error)
{
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    command__put_text(&request, WIRE_FIELD_ACCESS_KEY, id);
    enum status status = command__ask(client, WIRE_CREDENTIAL_REMOVE, &request, &arena, &answer, error);
    if (status == STATUS_OK) {
        (void)printf("%s removed\n", id);
        credentials_tell_none(client);
    }
    arena_reset(&arena);
    return status;
}

enum status command__credentials(struct client *client, const struct command_line *line, struct error *error)
{
    const char *verb = line->words[0];
    const char *word = line->words_count > 1 ? line->words[1] : NULL;
    if (strcmp(verb, "create") == 0) {
        return credentials_create(client, word, error);
    }
    if (strcmp(verb, "list") == 0 && word == NULL) {
        return credentials_list(client, error);
    }
    if (strcmp(verb, "remove") == 0 && word != NULL) {
        return credentials_remove(client, word, error);
    }
    return error_set(error, STATUS_INVALID,
                     "usage: oxbow credentials create [NAME] | list | remove ACCESS_KEY_ID");
}
