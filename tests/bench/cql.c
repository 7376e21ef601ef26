/* Prepared INSERTs or SELECTs of one row over the CQL door (native protocol version 4), by one thread over all connections, as
 * redis-benchmark does it.
 *
 * usage: bench_cql ADDRESS insert|select CONNECTIONS SECONDS [IN-FLIGHT]
 * Prints: requests per second, p50 and p99 in microseconds. Makes keyspace and table "bench" when they are not there; a SELECT reads
 * what an INSERT of an earlier run wrote. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "samples.h"

enum {
    PAYLOAD_BYTES = 100,
    KEYS = 100000,
    HEADER_BYTES = 9,
    VERSION_REQUEST = 4,
    OPCODE_ERROR = 0,
    OPCODE_STARTUP = 1,
    OPCODE_QUERY = 7,
    OPCODE_PREPARE = 9,
    OPCODE_EXECUTE = 10,
    CONSISTENCY_ONE = 1,
    FLAG_VALUES = 1,
    CONNECTIONS_MAX = 1000,
    IN_FLIGHT_MAX = 1000,
    RECEIVE_BYTES = 65536,
};

/* A connection with requests under way, by stream. */
struct lane {
    int socket;
    int64_t *started;
    struct buffer received;
    struct buffer out;
};

struct bench {
    bool inserts;
    uint8_t id[64]; /* of the prepared statement */
    size_t id_bytes;
    struct random random;
    struct samples samples;
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_cql: %s\n", what);
    exit(1);
}

/* --- envelopes -------------------------------------------------------------------------------------------------------- */

static void put_envelope(struct buffer *out, uint16_t stream, uint8_t opcode, struct bytes body)
{
    buffer_put_u8(out, VERSION_REQUEST);
    buffer_put_u8(out, 0);
    buffer_put_u16(out, stream);
    buffer_put_u8(out, opcode);
    buffer_put_u32(out, (uint32_t)body.size);
    buffer_put(out, body);
}

static void lane_flush(struct lane *lane)
{
    size_t sent = 0;
    while (sent < lane->out.size) {
        ssize_t n = send(lane->socket, lane->out.data + sent, lane->out.size - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            fail("the server closed a connection");
        }
        sent += n > 0 ? (size_t)n : 0;
    }
    buffer_clear(&lane->out);
}

/* The size of the envelope at the head of what was received; 0: it is not whole. */
static size_t lane_envelope(const struct lane *lane, size_t offset)
{
    if (lane->received.size - offset < HEADER_BYTES) {
        return 0;
    }
    size_t size = HEADER_BYTES + bytes_get_u32(lane->received.data + offset + 5);
    return lane->received.size - offset < size ? 0 : size;
}

static void lane_receive(struct lane *lane)
{
    uint8_t bytes[RECEIVE_BYTES];
    ssize_t n = recv(lane->socket, bytes, sizeof(bytes), 0);
    if (n <= 0) {
        fail("the server closed a connection");
    }
    buffer_put(&lane->received, bytes_of(bytes, (size_t)n));
}

/* Sends one request and waits for its answer: *ret_body is borrowed until the next one. */
static struct bytes lane_ask(struct lane *lane, uint8_t opcode, struct bytes body)
{
    buffer_clear(&lane->received);
    put_envelope(&lane->out, 0, opcode, body);
    lane_flush(lane);
    while (lane_envelope(lane, 0) == 0) {
        lane_receive(lane);
    }
    struct bytes answer = bytes_from(buffer_bytes(&lane->received), HEADER_BYTES);
    if (lane->received.data[4] == OPCODE_ERROR) {
        (void)fprintf(stderr, "bench_cql: %.*s\n", (int)answer.size - 6, (const char *)answer.data + 6);
        exit(1);
    }
    return answer;
}

static void put_long_text(struct buffer *body, const char *text)
{
    buffer_put_u32(body, (uint32_t)strlen(text));
    buffer_put_text(body, text);
}

static void lane_query(struct lane *lane, const char *text)
{
    struct buffer body = {0};
    put_long_text(&body, text);
    buffer_put_u16(&body, CONSISTENCY_ONE);
    buffer_put_u8(&body, 0);
    (void)lane_ask(lane, OPCODE_QUERY, buffer_bytes(&body));
    buffer_reset(&body);
}

static void lane_open(struct lane *lane, const char *host, uint16_t port, size_t in_flight)
{
    static const char startup[] = "\0\1\0\13CQL_VERSION\0\0053.0.0";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    *lane = (struct lane){.socket = socket(AF_INET, SOCK_STREAM, 0),
                          .started = memory_create_array(in_flight, sizeof(int64_t))};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        connect(lane->socket, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fail("the server cannot be reached");
    }
    (void)setsockopt(lane->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)lane_ask(lane, OPCODE_STARTUP, bytes_of((const uint8_t *)startup, sizeof(startup) - 1));
}

/* --- requests --------------------------------------------------------------------------------------------------------- */

static void bench_prepare(struct bench *bench, struct lane *lane)
{
    struct buffer body = {0};
    lane_query(lane, "CREATE KEYSPACE IF NOT EXISTS bench WITH replication = {'class': 'SimpleStrategy', "
                     "'replication_factor': 1}");
    lane_query(lane, "CREATE TABLE IF NOT EXISTS bench.bench (p bigint PRIMARY KEY, v blob)");
    put_long_text(&body, bench->inserts ? "INSERT INTO bench.bench (p, v) VALUES (?, ?)"
                                        : "SELECT v FROM bench.bench WHERE p = ?");
    struct bytes answer = lane_ask(lane, OPCODE_PREPARE, buffer_bytes(&body));
    bench->id_bytes = bytes_get_u16(answer.data + 4); /* behind the kind of the result */
    CHECK(bench->id_bytes <= sizeof(bench->id) && answer.size >= 6 + bench->id_bytes);
    memcpy(bench->id, answer.data + 6, bench->id_bytes);
    buffer_reset(&body);
}

static void bench_send(struct bench *bench, struct lane *lane, uint16_t stream)
{
    struct buffer body = {0};
    uint8_t payload[PAYLOAD_BYTES];
    buffer_put_u16(&body, (uint16_t)bench->id_bytes);
    buffer_put(&body, bytes_of(bench->id, bench->id_bytes));
    buffer_put_u16(&body, CONSISTENCY_ONE);
    buffer_put_u8(&body, FLAG_VALUES);
    buffer_put_u16(&body, bench->inserts ? 2 : 1);
    buffer_put_u32(&body, sizeof(uint64_t));
    buffer_put_u64(&body, random_below(&bench->random, KEYS));
    if (bench->inserts) {
        for (size_t i = 0; i < PAYLOAD_BYTES; i += sizeof(uint32_t)) {
            bytes_put_u32(payload + i, (uint32_t)random_below(&bench->random, UINT32_MAX));
        }
        buffer_put_u32(&body, PAYLOAD_BYTES);
        buffer_put(&body, bytes_of(payload, sizeof(payload)));
    }
    lane->started[stream] = bench_now_us();
    put_envelope(&lane->out, stream, OPCODE_EXECUTE, buffer_bytes(&body));
    buffer_reset(&body);
}

/* Takes all answers that are there, and sends as many requests. */
static void bench_turn(struct bench *bench, struct lane *lane)
{
    size_t offset = 0;
    lane_receive(lane);
    for (size_t size = lane_envelope(lane, 0); size > 0; size = lane_envelope(lane, offset)) {
        const uint8_t *head = lane->received.data + offset;
        uint16_t stream = bytes_get_u16(head + 2);
        if (head[4] == OPCODE_ERROR) {
            fail("a request was refused");
        }
        samples_add(&bench->samples, bench_now_us() - lane->started[stream]);
        bench_send(bench, lane, stream);
        offset += size;
    }
    size_t left = lane->received.size - offset;
    memmove(lane->received.data, lane->received.data + offset, left);
    lane->received.size = left;
    lane_flush(lane);
}

static void bench_run(struct bench *bench, struct lane *lanes, size_t connections, size_t in_flight,
                      double seconds)
{
    struct pollfd *items = memory_create_array(connections, sizeof(*items));
    for (size_t i = 0; i < connections; i++) {
        items[i] = (struct pollfd){.fd = lanes[i].socket, .events = POLLIN};
        buffer_clear(&lanes[i].received);
        for (size_t k = 0; k < in_flight; k++) {
            bench_send(bench, &lanes[i], (uint16_t)k);
        }
        lane_flush(&lanes[i]);
    }
    int64_t until = bench_now_us() + (int64_t)(seconds * 1e6);
    while (bench_now_us() < until) {
        if (poll(items, connections, 10000) <= 0) {
            fail("no answer within 10 s");
        }
        for (size_t i = 0; i < connections; i++) {
            if (items[i].revents != 0) {
                bench_turn(bench, &lanes[i]);
            }
        }
    }
    samples_print(&bench->samples, seconds);
    memory_destroy(items);
}

int main(int count, char **arguments)
{
    char host[64];
    const char *colon = count >= 5 ? strrchr(arguments[1], ':') : NULL;
    size_t connections = count >= 5 ? strtoul(arguments[3], NULL, 10) : 0;
    double seconds = count >= 5 ? strtod(arguments[4], NULL) : 0;
    size_t in_flight = count == 6 ? strtoul(arguments[5], NULL, 10) : 1;
    if (colon == NULL || (size_t)(colon - arguments[1]) >= sizeof(host) || connections == 0 ||
        connections > CONNECTIONS_MAX || in_flight == 0 || in_flight > IN_FLIGHT_MAX || seconds <= 0) {
        (void)fprintf(stderr, "usage: bench_cql ADDRESS insert|select CONNECTIONS SECONDS [IN-FLIGHT]\n");
        return 2;
    }
    (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - arguments[1]), arguments[1]);
    struct bench bench = {.inserts = strcmp(arguments[2], "insert") == 0, .samples = samples_create()};
    struct lane *lanes = memory_create_array(connections, sizeof(*lanes));
    random_init(&bench.random, (uint64_t)bench_now_us());
    for (size_t i = 0; i < connections; i++) {
        lane_open(&lanes[i], host, (uint16_t)strtoul(colon + 1, NULL, 10), in_flight);
    }
    bench_prepare(&bench, &lanes[0]);
    bench_run(&bench, lanes, connections, in_flight, seconds);
    for (size_t i = 0; i < connections; i++) {
        (void)close(lanes[i].socket);
        memory_destroy(lanes[i].started);
        buffer_reset(&lanes[i].received);
        buffer_reset(&lanes[i].out);
    }
    samples_reset(&bench.samples);
    memory_destroy(lanes);
    return 0;
}
