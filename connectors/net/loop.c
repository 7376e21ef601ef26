#include "loop.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/memory.h"
#include "listener.h"
#include "net/bounds.h"

#define LOOP_NO_DESCRIPTORS                                                                                  \
    "too few file descriptors are left; raise the limit of open files (LimitNOFILE, ulimit -n)"

static void loop_refuse(struct loop *loop, const char *reason)
{
    int64_t now_us = clock_steady_us(clock_system());
    loop->refused++;
    if (loop->told_us == 0 || now_us - loop->told_us >= (int64_t)NET_REFUSALS_TOLD_MS * 1000) {
        diagnostic_write(DIAGNOSTIC_WARNING, "net", "%s turned away %llu client(s): %s", loop->address,
                         (unsigned long long)loop->refused, reason);
        loop->refused = 0;
        loop->told_us = now_us;
    }
}

/* The kernel gives the least number that is free, so a socket's own tells how many files are open at least. */
static bool leaves_descriptors(const uv_tcp_t *socket)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    uv_os_fd_t descriptor = -1;
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t kept = limit.rlim_cur < 2 * NET_DESCRIPTORS_KEPT ? limit.rlim_cur / 2 : NET_DESCRIPTORS_KEPT;
    return limit.rlim_cur == RLIM_INFINITY || uv_fileno((const uv_handle_t *)socket, &descriptor) != 0 ||
           (rlim_t)descriptor < limit.rlim_cur - kept;
}

static bool loop_take_given(struct loop *loop, uv_tcp_t *socket)
{
    bool is_taken = uv_tcp_open(socket, loop->taking) == 0;
    if (!is_taken) {
        (void)close(loop->taking);
    }
    loop->taking = -1;
    return is_taken;
}

bool net__loop_take(struct loop *loop, uv_tcp_t *socket, size_t count)
{
    bool is_taken = loop->taking >= 0 ? loop_take_given(loop, socket)
                                      : uv_accept(loop->accepting, (uv_stream_t *)socket) == 0;
    if (is_taken && count > NET_CONNECTIONS_MAX) {
        loop_refuse(loop, "as many are connected as there may be (oxbow limits)");
        return false;
    }
    if (is_taken && !leaves_descriptors(socket)) {
        loop_refuse(loop, LOOP_NO_DESCRIPTORS);
        return false;
    }
    return is_taken;
}

/* --- clients for others ----------------------------------------------------------------------------------------- */

static void client_gone(uv_handle_t *client)
{
    memory_destroy(client);
}

/* Gives the descriptor away. Thread: the leader's. */
static void loop_give(struct loop *loop, struct loop *to, int descriptor)
{
    (void)pthread_mutex_lock(&to->mutex);
    bool has_room = to->given_count < NET_GIVEN_MAX;
    if (has_room) {
        to->given[to->given_count++] = descriptor;
    }
    (void)pthread_mutex_unlock(&to->mutex);
    if (has_room) {
        (void)uv_async_send(&to->wake);
    } else {
        (void)close(descriptor);
        loop_refuse(loop, "a thread that serves clients does not keep up");
    }
}

/* libuv binds a socket to the loop that accepted it, so the other one gets a descriptor of its own. */
static void loop_hand_over(struct loop *loop, struct loop *to)
{
    uv_tcp_t *client = memory_create(sizeof(*client));
    uv_os_fd_t descriptor = -1;
    (void)uv_tcp_init(&loop->uv, client);
    if (uv_accept(loop->accepting, (uv_stream_t *)client) == 0 &&
        uv_fileno((const uv_handle_t *)client, &descriptor) == 0) {
        int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        if (copy >= 0) {
            loop_give(loop, to, copy);
        } else {
            loop_refuse(loop, LOOP_NO_DESCRIPTORS);
        }
    }
    uv_close((uv_handle_t *)client, client_gone);
}

/* Takes what the leader gave. */
static void loop_receive_given(struct loop *loop)
{
    int given[NET_GIVEN_MAX];
    (void)pthread_mutex_lock(&loop->mutex);
    size_t count = loop->given_count;
    memcpy(given, loop->given, count * sizeof(*given));
    loop->given_count = 0;
    (void)pthread_mutex_unlock(&loop->mutex);
    for (size_t i = 0; i < count; i++) {
        loop->taking = given[i];
        loop->options.accept(loop);
        CHECK(loop->taking == -1);
    }
}

/* Puts itself beside the one that listens; NULL address: it listens nowhere. */
static void loop_follow(struct loop *loop, struct loop *leader)
{
    size_t count = atomic_load(&leader->followers_count);
    CHECK(count < NET_FOLLOWERS_MAX);
    loop->address = memory_copy_text(leader->address);
    leader->followers[count] = loop;
    atomic_store(&leader->followers_count, count + 1);
}

static void loop_accept(uv_stream_t *listener, int result)
{
    struct loop *loop = listener->data;
    loop->accepting = listener;
    if (result == 0) {
        size_t turn = loop->turn;
        loop->turn = turn < atomic_load(&loop->followers_count) ? turn + 1 : 0;
        if (turn == 0) {
            loop->options.accept(loop);
        } else {
            loop_hand_over(loop, loop->followers[turn - 1]);
        }
    } else if (result == UV_EMFILE || result == UV_ENFILE) {
        loop_refuse(loop, LOOP_NO_DESCRIPTORS);
    }
}

/* Until none is left: what a message does may send another. */
static void loop_receive(struct loop *loop)
{
    struct message *message = mailbox_receive(loop->mailbox, 0);
    while (message != NULL) {
        struct message *next = message->next;
        loop->options.receive(loop, message);
        message = next == NULL ? mailbox_receive(loop->mailbox, 0) : next;
    }
}

static void loop_pauses(uv_prepare_t *pausing)
{
    struct loop *loop = pausing->data;
    loop->options.pause(loop);
}

static void loop_woken(uv_async_t *wake)
{
    struct loop *loop = wake->data;
    loop_receive_given(loop);
    loop_receive(loop);
    if (atomic_load(&loop->is_stopping) && uv_is_closing((uv_handle_t *)&loop->wake) == 0) {
        loop->options.stop(loop);
        for (size_t i = 0; i < ARRAY_COUNT(loop->listeners); i++) {
            uv_close((uv_handle_t *)&loop->listeners[i], NULL);
        }
        uv_close((uv_handle_t *)&loop->wake, NULL);
        uv_close((uv_handle_t *)&loop->pausing, NULL);
    }
}

static void loop_run(void *context)
{
    struct loop *loop = context;
    loop->owner = uv_thread_self();
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

/* libuv aborts without a word when it is out of memory; ours says so first. */
static void loop_use_memory(void)
{
    CHECK(uv_replace_allocator(memory_create, memory_resize, memory_create_array, memory_destroy) == 0);
}

enum status net__loop_open(struct loop *loop, const struct loop_options *options, struct error *error)
{
    enum status status = STATUS_OK;
    const struct net_endpoint *endpoint = &options->endpoint;
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* before any loop */
    (void)pthread_once(&once, loop_use_memory);
    loop->options = *options;
    loop->mailbox = mailbox_create(NET_REPLIES_MAX);
    loop->taking = -1;
    CHECK(pthread_mutex_init(&loop->mutex, NULL) == 0);
    CHECK(uv_loop_init(&loop->uv) == 0);
    (void)uv_async_init(&loop->uv, &loop->wake, loop_woken);
    for (size_t i = 0; i < ARRAY_COUNT(loop->listeners); i++) {
        (void)uv_tcp_init(&loop->uv, &loop->listeners[i]);
        loop->listeners[i].data = loop;
    }
    (void)uv_prepare_init(&loop->uv, &loop->pausing);
    if (options->pause != NULL) {
        (void)uv_prepare_start(&loop->pausing, loop_pauses);
    }
    loop->wake.data = loop;
    loop->pausing.data = loop;
    if (endpoint->certificate_file != NULL || endpoint->key_file != NULL) {
        status = net__tls_context_open(endpoint->certificate_file, endpoint->key_file, options->protocol,
                                       &loop->tls, error);
    }
    if (status == STATUS_OK && options->leader == NULL) {
        status = net__listeners_open(loop->listeners, endpoint, loop_accept, &loop->address, error);
    }
    if (status == STATUS_OK) {
        status = thread_create(options->name, loop_run, loop, &loop->thread, error);
    }
    if (status == STATUS_OK && options->leader != NULL) {
        loop_follow(loop, options->leader);
    }
    return status;
}

enum status net__loop_reload(struct loop *loop, struct error *error)
{
    return loop->tls == NULL ? STATUS_OK : net__tls_context_reload(loop->tls, error);
}

void net__loop_close(struct loop *loop)
{
    atomic_store(&loop->is_stopping, true);
    (void)uv_async_send(&loop->wake);
    if (loop->thread == NULL) {
        loop_run(loop);
    }
    thread_join(&loop->thread);
    CHECK(uv_loop_close(&loop->uv) == 0);
    (void)pthread_mutex_destroy(&loop->mutex);
    mailbox_destroy(&loop->mailbox);
    net__tls_context_close(&loop->tls);
    memory_destroy(loop->address);
}

void net__loop_send(struct loop *loop, struct message *message)
{
    enum status status = mailbox_send_reply(loop->mailbox, message);
    CHECK(status == STATUS_OK); /* it is closed after everything was sent */
    (void)uv_async_send(&loop->wake);
}

bool net__loop_is_own_thread(const struct loop *loop)
{
    uv_thread_t self = uv_thread_self();
    return uv_thread_equal(&self, &loop->owner) != 0;
}
