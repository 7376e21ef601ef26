#include "support/fuzz.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/file.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* named by libFuzzer */

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of the process; mkdtemp writes it */
static char directory[] = "/tmp/oxbow-fuzz-XXXXXX";

static void directory_remove(void)
{
    (void)!file_directory_remove(directory, NULL);
}

const char *fuzz_directory(void)
{
    static bool is_made;
    if (!is_made) {
        CHECK(mkdtemp(directory) != NULL && atexit(directory_remove) == 0);
        is_made = true;
    }
    return directory;
}

void fuzz_file_write(const char *name, struct bytes content)
{
    struct file file = FILE_CLOSED;
    char *path = file_path_join(fuzz_directory(), name);
    CHECK(file_open(path, O_WRONLY | O_CREAT | O_TRUNC, &file, NULL) == STATUS_OK);
    CHECK(file_write_at(&file, content, 0, NULL) == STATUS_OK);
    file_close(&file);
    memory_destroy(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_one(bytes_of(data, size));
    return 0;
}
