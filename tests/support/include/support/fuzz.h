/* A fuzz target: one function that takes any bytes. libFuzzer finds them (tests/fuzz). */
#ifndef SUPPORT_FUZZ_H
#define SUPPORT_FUZZ_H

#include "base/bytes.h"

/* Defined by the target; must not crash, leak or break a CHECK whatever the input. */
void fuzz_one(struct bytes input);

/* A scratch directory of this process, removed when it ends. */
const char *fuzz_directory(void);
/* Makes a file in it, or replaces it. Not synced. */
void fuzz_file_write(const char *name, struct bytes content);

#endif
