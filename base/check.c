#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *fact, const char *file, int line, const char *function)
{
    (void)fprintf(stderr, "oxbow: a bug: CHECK(%s) failed in %s at %s:%d\n", fact, function, file, line);
    abort();
}
