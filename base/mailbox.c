#include "base/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/thread.h"

struct mailbox {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct message *first;
    struct message *last;
    size_t entries;
    size_t entries_max;
    bool is_closed;
    size_t wanted;  /* the receiver sleeps on `arrived` until so many are there; 0: it does not sleep */
    int descriptor; /* eventfd, -1 until asked for */
};

struct mailbox *mailbox_create(size_t entries_max)
{
    struct mailbox *mailbox = memory_create(sizeof(*mailbox));
    CHECK(pthread_mutex_init(&mailbox->mutex, NULL) == 0);
    thread_condition_init(&mailbox->arrived);
    mailbox->entries_max = entries_max;
    mailbox->descriptor = -1;
    return mailbox;
}

void mailbox_destroy(struct mailbox **mailbox)
{
    struct mailbox *gone = *mailbox;
    *mailbox = NULL;
    if (gone == NULL) {
        return;
    }
    CHECK(gone->entries == 0);
    if (gone->descriptor >= 0) {
        (void)close(gone->descriptor);
    }
    (void)pthread_cond_destroy(&gone->arrived);
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone);
}

static void mailbox_wake(struct mailbox *mailbox, bool was_empty)
{
    if (mailbox->wanted > 0 && (mailbox->entries >= mailbox->wanted || mailbox->is_closed)) {
        (void)pthread_cond_signal(&mailbox->arrived);
    }
    if (mailbox->descriptor >= 0 && was_empty) {
        uint64_t one = 1;
        /* It cannot fill up: each receive resets it. */
        (void)!write(mailbox->descriptor, &one, sizeof(one));
    }
}

static enum status mailbox_add(struct mailbox *mailbox, struct message *message, size_t entries_max)
{
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&mailbox->mutex);
    if (mailbox->is_closed) {
        status = STATUS_CLOSED;
    } else if (mailbox->entries >= entries_max) {
        status = STATUS_BUSY;
    } else {
        bool was_empty = mailbox->entries == 0;
        message->next = NULL;
        if (was_empty) {
            mailbox->first = message;
        } else {
            mailbox->last->next = message;
        }
        mailbox->last = message;
        mailbox->entries++;
        mailbox_wake(mailbox, was_empty);
    }
    (void)pthread_mutex_unlock(&mailbox->mutex);
    return status;
}

enum status mailbox_send(struct mailbox *mailbox, struct message *message)
{
    return mailbox_add(mailbox, message, mailbox->entries_max);
}

enum status mailbox_send_reply(struct mailbox *mailbox, struct message *message)
{
    return mailbox_add(mailbox, message, SIZE_MAX);
}

static void mailbox_wait(struct mailbox *mailbox, size_t wanted, int64_t timeout_us)
{
    mailbox->wanted = wanted;
    if (timeout_us < 0) {
        while (mailbox->entries < wanted && !mailbox->is_closed) {
            (void)pthread_cond_wait(&mailbox->arrived, &mailbox->mutex);
        }
    } else {
        struct timespec until = thread_time_in(timeout_us);
        int result = 0;
        while (mailbox->entries < wanted && !mailbox->is_closed && result != ETIMEDOUT) {
            result = pthread_cond_timedwait(&mailbox->arrived, &mailbox->mutex, &until);
        }
    }
    mailbox->wanted = 0;
}

size_t mailbox_gather(struct mailbox *mailbox, size_t count, int64_t timeout_us)
{
    (void)pthread_mutex_lock(&mailbox->mutex);
    if (mailbox->entries < count && !mailbox->is_closed && timeout_us != 0) {
        mailbox_wait(mailbox, count, timeout_us);
    }
    size_t entries = mailbox->entries;
    (void)pthread_mutex_unlock(&mailbox->mutex);
    return entries;
}

struct message *mailbox_receive(struct mailbox *mailbox, int64_t timeout_us)
{
    (void)pthread_mutex_lock(&mailbox->mutex);
    if (mailbox->entries == 0 && !mailbox->is_closed && timeout_us != 0) {
        mailbox_wait(mailbox, 1, timeout_us);
    }
    struct message *first = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = NULL;
    mailbox->entries = 0;
    if (mailbox->descriptor >= 0 && !mailbox->is_closed) {
        uint64_t count = 0;
        (void)!read(mailbox->descriptor, &count, sizeof(count)); /* non-blocking: EAGAIN when nothing came */
    }
    (void)pthread_mutex_unlock(&mailbox->mutex);
    return first;
}

void mailbox_close(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->mutex);
    mailbox->is_closed = true;
    mailbox_wake(mailbox, true);
    (void)pthread_mutex_unlock(&mailbox->mutex);
}

bool mailbox_is_closed(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->mutex);
    bool is_closed = mailbox->is_closed;
    (void)pthread_mutex_unlock(&mailbox->mutex);
    return is_closed;
}

int mailbox_descriptor(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->mutex);
    if (mailbox->descriptor < 0) {
        mailbox->descriptor = eventfd(mailbox->entries > 0, EFD_NONBLOCK | EFD_CLOEXEC);
        CHECK(mailbox->descriptor >= 0);
    }
    int descriptor = mailbox->descriptor;
    (void)pthread_mutex_unlock(&mailbox->mutex);
    return descriptor;
}

size_t mailbox_count(struct mailbox *mailbox)
{
    (void)pthread_mutex_lock(&mailbox->mutex);
    size_t count = mailbox->entries;
    (void)pthread_mutex_unlock(&mailbox->mutex);
    return count;
}
