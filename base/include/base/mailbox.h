/* A bounded queue into one thread: many senders, one receiver, ownership goes with the message. */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Embedded as the first member of whatever is sent. */
struct message {
    struct message *next; /* the mailbox's, while it is in there */
};

struct mailbox;

/* `entries_max` bounds what waits; senders beyond it get STATUS_BUSY. */
struct mailbox *mailbox_create(size_t entries_max);
/* Everything in it must have been received. Accepts a pointer to NULL. */
void mailbox_destroy(struct mailbox **mailbox);

/* Gives `message` to the receiver. STATUS_BUSY (full) or STATUS_CLOSED: the message is still the sender's.
 * Thread: any. */
MUST_USE enum status mailbox_send(struct mailbox *mailbox, struct message *message);
/* The same without the bound, for replies whose number the receiver itself bounds by what it asked for.
 * STATUS_CLOSED as above. */
MUST_USE enum status mailbox_send_reply(struct mailbox *mailbox, struct message *message);

/* Takes all that waits, oldest first, as a chain by `next`; NULL when there is nothing within `timeout_us`
 * (0: at once, negative: for ever) or when closed and drained.
 * Thread: the receiver. */
struct message *mailbox_receive(struct mailbox *mailbox, int64_t timeout_us);

/* Waits until `count` messages are there, it is closed, or `timeout_us` have passed (as above), and says how many there are: for a
 * receiver that does better with many at once. Thread: the receiver. */
size_t mailbox_gather(struct mailbox *mailbox, size_t count, int64_t timeout_us);

/* No more is accepted; what is in there can still be received. Thread: any. */
void mailbox_close(struct mailbox *mailbox);
bool mailbox_is_closed(struct mailbox *mailbox);

/* An eventfd that is readable while messages may wait, for event loops; mailbox_receive(0) resets it. The mailbox
 * owns it. */
int mailbox_descriptor(struct mailbox *mailbox);
size_t mailbox_count(struct mailbox *mailbox);

#endif
