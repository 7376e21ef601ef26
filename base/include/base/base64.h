/* Base 64 (RFC 4648 section 4, with padding). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/arena.h"
#include "base/buffer.h"

/* Whether it decodes; *ret_problem (may be NULL) says why not. Bits that padding leaves over are not looked at. */
bool base64_is_sound(struct bytes text, const char **ret_problem);
/* False: not base 64. */
bool base64_decode(struct bytes text, struct arena *arena, struct bytes *ret_bytes);
void base64_encode(struct bytes bytes, struct buffer *buffer);

#endif
