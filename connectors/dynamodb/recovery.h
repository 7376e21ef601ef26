/* Restores, of moments and of backups. */
#ifndef DYNAMODB_RECOVERY_H
#define DYNAMODB_RECOVERY_H

#include "dynamodb_private.h"

struct restore {
    struct bytes source;     /* table that holds the rows */
    struct bytes table;      /* whose they were */
    struct bytes backup_arn; /* or empty */
    uint64_t lsn;
    int64_t job;     /* restore_job */
    int64_t time_us; /* the moment that is restored */
};

/* The earliest moment to which a table can be restored; `recovery` is its property PointInTimeRecovery. */
int64_t recovery_earliest_us(const struct value *recovery);
/* Makes the table that TargetTableName names; answers with its description. */
enum status restore_run(struct call *call, struct restore *restore);
/* What the request overrides, in the table that is to be made and in its `properties` (override.c). */
enum status overrides_apply(struct call *call, struct schema *target, struct value *properties);
/* An id for a job that nobody had before. */
int64_t restore_job(void);
/* Makes `target` from what `restore` names. */
enum status restore_submit(struct call *call, const struct restore *restore, struct schema *target,
                           void (*finish)(struct call *call));

#endif
