/* The naive model of a wide table: it remembers every write there ever was, and decides by MODEL's words what shows. */
#ifndef WIDE_MODEL_H
#define WIDE_MODEL_H

#include "gate/gate.h"
#include "row/wide_update.h"

enum {
    PARTITIONS = 2,
    PLACES = 6,
    STATIC_ROW = PLACES,
    ROWS = PLACES + 1,
    COLUMNS = 4,
    GC_GRACE_SECONDS = 864000,
    COLUMN_S = 0,
    COLUMN_A = 1,
    COLUMN_M = 2,
    COLUMN_L = 3,
    COLUMN_MARKER = 4,
    CHANGES = 3,
    PARTS = 3,
    TEXT_BYTES = 512,
    KEY_BYTES_MAX = 6,
};

struct naive_write {
    int64_t timestamp;
    bool is_tombstone;
    int64_t expiry; /* 0: never */
    int64_t value;
    int64_t ttl;
    int scale; /* of a map's key, as this write has it */
};

struct naive_cell {
    int column;
    int64_t path;  /* of a map its key, of a list the place in its order */
    int64_t order; /* of a list's elements made in one step */
    struct naive_write *writes;
    size_t count;
};

struct naive_row {
    struct naive_cell *cells;
    size_t count;
    int64_t deleted;
    int64_t column_deleted[COLUMNS];
};

struct naive_range {
    int low; /* the row at place p lies between 2 p and 2 p + 1 */
    int high;
    int64_t timestamp;
};

struct naive_partition {
    struct naive_row rows[ROWS];
    int64_t deleted;
    struct naive_range *ranges;
    size_t ranges_count;
};

struct naive {
    struct naive_partition partitions[PARTITIONS];
    bool is_descending;
    int64_t made; /* list elements */
};

/* One change, as it is drawn, given to the gate and told to the model. */
struct step_change {
    enum gate_change_kind kind;
    int p;
    int r; /* a row, or STATIC_ROW; not of deletes of many */
    bool is_range;
    int low; /* values of the clustering column */
    int high;
    bool low_after;
    bool high_after;
    struct wide_update update;
    struct wide_action action;
    struct wide_part parts[PARTS];
    int keys[PARTS];
    int scales[PARTS]; /* of the keys, which are decimals */
    int values[PARTS];
    uint8_t key_bytes[PARTS][KEY_BYTES_MAX];
    uint8_t value_bytes[PARTS][4];
    struct value partition;
    struct value clustering[2];
    struct gate_slice slice;
};

/* Where a value of the clustering column comes in the table's order. */
int naive_place(const struct naive *naive, int value);
/* What shows of a row at a time in seconds, "marker a=1 m=2,0:3 l=4 …"; empty: it is not there. */
void naive_text(struct naive *naive, int p, int r, int64_t now, char text[TEXT_BYTES]);
/* Does what the changes of one transaction mean, which the product committed at that time. */
void naive_step(struct naive *naive, const struct step_change *changes, size_t count, int64_t commit_us);
void naive_reset(struct naive *naive);

#endif
