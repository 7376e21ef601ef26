/* Functions: named, versioned, immutable Lua sources. DESIGN §10. */
#ifndef FUNCTION_FUNCTION_H
#define FUNCTION_FUNCTION_H

#include "function/work.h"

/* One version, decoded. */
struct function {
    struct bytes name;
    uint64_t version;
    uint64_t
        identity; /* of what is stored: a version that is deployed again after a removal has another; 0: not stored */
    struct value modules; /* map name → source */
    uint64_t memory_bytes;
    uint32_t deadline_ms;
};

/* What a deployment says; zeros give the defaults. STATUS_INVALID, STATUS_TOO_LARGE. */
MUST_USE enum status function_check(const struct function *function, struct error *error);
/* The change that stores it. The tree is in `arena`. */
struct gate_change function_put(const struct function *function, int64_t now_us, struct arena *arena);
/* The version asked for, or (0) the newest. Everything is in `arena`. STATUS_NOT_FOUND. */
MUST_USE enum status function_find(struct gate_view *view, struct bytes name, uint64_t version,
                                   struct arena *arena, struct function *ret_function, struct error *error);
struct pool_function function_for_pool(const struct function *function);

#endif
