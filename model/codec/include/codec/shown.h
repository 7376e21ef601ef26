/* Change records as consumers see them. MODEL "Stored state and visible state". */
#ifndef CODEC_SHOWN_H
#define CODEC_SHOWN_H

#include "base/buffer.h"
#include "row/record.h"
#include "row/schema.h"

/* Makes the images of a record of a wide table those of documents of what shows, in the two buffers, where they live until
 * these change; an image that shows nothing is none. Records of other tables stay as they are. STATUS_CORRUPT. */
MUST_USE enum status codec_record_show(const struct schema *schema, int64_t commit_time_us,
                                       struct buffer *old, struct buffer *new, struct record *record,
                                       struct error *error);

#endif
