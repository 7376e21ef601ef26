/* What every server here stands on: a loop on a thread of its own that listens, takes messages and stops by handshake. Several may
 * share the clients of one that listens: it gives each of them one in turn. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <pthread.h>
#include <stdatomic.h>

#include <uv.h>

#include "base/mailbox.h"
#include "base/thread.h"
#include "listener.h"
#include "net/bounds.h"
#include "tls.h"

struct loop;

struct loop_options {
    const char *name; /* of the thread */
    struct net_endpoint endpoint;
    const char *protocol; /* as of net__tls_context_open */
    struct loop *leader;  /* the one that listens, closed before this one; NULL: it listens itself */
    /* All on the loop's thread. */
    void (*accept)(struct loop *loop);                           /* a client waits at the listener */
    void (*receive)(struct loop *loop, struct message *message); /* messages, as mailbox_receive gives them */
    void (*stop)(struct loop *loop);                             /* closes what the clients have open */
    void (*pause)(struct loop *loop);                            /* before each wait for events; NULL: none */
};

/* Embedded in a server as its first member. */
struct loop {
    struct loop_options options;
    uv_loop_t uv;
    uv_tcp_t listeners[NET_ENDPOINT_ADDRESSES_MAX];
    uv_stream_t *accepting; /* the one at which a client waits */
    uv_async_t wake;        /* messages wait, or it is to stop */
    uv_prepare_t pausing;
    struct mailbox *mailbox; /* any thread sends */
    struct thread *thread;   /* the opener's, to join it */
    uv_thread_t owner;       /* the thread itself says who it is, before anything is accepted */
    struct tls_context *tls; /* NULL: plain */
    char *address;           /* bound */
    atomic_bool is_stopping;
    struct loop
        *followers[NET_FOLLOWERS_MAX]; /* who share its clients; while it opens they come one by one */
    _Atomic size_t followers_count;
    size_t turn;           /* whose client is the next: 0 its own, then the followers' */
    pthread_mutex_t mutex; /* of the descriptors of clients that the leader gave: */
    int given[NET_GIVEN_MAX];
    size_t given_count;
    int taking;       /* the one that is being taken; -1: a client waits at the listener */
    uint64_t refused; /* clients, since the last warning of it … */
    int64_t told_us;  /* … which was then, by the steady clock; 0: never */
};

/* Listens and starts the thread. `loop` is zeroed memory; whatever happens, net__loop_close has to follow.
 * STATUS_BUSY (the port is taken), STATUS_DENIED (beyond loopback), STATUS_INVALID, STATUS_NOT_FOUND, as of the servers. */
MUST_USE enum status net__loop_open(struct loop *loop, const struct loop_options *options,
                                    struct error *error);
/* Reads certificate and key again, if it has any (net__tls_context_reload). Thread: any, until it is closed. */
MUST_USE enum status net__loop_reload(struct loop *loop, struct error *error);
/* Receives what was sent, stops, and ends the thread. */
void net__loop_close(struct loop *loop);
/* Thread: any, until it is closed. */
void net__loop_send(struct loop *loop, struct message *message);
bool net__loop_is_own_thread(const struct loop *loop);
/* Takes the client that waits. False: `count`, of connections, are too many, or too many files are open; the log is
 * told of it now and then, and the socket is to be closed. Thread: the loop's. */
bool net__loop_take(struct loop *loop, uv_tcp_t *socket, size_t count);

#endif
