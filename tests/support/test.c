#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"

void test_assert_status(enum status status, enum status expected, const struct error *error, const char *call,
                        const char *file, int line)
{
    if (status != expected) {
        print_error("%s\n  is %s, not %s", call, status_name(status), status_name(expected));
        if (status != STATUS_OK) {
            print_error(": %s", error->text);
        }
        print_error("\n");
        _fail(file, line);
    }
}

uint64_t test_seed(void)
{
    static uint64_t seed;
    if (seed == 0) {
        const char *given = getenv("OXBOW_SEED");
        if (given != NULL) {
            seed = strtoull(given, NULL, 0);
        } else {
            random_secret(&seed, sizeof(seed));
        }
        print_message("seed: OXBOW_SEED=0x%llx\n", (unsigned long long)seed);
    }
    return seed;
}

uint64_t test_rounds(uint64_t rounds)
{
    const char *scale = getenv("OXBOW_TEST_SCALE");
    return scale == NULL ? rounds : rounds * strtoull(scale, NULL, 10);
}

char *test_directory_create(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = file_path_join(parent == NULL ? "/tmp" : parent, "oxbow-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

void test_directory_remove(char *path)
{
    struct error error;
    assert_ok(file_directory_remove(path, &error), error);
    memory_destroy(path);
}
