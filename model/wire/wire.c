#include "wire/wire.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

const char *wire_type_name(enum wire_type type)
{
    static const char *const names[] = {
        [WIRE_STATUS] = "status",
        [WIRE_TABLE_CREATE] = "table create",
        [WIRE_TABLE_LIST] = "table list",
        [WIRE_TABLE_DESCRIBE] = "table describe",
        [WIRE_TABLE_DROP] = "table drop",
        [WIRE_PUT] = "put",
        [WIRE_GET] = "get",
        [WIRE_DELETE] = "delete",
        [WIRE_SCAN] = "scan",
        [WIRE_HISTORY] = "history",
        [WIRE_SUBSCRIBE] = "subscribe",
        [WIRE_CREDIT] = "credit",
    };
    bool is_known = (size_t)type < ARRAY_COUNT(names) && names[type] != NULL;
    return is_known ? names[type] : "unknown request";
}
