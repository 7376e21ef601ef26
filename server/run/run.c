#include "run/run.h"

#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "run_private.h"
#include "worker/worker.h"

int run_main(int count, char **arguments)
{
    if (count >= 2 && strcmp(arguments[1], "serve") == 0) {
        return serve(count - 2, arguments + 2);
    }
    if (count == 2 && strcmp(arguments[1], "worker") == 0) {
        return worker_main();
    }
    if (count >= 2 && strcmp(arguments[1], "limits") == 0) {
        return limits_main(count - 2, arguments + 2);
    }
    if (count >= 2 && strcmp(arguments[1], "completion") == 0) {
        return completion_main(count - 2, arguments + 2);
    }
    if (count >= 2 && strcmp(arguments[1], "manual") == 0) {
        return manual_main(count - 2, arguments + 2);
    }
    return command_main(count - 1, arguments + 1);
}
