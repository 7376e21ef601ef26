/* What the feed is measured against: Redis Streams, and a pair of programs that take and give lines (psql and
 * pg_recvlogical).
 *
 * usage: bench_feed_peers redis PORT SECONDS | lines OUT-FIFO IN-FIFO SECONDS
 * Prints, as bench_feed latency does: per second, p50 and p99 from sending to receiving. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "samples.h"

enum {
    GAP_US = 500,
    LINE_BYTES = 4096,
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_feed_peers: %s\n", what);
    exit(1);
}

static void write_all(int descriptor, const char *text)
{
    size_t size = strlen(text);
    if (write(descriptor, text, size) != (ssize_t)size) {
        fail("cannot write");
    }
}

static void pause_us(int64_t us)
{
    for (int64_t until = bench_now_us() + us; bench_now_us() < until;) {
    }
}

/* --- Redis ------------------------------------------------------------------------------------------------------------- */

static int redis_open(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fail("no Redis there");
    }
    return descriptor;
}

/* Reads until `marker` was received; the answers here are small and come whole or in a few pieces. */
static void read_until(int descriptor, char *room, const char *marker)
{
    size_t size = 0;
    room[0] = '\0';
    while (strstr(room, marker) == NULL) {
        ssize_t got = read(descriptor, room + size, LINE_BYTES - 1 - size);
        if (got <= 0) {
            fail("the connection ended");
        }
        size += (size_t)got;
        room[size] = '\0';
    }
}

/* XREAD waits on one connection, XADD goes over the other. */
static void bench_redis(const char *port, double seconds)
{
    int writer = redis_open(port);
    int reader = redis_open(port);
    struct samples samples = samples_create();
    char room[LINE_BYTES];
    char command[LINE_BYTES];
    char last[64] = "0-0";
    int64_t until = bench_now_us() + (int64_t)(seconds * 1e6);
    for (uint64_t number = 1; bench_now_us() < until; number++) {
        char id[32];
        char payload[101];
        (void)snprintf(id, sizeof(id), "%llu-1", (unsigned long long)number);
        (void)snprintf(payload, sizeof(payload), "%0100llu", (unsigned long long)number);
        (void)snprintf(
            command, sizeof(command),
            "*6\r\n$5\r\nXREAD\r\n$5\r\nBLOCK\r\n$1\r\n0\r\n$7\r\nSTREAMS\r\n$1\r\ns\r\n$%zu\r\n%s\r\n",
            strlen(last), last);
        write_all(reader, command);
        pause_us(GAP_US);
        (void)snprintf(command, sizeof(command),
                       "*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$%zu\r\n%s\r\n$1\r\nv\r\n$100\r\n%s\r\n", strlen(id),
                       id, payload);
        int64_t start = bench_now_us();
        write_all(writer, command);
        read_until(reader, room, payload);
        samples_add(&samples, bench_now_us() - start);
        read_until(writer, room, "\r\n");
        (void)snprintf(last, sizeof(last), "%s", id);
    }
    samples_print(&samples, seconds);
    samples_reset(&samples);
    (void)close(writer);
    (void)close(reader);
}

/* --- lines ------------------------------------------------------------------------------------------------------------- */

static void bench_lines(const char *out, const char *in, double seconds)
{
    int writer = open(out, O_WRONLY);
    int reader = open(in, O_RDONLY);
    struct samples samples = samples_create();
    char room[LINE_BYTES];
    char line[LINE_BYTES];
    if (writer < 0 || reader < 0) {
        fail("cannot open the pipes");
    }
    int64_t until = bench_now_us() + (int64_t)(seconds * 1e6);
    for (uint64_t number = 1; bench_now_us() < until; number++) {
        char payload[101];
        (void)snprintf(payload, sizeof(payload), "%0100llu", (unsigned long long)number);
        (void)
            snprintf(line, sizeof(line),
                     "INSERT INTO feed VALUES (%llu, '%s') ON CONFLICT (id) DO UPDATE SET v = excluded.v;\n",
                     (unsigned long long)(number % 1000), payload);
        pause_us(GAP_US);
        int64_t start = bench_now_us();
        write_all(writer, line);
        read_until(reader, room, payload);
        samples_add(&samples, bench_now_us() - start);
        if (strstr(room, "COMMIT") == NULL) {
            read_until(reader, room, "COMMIT");
        }
    }
    samples_print(&samples, seconds);
    samples_reset(&samples);
    (void)close(writer);
    (void)close(reader);
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "redis") == 0) {
        bench_redis(arguments[2], strtod(arguments[3], NULL));
    } else if (count == 5 && strcmp(arguments[1], "lines") == 0) {
        bench_lines(arguments[2], arguments[3], strtod(arguments[4], NULL));
    } else {
        (void)fprintf(stderr,
                      "usage: bench_feed_peers redis PORT SECONDS | lines OUT-FIFO IN-FIFO SECONDS\n");
        return 2;
    }
    return 0;
}
