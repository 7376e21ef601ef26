/* CQL's grammar; what parses and selects is written as text again. Whatever it is, a trace can show it. */
#include "syntax/syntax.h"

#include "support/fuzz.h"
#include "trace.h"

void fuzz_one(struct bytes input)
{
    struct arena arena = {0};
    struct cql_statement *statement = NULL;
    struct error error;
    if (cql_parse(input, &arena, &statement, &error) == STATUS_OK && statement->kind == CQL_SELECT) {
        for (size_t i = 0; i < statement->select.selectors.count; i++) {
            (void)cql_selector_name(&statement->select.selectors.at[i], &arena);
        }
    }
    struct bytes masked = statement__text_masked(input, &arena);
    CHECK(masked.size <= input.size + strlen(" *******"));
    arena_reset(&arena);
}
