/* Threads that read what takes long, so that no door's loop waits for it. DESIGN §4.
 *
 * A door looks at little by itself and hands the rest over; what was handed over is done in that order, by the next
 * thread that is free. */
#ifndef GATE_READERS_H
#define GATE_READERS_H

#include "gate/bounds.h"
#include "gate/gate.h"

struct gate_readers;

/* Something to be read; part of what the door knows of the request, and the pool's until `run` is called. */
struct gate_reading {
    /* Thread: one of the pool's, whose views these are until it returns; `aside` serves reads while `view` visits rows. */
    void (*run)(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside);
    struct gate_reading *next; /* the pool's */
};

/* As many threads as the machine has processors, within GATE_READERS_MIN and GATE_READERS_MAX. */
MUST_USE enum status gate_readers_open(struct gate *gate, struct gate_readers **ret_readers,
                                       struct error *error);
/* What is read, or waits, is refused (STATUS_CLOSED) when it next asks its view; from then on nothing is taken. Accepts NULL. */
void gate_readers_stop(struct gate_readers *readers);
/* After gate_readers_stop. Accepts a pointer to NULL. */
void gate_readers_close(struct gate_readers **readers);

/* Thread: any; does not block. STATUS_CLOSED: it will not be run. */
MUST_USE enum status gate_readers_submit(struct gate_readers *readers, struct gate_reading *reading);

#endif
