/* CQL's grammar; what parses and selects is written as text again. */
#include "syntax.h"

#include "support/fuzz.h"

void fuzz_one(struct bytes input)
{
    struct arena arena = {0};
    struct cql_statement *statement = NULL;
    struct error error;
    if (cql__parse(input, &arena, &statement, &error) == STATUS_OK && statement->kind == CQL_SELECT) {
        for (size_t i = 0; i < statement->select.selectors.count; i++) {
            (void)cql__selector_name(&statement->select.selectors.at[i], &arena);
        }
    }
    arena_reset(&arena);
}
