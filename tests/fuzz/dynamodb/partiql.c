/* PartiQL statements, with two parameters. */
#include "partiql.h"

#include "support/fuzz.h"

void fuzz_one(struct bytes input)
{
    const struct value parameters[] = {value_of_integer(1), value_of_text(bytes_of_text("text"))};
    struct arena arena = {0};
    struct partiql_statement statement;
    struct error error;
    (void)!partiql_parse(input, parameters, 2, &arena, &statement, &error);
    arena_reset(&arena);
}
