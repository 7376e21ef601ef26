/* Parts of an encoded value, found without decoding the whole: a field of an image costs what lies before it.
 *
 * For values that are sound already: checked when they were received, or checksummed where they are stored. Malformed
 * bytes are told (false), never followed. */
#ifndef CODEC_VIEW_H
#define CODEC_VIEW_H

#include "value/value.h"

/* Steps over one value; *ret_value (may be NULL) is its bytes. False: malformed. */
bool codec_view_next(struct reader *reader, struct bytes *ret_value);

/* Opens a map or an array: *ret_reader stands at its first key or item. False: it is something else. */
bool codec_view_map(struct bytes value, struct reader *ret_reader, size_t *ret_pairs);
bool codec_view_array(struct bytes value, struct reader *ret_reader, size_t *ret_items);

/* The value under a text key of a map; false: it is not there. */
bool codec_view_member(struct bytes map, struct bytes name, struct bytes *ret_value);
/* The value under an integer key of a map; false: it is not there. */
bool codec_view_field(struct bytes map, int64_t key, struct bytes *ret_value);

/* Null, booleans, integers, doubles, text and bytes, at once; false: another kind, which codec_value_decode knows. */
bool codec_view_scalar(struct bytes value, struct value *ret_value);

#endif
