/* The configuration file: what is not refused is sound enough to be looked at and printed. */
#include "configuration.h"

#include "base/check.h"
#include "base/file.h"
#include "base/memory.h"
#include "support/fuzz.h"

void fuzz_one(struct bytes input)
{
    struct configuration configuration = {0};
    struct buffer text = {0};
    size_t count = 0;
    const struct setting *settings = configuration_settings(&count);
    char *path = file_path_join(fuzz_directory(), "file");
    char flag[] = "--config";
    char *arguments[] = {flag, path};
    fuzz_file_write("file", input);
    if (configuration_read(&configuration, ARRAY_COUNT(arguments), arguments, NULL) == STATUS_OK) {
        for (size_t i = 0; i < count; i++) {
            setting_put(&configuration, &settings[i], &text);
        }
    }
    configuration_reset(&configuration);
    buffer_reset(&text);
    memory_destroy(path);
}
