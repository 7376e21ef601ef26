/* LD_PRELOAD: lets the n-th call of some kinds fail in the first process that loads it, as a file tells that both share.
 *
 * $FAULT_CONTROL names the file: CONTROL_WORDS words of 64 bits in the machine's order, then the text of the call that
 * failed first. The test writes the words while the process runs, `kinds` last; 0 there means that nothing is counted. */
#ifndef FAILING_CONTROL_H
#define FAILING_CONTROL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is counted; bits. */
enum control_kind {
    CONTROL_WRITE = 1,
    CONTROL_SYNC = 2,
    CONTROL_OPEN = 4,
    CONTROL_SIZE = 8,  /* truncate, allocate */
    CONTROL_NAME = 16, /* rename, unlink, mkdir, rmdir */
    CONTROL_READ = 32,
    CONTROL_ALLOCATION = 64,
};

enum {
    CONTROL_TEXT_BYTES = 192,
    CONTROL_SHORT = 0, /* in place of an errno: do half of it */
};

struct control {
    _Atomic uint64_t owner; /* process that this is about; 0: the first that comes */
    _Atomic uint64_t kinds;
    _Atomic uint64_t fails_at; /* counted from 1; 0: none fails */
    _Atomic uint64_t number;   /* errno, or CONTROL_SHORT */
    _Atomic uint64_t lasts;    /* calls that fail, from the n-th on */
    _Atomic uint64_t seen;
    _Atomic uint64_t failed;
    _Atomic uint64_t held; /* 1: the next sync of the log is to wait; 2: one waits, as long as this is so */
    char text[CONTROL_TEXT_BYTES];
};

/* Counts a call of a kind; true when it is to fail. `what` and `where` go into the text. Thread: any. */
bool control_fails(enum control_kind kind, const char *what, const char *where);

/* Whether calls of the kind are counted just now. Thread: any. */
bool control_wants(enum control_kind kind);

/* Waits as long as the test holds syncs of the log. Thread: any. */
void control_hold(void);

/* What a call that fails gives as errno, or CONTROL_SHORT. */
int control_number(void);

#endif
