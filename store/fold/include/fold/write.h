/* A write on its way to the writer. Seen by access/gate and the store only: everybody else goes through the gate. */
#ifndef FOLD_WRITE_H
#define FOLD_WRITE_H

#include "base/arena.h"
#include "base/mailbox.h"
#include "row/record.h"
#include "row/schema.h"

/* What must hold of the row for the write to happen, judged in the open transaction. */
enum write_condition {
    WRITE_ALWAYS,
    WRITE_IF_ABSENT,
    WRITE_IF_PRESENT,
};

struct write_change {
    const struct schema *schema; /* as planned; STATUS_STALE when it is no longer the table's */
    struct bytes key;            /* record key */
    struct bytes image;          /* new image; not looked at when is_remove */
    struct bytes old_image;      /* set by the writer when wants_old: in the write's arena */
    enum write_condition condition;
    bool is_remove;
    bool is_drop; /* the table itself goes: one record for every shard; `key` and `image` are empty */
    bool had_old; /* set by the writer */
};

/* One transaction. Made by the gate; goes to the writer and comes back through `complete`. */
struct write {
    struct message message;
    struct arena arena; /* owns what the pointers below point to */
    struct write_change *changes;
    size_t count;
    bool wants_old;
    struct bytes actor;
    struct cause cause;
    uint8_t hops;
    /* Called once, on the writer's thread; takes the write. Must not block. */
    void (*complete)(struct write *write);
    void *context;
    /* The outcome. */
    enum status status;
    struct error error;
    uint64_t lsn; /* of the transaction's last record; when it changed nothing, of the state it saw */
    uint64_t term;
    int64_t commit_time_us;
};

#endif
