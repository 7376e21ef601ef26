/* What every unit test needs: cmocka, a seed that is printed, a scratch directory, and a check of statuses. */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"

/* Fails with the error's text unless the call was STATUS_OK. `error` is the struct passed to the call. */
#define assert_ok(call, error) test_assert_status((call), STATUS_OK, &(error), #call, __FILE__, __LINE__)
#define assert_status(call, expected, error)                                                                 \
    test_assert_status((call), (expected), &(error), #call, __FILE__, __LINE__)

void test_assert_status(enum status status, enum status expected, const struct error *error, const char *call,
                        const char *file, int line);

/* The seed of this run: OXBOW_SEED, or a fresh one; printed, so that a failure can be repeated. */
uint64_t test_seed(void);
/* OXBOW_TEST_SCALE multiplies how many rounds a randomised test runs (default 1). */
uint64_t test_rounds(uint64_t rounds);

/* A fresh directory below $TMPDIR or /tmp; the caller removes it with test_directory_remove, which frees the path. */
char *test_directory_create(void);
void test_directory_remove(char *path);

#endif
