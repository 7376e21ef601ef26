/* The gzip format (RFC 1952) of files: whole members out, a stream of any length in, in pieces. */
#ifndef NET_GZIP_H
#define NET_GZIP_H

#include "base/buffer.h"
#include "base/error.h"

/* Appends `bytes` as one member. Members may follow each other: together they are one stream. */
void gzip_encode(struct bytes bytes, struct buffer *ret_encoded);

struct gzip_decoder;

struct gzip_decoder *gzip_decoder_create(void);
void gzip_decoder_destroy(struct gzip_decoder **decoder); /* accepts a pointer to NULL */
/* Decodes from the front of *encoded, and shortens it by what was used, until all is handed out or about `bytes_max` were
 * appended. STATUS_CORRUPT: it is no gzip, or its checksum is wrong. */
MUST_USE enum status gzip_decoder_step(struct gzip_decoder *decoder, struct bytes *encoded, size_t bytes_max,
                                       struct buffer *ret_decoded);
/* Whether more comes out of what was taken already, without further input. */
bool gzip_decoder_has_more(const struct gzip_decoder *decoder);
/* Whether the stream may end here: nothing was begun, or the last member is whole. */
bool gzip_decoder_is_whole(const struct gzip_decoder *decoder);

#endif
