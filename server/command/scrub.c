/* Looks for damage, stage by stage. */
#include <stdio.h>

#include "command_private.h"

/* What was seen of the stage at hand. */
struct scrub_stage {
    char name[16];
    uint64_t count;
};

/* What the stages count. */
static const char *stage_unit(const char *name)
{
    static const char *const units[][2] = {{"pages", "pages"},     {"checkpoints", "files"},
                                           {"log", "files"},       {"rows", "rows"},
                                           {"entries", "entries"}, {"values", "values"}};
    size_t i = 0;
    while (i + 1 < ARRAY_COUNT(units) && strcmp(units[i][0], name) != 0) {
        i++;
    }
    return units[i][1];
}

static void stage_print(const struct scrub_stage *stage)
{
    if (stage->name[0] != '\0') {
        (void)printf("%-12s %llu %s\n", stage->name, (unsigned long long)stage->count,
                     stage_unit(stage->name));
        (void)fflush(stdout);
    }
}

/* Takes in what a step says; *damages counts. */
static enum status stage_add(struct scrub_stage *stage, const struct value *answer, uint64_t *damages,
                             struct error *error)
{
    struct bytes name = {0};
    struct bytes damage = {0};
    uint64_t count = 0;
    enum status status = codec_field_text(answer, WIRE_FIELD_STAGE, &name, error);
    if (status == STATUS_OK) {
        status = codec_field_text(answer, WIRE_FIELD_DAMAGE, &damage, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(answer, WIRE_FIELD_SCANNED, 0, &count, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!bytes_equal(bytes_of_text(stage->name), name)) {
        stage_print(stage);
        *stage = (struct scrub_stage){0};
        (void)snprintf(stage->name, sizeof(stage->name), "%.*s", (int)name.size, (const char *)name.data);
    }
    stage->count += count;
    if (damage.size > 0) {
        ++*damages;
        (void)printf("!! %.*s\n", (int)damage.size, (const char *)damage.data);
        (void)fflush(stdout);
    }
    return STATUS_OK;
}

enum status command__scrub(struct client *client, const struct command_line *line, struct error *error)
{
    struct arena arena = {0};
    struct buffer position = {0};
    struct scrub_stage stage = {0};
    uint64_t damages = 0;
    enum status status = STATUS_OK;
    (void)line;
    do {
        struct value answer;
        struct command_request request = {0};
        arena_clear(&arena);
        command__put_bytes(&request, WIRE_FIELD_NEXT, buffer_bytes(&position));
        status = command__ask(client, WIRE_SCRUB, &request, &arena, &answer, error);
        buffer_clear(&position);
        if (status == STATUS_OK) {
            const struct value *next = codec_field(&answer, WIRE_FIELD_NEXT);
            buffer_put(&position,
                       next != NULL && next->kind == VALUE_BYTES ? next->bytes : (struct bytes){0});
            status = stage_add(&stage, &answer, &damages, error);
        }
    } while (status == STATUS_OK && position.size > 0);
    stage_print(&stage);
    buffer_reset(&position);
    arena_reset(&arena);
    if (status == STATUS_OK && damages > 0) {
        return error_set(error, STATUS_CORRUPT, "found damage: %llu", (unsigned long long)damages);
    }
    if (status == STATUS_OK) {
        (void)printf("nothing is damaged\n");
    }
    return status;
}
