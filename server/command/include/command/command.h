/* The verbs of the program besides `serve`: they speak the native protocol to a running server. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* `arguments` begin with the verb. Returns the exit code: 0 done, 1 failed (3: not found, 4: a condition did not
 * hold), 2 wrong use. */
int command_main(int count, char **arguments);

/* A verb as its table has it: for help, manual pages and completion. Views into the table. */
struct command_description {
    const char *name;
    const char *usage; /* the words after the name; lines of other forms begin with "oxbow" */
    const char *help;
};

/* The verb at a place of the table; false: there are no more. */
bool command_describe(size_t at, struct command_description *ret_description);

#endif
