/* The verbs of the program besides `serve`: they speak the native protocol to a running server. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

/* `arguments` begin with the verb. Returns the exit code: 0 done, 1 failed (3: not found, 4: a condition did not
 * hold), 2 wrong use. */
int command_main(int count, char **arguments);

#endif
