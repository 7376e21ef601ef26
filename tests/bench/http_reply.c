/* What a fixed reply costs the HTTP server: processor time of its process, and requests per second.
 *
 * usage: bench_http_reply CONNECTIONS SECONDS [BODY-BYTES [thread]]
 *        bench_http_reply serve BODY-BYTES
 * "thread": the answers come from another thread, as those of writes do; its time counts too.
 * The client is a process of its own: it sends one request on each connection, then reads all answers, again and again.
 * Prints: requests per second, microseconds of processor time per request, of which in the kernel. "serve" prints the address and
 * answers whoever asks there, until it is ended. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/memory.h"
#include "base/thread.h"
#include "net/http.h"

enum {
    CONNECTIONS_MAX = 1000,
    REQUEST_BODY_BYTES = 200,
    ANSWER_HEAD_BYTES_MAX = 4096,
};

/* As an SDK's request looks. */
static const char request_head[] =
    "POST / HTTP/1.1\r\n"
    "Host: 127.0.0.1:8000\r\n"
    "Accept-Encoding: identity\r\n"
    "X-Amz-Target: DynamoDB_20120810.GetItem\r\n"
    "Content-Type: application/x-amz-json-1.0\r\n"
    "User-Agent: bench_http_reply/1 md/Linux lang/c\r\n"
    "X-Amz-Date: 20260101T000000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=key/20260101/region/dynamodb/"
    "aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
    "Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "Content-Length: 200\r\n\r\n";

static void fail(const char *text)
{
    (void)fprintf(stderr, "bench_http_reply: %s\n", text);
    exit(1);
}

struct task {
    struct message message; /* first member */
    struct http_exchange *exchange;
};

struct bench {
    struct bytes body;
    struct mailbox *tasks; /* NULL: answered at once */
};

static void answer_fixed(const struct bench *bench, struct http_exchange *exchange)
{
    struct http_answer answer = {.status = 200, .type = "application/x-amz-json-1.0", .body = bench->body};
    http_reply(&exchange, &answer);
}

static void bench_handle(void *context, struct http_exchange *exchange)
{
    struct bench *bench = context;
    if (bench->tasks == NULL) {
        answer_fixed(bench, exchange);
        return;
    }
    struct task *task = arena_create(http_arena(exchange), sizeof(*task));
    task->exchange = exchange;
    if (mailbox_send(bench->tasks, &task->message) != STATUS_OK) {
        answer_fixed(bench, exchange);
    }
}

static void bench_answer_later(void *context)
{
    struct bench *bench = context;
    struct message *message = mailbox_receive(bench->tasks, -1);
    while (message != NULL) {
        struct message *next = message->next;
        answer_fixed(bench, ((struct task *)message)->exchange);
        message = next != NULL ? next : mailbox_receive(bench->tasks, -1);
    }
}

static int client_connect(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        fail("cannot connect");
    }
    return connection;
}

/* Reads one answer; its head is taken to come in one piece. */
static void client_receive(int connection, char *room, size_t body_bytes)
{
    ssize_t size = recv(connection, room, ANSWER_HEAD_BYTES_MAX + body_bytes, 0);
    const char *end = size <= 0 ? NULL : memmem(room, (size_t)size, "\r\n\r\n", 4);
    if (end == NULL || memcmp(room, "HTTP/1.1 200", 12) != 0) {
        fail("no answer, or another than expected");
    }
    size_t expected = (size_t)(end + 4 - room) + body_bytes;
    for (size_t done = (size_t)size; done < expected; done += (size_t)size) {
        size = recv(connection, room, expected - done, 0);
        if (size <= 0) {
            fail("an answer ended early");
        }
    }
}

static void client_run(const char *address, size_t connections, double seconds, size_t body_bytes,
                       uint64_t *ret_requests)
{
    char *room = memory_create(ANSWER_HEAD_BYTES_MAX + body_bytes);
    char request[sizeof(request_head) - 1 + REQUEST_BODY_BYTES];
    int sockets[CONNECTIONS_MAX];
    memcpy(request, request_head, sizeof(request_head) - 1);
    memset(request + sizeof(request_head) - 1, 'x', REQUEST_BODY_BYTES);
    for (size_t i = 0; i < connections; i++) {
        sockets[i] = client_connect(address);
    }
    int64_t until = clock_steady_us(clock_system()) + (int64_t)(seconds * 1e6);
    while (clock_steady_us(clock_system()) < until) {
        for (size_t i = 0; i < connections; i++) {
            if (send(sockets[i], request, sizeof(request), 0) != (ssize_t)sizeof(request)) {
                fail("cannot send");
            }
        }
        for (size_t i = 0; i < connections; i++) {
            client_receive(sockets[i], room, body_bytes);
        }
        *ret_requests += connections;
    }
    memory_destroy(room);
}

static struct http_server *server_open(struct bench *bench)
{
    struct http_server_options options = {.endpoint.address = "127.0.0.1:0",
                                          .is_dated = true,
                                          .endpoint.flag = "address",
                                          .body_bytes_max = 1024 * 1024,
                                          .handle = bench_handle,
                                          .context = bench};
    struct http_server *server = NULL;
    struct error error;
    if (http_server_open(&options, &server, &error) != STATUS_OK) {
        fail(error.text);
    }
    return server;
}

static void serve(size_t body_bytes)
{
    struct bench bench = {.body = bytes_of(memory_create(body_bytes), body_bytes)};
    struct http_server *server = server_open(&bench);
    (void)printf("%s\n", http_server_address(server));
    (void)fflush(stdout);
    while (true) {
        (void)pause(); /* until a signal ends the process */
    }
}

static double cpu_us(const struct timeval *time)
{
    return (double)time->tv_sec * 1e6 + (double)time->tv_usec;
}

int main(int count, char **arguments)
{
    size_t connections = count < 3 ? 0 : strtoul(arguments[1], NULL, 10);
    double seconds = count < 3 ? 0 : strtod(arguments[2], NULL);
    size_t body_bytes = count < 4 ? 100 : strtoul(arguments[3], NULL, 10);
    if (count == 3 && strcmp(arguments[1], "serve") == 0) {
        serve(strtoul(arguments[2], NULL, 10));
    }
    if (connections == 0 || connections > CONNECTIONS_MAX || seconds <= 0) {
        (void)fprintf(stderr, "usage: bench_http_reply CONNECTIONS SECONDS [BODY-BYTES [thread]]\n"
                              "       bench_http_reply serve BODY-BYTES\n");
        return 2;
    }
    uint64_t *requests =
        mmap(NULL, sizeof(*requests), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint8_t *data = memory_create(body_bytes);
    struct bench bench = {.body = bytes_of(data, body_bytes),
                          .tasks = count == 5 ? mailbox_create(CONNECTIONS_MAX) : NULL};
    struct thread *thread = NULL;
    struct error error;
    if (requests == MAP_FAILED) {
        fail("no memory");
    }
    struct http_server *server = server_open(&bench);
    if (bench.tasks != NULL &&
        thread_create("answers", bench_answer_later, &bench, &thread, &error) != STATUS_OK) {
        fail(error.text);
    }
    pid_t client = fork();
    if (client == 0) {
        client_run(http_server_address(server), connections, seconds, body_bytes, requests);
        _exit(0);
    }
    int status = 0;
    struct rusage used;
    if (waitpid(client, &status, 0) != client || status != 0 || getrusage(RUSAGE_SELF, &used) != 0) {
        fail("the client failed");
    }
    double system_us = cpu_us(&used.ru_stime);
    (void)printf("%.0f %.2f %.2f\n", (double)*requests / seconds,
                 (cpu_us(&used.ru_utime) + system_us) / (double)*requests, system_us / (double)*requests);
    if (bench.tasks != NULL) {
        mailbox_close(bench.tasks);
        thread_join(&thread);
    }
    http_server_close(&server);
    mailbox_destroy(&bench.tasks);
    memory_destroy(data);
    (void)munmap(requests, sizeof(*requests));
    return 0;
}
