/* A fuzz target: one function that takes any bytes. libFuzzer finds them (tests/fuzz). */
#ifndef SUPPORT_FUZZ_H
#define SUPPORT_FUZZ_H

#include "base/bytes.h"

/* Defined by the target; must not crash, leak or break a CHECK whatever the input. */
void fuzz_one(struct bytes input);

#endif
