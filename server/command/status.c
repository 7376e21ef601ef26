/* Where the server stands, and what is unusual. */
#include <stdio.h>

#include "command_private.h"

/* One below the other: what it is, then what to do. */
void command__print_conditions(const struct value *conditions)
{
    for (size_t i = 0; conditions != NULL && conditions->kind == VALUE_LIST && i < conditions->items.count;
         i++) {
        const struct value *condition = &conditions->items.at[i];
        struct bytes name = value_map_text(condition, "name");
        struct bytes text = value_map_text(condition, "text");
        struct bytes advice = value_map_text(condition, "advice");
        const struct value *stops = value_map_get(condition, bytes_of_text("stops_writes"));
        bool stops_writes = stops != NULL && stops->kind == VALUE_BOOLEAN && stops->boolean;
        (void)printf("%s %.*s: %.*s\n  %.*s\n", stops_writes ? "!!" : "!", (int)name.size,
                     (const char *)name.data, (int)text.size, (const char *)text.data, (int)advice.size,
                     (const char *)advice.data);
    }
}

static void print_facts(const struct value *facts)
{
    for (size_t i = 0; i < facts->pairs.count; i++) {
        const struct value *name = &facts->pairs.at[2 * i];
        (void)printf("%-16.*s %lld\n", (int)name->bytes.size, (const char *)name->bytes.data,
                     (long long)name[1].integer);
    }
}

enum status command__status(struct client *client, const struct command_line *line, struct error *error)
{
    struct arena arena = {0};
    struct command_request request = {0};
    struct value answer;
    struct bytes version = {0};
    (void)line;
    enum status status = command__ask(client, WIRE_STATUS, &request, &arena, &answer, error);
    if (status == STATUS_OK) {
        status = codec_field_text(&answer, WIRE_FIELD_VERSION, &version, error);
    }
    const struct value *facts = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_FACTS) : NULL;
    const struct value *conditions = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_CONDITIONS) : NULL;
    if (facts != NULL && facts->kind == VALUE_MAP) {
        (void)printf("%-16s %.*s\n", "version", (int)version.size, (const char *)version.data);
        print_facts(facts);
    }
    if (conditions != NULL && conditions->kind == VALUE_LIST) {
        (void)printf("\n%s", conditions->items.count == 0 ? "nothing is unusual\n" : "");
        command__print_conditions(conditions);
    }
    arena_reset(&arena);
    return status;
}
