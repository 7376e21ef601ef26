/* Limits of the file provider. */
#ifndef LOCAL_BOUNDS_H
#define LOCAL_BOUNDS_H

enum {
    LOCAL_SEGMENTS_MAX = 1000000, /* segments of one log; over it open refuses */
    LOCAL_SPARES_MAX = 512, /* segments prepared ahead for one batch: the largest over the smallest segment */
    LOCAL_RETENTION_DAYS = 35, /* history kept by default; DynamoDB's and Keyspaces' own limit */
    LOCAL_TRIM_DAYS_PER_HOUR =
        24, /* hours of history removed per hour of uptime, so a wrong clock cannot eat it */
    LOCAL_TRIM_AHEAD_HOURS_MAX =
        24, /* that the wall clock may go ahead of the boot clock; beyond, until a new start, nothing is removed */
    LOCAL_CHECK_ENTRIES_MAX = 200000, /* entries of merged key indexes that are verified at a time */
    LOCAL_MERGER_NICE = 10, /* nice value of the thread that merges key indexes, above the server's */
    LOCAL_DISK_RESERVE_SEGMENTS =
        2 /* free disk, in segments, kept back for deletes when the disk is nearly full */
};

#endif
