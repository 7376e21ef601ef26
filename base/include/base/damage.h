/* Damage of what is on the disk, met while the server runs: told to the operator, for a request's client may tell nobody. */
#ifndef BASE_DAMAGE_H
#define BASE_DAMAGE_H

#include <stdint.h>

#include "base/error.h"

/* Notes that a read of the store or the log met damage, or that a scrub found some, when `status` is STATUS_CORRUPT: counted,
 * kept, and told as a diagnostic, rarely. Returns `status`, so that a failing function can end with it. `error` may be NULL.
 * Thread: any. */
enum status damage_note(enum status status, const struct error *error);

/* How often that was since the start, and what it was last ("" when nobody said). Thread: any. */
uint64_t damage_read(char ret_text[ERROR_TEXT_BYTES]);

#endif
