/* The grammars of conditions, updates and projections: the first byte chooses which, and the dialect. What parses is run
 * on an item. */
#include "base/check.h"
#include "expression/expression.h"
#include "support/fuzz.h"

static void run_update(const struct update *update, struct arena *arena)
{
    const struct value_member members[] = {{"a", value_of_integer(1)},
                                           {"b", value_of_text(bytes_of_text("text"))}};
    struct value item = value_of_members(arena, members, ARRAY_COUNT(members));
    if (update_apply(update, arena, &item, NULL) == STATUS_OK) {
        (void)update_touched(update, &item, arena);
    }
}

static void run_condition(const struct condition *condition, struct arena *arena)
{
    const struct value_member members[] = {{"a", value_of_integer(1)},
                                           {"b", value_of_text(bytes_of_text("text"))}};
    struct value item = value_of_members(arena, members, ARRAY_COUNT(members));
    struct condition_facts facts = {.item = &item, .old = &item};
    struct key_term terms[KEY_TERMS_MAX];
    size_t count = 0;
    (void)condition_holds(condition, &facts);
    (void)condition_key_terms(condition, terms, &count, NULL);
}

void fuzz_one(struct bytes input)
{
    struct arena arena = {0};
    const struct value_member names[] = {{"#n", value_of_text(bytes_of_text("a"))}};
    const struct value_member values[] = {{":v", value_of_integer(2)},
                                          {":w", value_of_text(bytes_of_text("w"))}};
    struct value name_map = value_of_members(&arena, names, ARRAY_COUNT(names));
    struct value value_map = value_of_members(&arena, values, ARRAY_COUNT(values));
    struct placeholders placeholders = {.names = &name_map, .values = &value_map};
    placeholders_prepare(&placeholders, &arena);
    uint8_t choice = input.size == 0 ? 0 : input.data[0];
    struct bytes text = input.size == 0 ? input : bytes_from(input, 1);
    struct expression_options options = {.arena = &arena,
                                         .placeholders = &placeholders,
                                         .is_native = (choice & 4) != 0,
                                         .is_filter_of_changes = (choice & 8) != 0};
    const struct condition *condition = NULL;
    struct update update;
    struct projection projection;
    if (choice % 3 == 0 && condition_parse(text, &options, &condition, NULL) == STATUS_OK) {
        run_condition(condition, &arena);
    } else if (choice % 3 == 1 && update_parse(text, &options, &update, NULL) == STATUS_OK) {
        run_update(&update, &arena);
    } else if (choice % 3 == 2) {
        (void)!projection_parse(text, &options, &projection, NULL);
    }
    arena_reset(&arena);
}
