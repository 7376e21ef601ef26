/* What exports and imports there are: a file each, .exports/ID.json and .imports/ID.json beside the buckets, replaced as a whole.
 * Members are those of the API's descriptions; "Private" is ours. The doors' threads write the first version and read; the
 * transfer's thread writes every later one. */
#ifndef DYNAMODB_TRANSFER_RECORD_H
#define DYNAMODB_TRANSFER_RECORD_H

#include "base/arena.h"
#include "base/error.h"
#include "value/value.h"

enum transfer_kind {
    TRANSFER_EXPORT,
    TRANSFER_IMPORT,
};

/* A time, as descriptions have it. */
struct value record_time(int64_t time_us, struct arena *arena);
/* "01693685827463-2d8752fd": ids of later ones sort later. */
const char *record_id(struct arena *arena);
const char *record_status_name(enum transfer_kind kind); /* the member with the status */
const char *record_folder(enum transfer_kind kind);      /* ".exports" */

/* Makes the two folders in `directory`, and notes as failed what a crash interrupted. */
MUST_USE enum status records_open(const char *directory, struct error *error);
MUST_USE enum status record_write(const char *directory, enum transfer_kind kind, struct bytes id,
                                  const struct value *facts, struct error *error);
/* STATUS_NOT_FOUND: there is none, or `id` is no id. The tree is in `arena`. */
MUST_USE enum status record_read(const char *directory, enum transfer_kind kind, struct bytes id,
                                 struct arena *arena, struct value *ret_facts, struct error *error);
void record_forget(const char *directory, enum transfer_kind kind, struct bytes id);

/* Ids of all there are, the newest first, in `arena`. */
struct record_ids {
    struct bytes *at;
    size_t count;
    size_t room;
    struct arena *arena;
};
MUST_USE enum status records_list(const char *directory, enum transfer_kind kind, struct arena *arena,
                                  struct record_ids *ret_ids, struct error *error);
/* Makes room for one more: forgets the oldest that have ended. */
MUST_USE enum status records_limit(const char *directory, enum transfer_kind kind, struct error *error);

#endif
