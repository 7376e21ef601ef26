/* The work of an export: a table's items as of a moment, or what changed between two, as files that AWS's readers know. */
#ifndef DYNAMODB_EXPORT_H
#define DYNAMODB_EXPORT_H

#include "transfer.h"

struct export_plan {
    struct bytes table;
    uint64_t lsn;       /* the items as they were then */
    uint64_t since_lsn; /* only what changed after it, when is_incremental */
    int64_t time_us;    /* the moment that is asked for, or the end of the period */
    int64_t since_us;
    bool is_incremental;
    bool wants_old_images;
    struct bytes bucket;
    struct bytes folder; /* below the bucket: …/AWSDynamoDB */
};

/* Makes `job` the export of `plan`, which is copied. */
void export_prepare(struct transfer_job *job, const struct export_plan *plan);

#endif
