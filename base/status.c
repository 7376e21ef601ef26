#include "base/status.h"

#include <stddef.h>

#include "base/check.h"

struct status_entry {
    const char *name;
    const char *text;
};

static const struct status_entry status_entries[] = {
#define STATUS_ENTRY(name, text) [STATUS_##name] = {#name, text},
    STATUS_LIST(STATUS_ENTRY)
#undef STATUS_ENTRY
};

const char *status_name(enum status status)
{
    CHECK((size_t)status < ARRAY_COUNT(status_entries));
    return status_entries[status].name;
}

const char *status_text(enum status status)
{
    CHECK((size_t)status < ARRAY_COUNT(status_entries));
    return status_entries[status].text;
}
