/* What a mapping is told, and what it tells: for whoever shows or makes mappings. */
#ifndef MAPPING_SETTINGS_H
#define MAPPING_SETTINGS_H

#include "base/bytes.h"
#include "base/error.h"

/* What is stored in system.mappings. */
struct mapping_settings {
    struct bytes name;
    struct bytes function;
    uint64_t version; /* 0: the newest */
    struct bytes table;
    struct bytes filter; /* text of a condition on changes; empty: every change */
    uint32_t batch;
    uint32_t retries;
};

/* Counted since the server started. */
struct mapping_facts {
    uint64_t next_lsn; /* the cursor */
    uint64_t invocations;
    uint64_t records;
    uint64_t failures;
    uint64_t parked;
    bool is_lag_known;
    int64_t
        pending_us;  /* commit time of the next record that it wants and has not passed; 0: there is none */
    bool is_stopped; /* for good; state tells why */
    char state[ERROR_TEXT_BYTES]; /* "running", "waiting: …", or why it stopped */
};

#endif
