/* JSON in and out, for people and scripts: exact numbers, exact errors. */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/buffer.h"
#include "base/error.h"
#include "codec/bounds.h"
#include "value/value.h"

/* Decodes one JSON text. Numbers become normalised decimals (as in DynamoDB), strings text, objects maps, arrays
 * lists. An object {"$bytes": "<base64>"} is bytes. Trees are in `arena`.
 * STATUS_INVALID tells what is wrong and at which byte; STATUS_TOO_LARGE. */
MUST_USE enum status codec_json_decode(struct bytes text, struct arena *arena, struct value *ret_value,
                                       struct error *error);
/* The same without what is ours: numbers keep their digits and scale, "$bytes" is a name like any other, and nesting goes to
 * CODEC_JSON_DEPTH_MAX (STATUS_TOO_LARGE beyond). For protocols that put types around values. */
MUST_USE enum status codec_json_decode_plain(struct bytes text, struct arena *arena, struct value *ret_value,
                                             struct error *error);
/* As codec_json_decode_plain; of an object's names that are equal the last one counts, where the others refuse them. */
MUST_USE enum status codec_json_decode_last(struct bytes text, struct arena *arena, struct value *ret_value,
                                            struct error *error);
/* Appends the value on one line. Every number is exact; kinds that JSON lacks are strings (uuid, date …). */
void codec_json_encode(struct buffer *buffer, const struct value *value);
/* Appends a JSON string. Bytes that are no UTF-8 become U+FFFD. */
void codec_json_put_text(struct buffer *buffer, struct bytes text);

#endif
