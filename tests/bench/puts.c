/* Durable single-row puts over the native door, by one thread over all connections, and the disk's own fdatasync beside it.
 *
 * usage: bench_puts disk DIR SECONDS | bench_puts ADDRESS CONNECTIONS SECONDS [IN-FLIGHT]
 * Prints: operations per second, p50 and p99 in microseconds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/client.h"
#include "codec/pack.h"
#include "samples.h"

enum {
    PAYLOAD_BYTES = 100,
    DISK_FILE_BYTES = 16 * 1024 * 1024,
    DISK_BLOCK_BYTES = 4096,
};

/* A connection with one put in flight, or several. */
struct lane {
    struct client *client;
    size_t sent;
    int64_t *started; /* by number of the request, as a ring of `in_flight` */
};

static void fail(const struct error *error)
{
    (void)fprintf(stderr, "bench_puts: %s\n", error->text);
    exit(1);
}

static void put_send(struct lane *lane, int number, size_t in_flight)
{
    struct buffer body = {0};
    struct error error;
    char key[32];
    uint64_t id = 0;
    uint8_t payload[PAYLOAD_BYTES] = {0};
    memcpy(payload, &lane->sent,
           sizeof(lane->sent)); /* never equal to what is there: that would write nothing */
    int size = snprintf(key, sizeof(key), "%d-%zu", number, lane->sent % 1000);
    codec_put_map(&body, 2);
    codec_put_unsigned(&body, WIRE_FIELD_TABLE);
    codec_put_text(&body, bytes_of_text("bench"));
    codec_put_unsigned(&body, WIRE_FIELD_ITEM);
    codec_put_map(&body, 2);
    codec_put_text(&body, bytes_of_text("id"));
    codec_put_text(&body, bytes_of(key, (size_t)size));
    codec_put_text(&body, bytes_of_text("v"));
    codec_put_bytes(&body, bytes_of(payload, sizeof(payload)));
    int64_t start = bench_now_us();
    if (client_send(lane->client, WIRE_PUT, &body, &id, &error) != STATUS_OK) {
        fail(&error);
    }
    lane->started[id % in_flight] = start;
    lane->sent++;
    buffer_reset(&body);
}

/* Takes an answer and sends the next put. */
static int64_t put_answered(struct lane *lane, int number, size_t in_flight, struct arena *arena)
{
    struct value answer;
    struct error error;
    uint64_t id = 0;
    if (client_receive(lane->client, 10000, arena, &id, &answer, &error) != STATUS_OK) {
        fail(&error);
    }
    int64_t took = bench_now_us() - lane->started[id % in_flight];
    put_send(lane, number, in_flight);
    return took;
}

/* One thread, one ZeroMQ context, many connections: as redis-benchmark does it. */
static void bench_server(const char *address, size_t connections, size_t in_flight, double seconds)
{
    struct lane *lanes = memory_create_array(connections, sizeof(*lanes));
    struct client **clients = memory_create_array(connections, sizeof(struct client *));
    bool *ready = memory_create_array(connections, sizeof(*ready));
    struct samples samples = samples_create();
    struct arena arena = {0};
    struct error error;
    if (client_open(address, 10000, &clients[0], &error) != STATUS_OK) {
        fail(&error);
    }
    for (size_t i = 0; i < connections; i++) {
        clients[i] = i == 0 ? clients[0] : client_open_beside(clients[0]);
        lanes[i] =
            (struct lane){.client = clients[i], .started = memory_create_array(in_flight, sizeof(int64_t))};
        for (size_t k = 0; k < in_flight; k++) {
            put_send(&lanes[i], (int)i, in_flight);
        }
    }
    int64_t until = bench_now_us() + (int64_t)(seconds * 1e6);
    while (bench_now_us() < until) {
        if (client_wait(clients, connections, 10000, ready, &error) != STATUS_OK) {
            fail(&error);
        }
        for (size_t i = 0; i < connections; i++) {
            if (ready[i]) {
                samples_add(&samples, put_answered(&lanes[i], (int)i, in_flight, &arena));
            }
        }
    }
    samples_print(&samples, seconds);
    for (size_t i = connections; i-- > 0;) {
        client_close(&clients[i]);
        memory_destroy(lanes[i].started);
    }
    arena_reset(&arena);
    memory_destroy(ready);
    memory_destroy(lanes);
    memory_destroy(clients);
    samples_reset(&samples);
}

/* 4 KiB over written zeros, then fdatasync: what one durable write costs at least. */
static void bench_disk(const char *directory, double seconds)
{
    struct error error;
    struct file file = FILE_CLOSED;
    char *path = file_path_join(directory, "bench");
    uint8_t *zeros = memory_create(DISK_FILE_BYTES);
    struct samples samples = samples_create();
    size_t count = 0;
    if (file_open(path, O_RDWR | O_CREAT, &file, &error) != STATUS_OK ||
        file_write_at(&file, bytes_of(zeros, DISK_FILE_BYTES), 0, &error) != STATUS_OK ||
        file_sync(&file, &error) != STATUS_OK) {
        fail(&error);
    }
    int64_t until = bench_now_us() + (int64_t)(seconds * 1e6);
    for (int64_t start = bench_now_us(); start < until; count++) {
        uint64_t offset = count * DISK_BLOCK_BYTES % DISK_FILE_BYTES;
        if (file_write_at(&file, bytes_of(zeros, DISK_BLOCK_BYTES), offset, &error) != STATUS_OK ||
            file_sync_data(&file, &error) != STATUS_OK) {
            fail(&error);
        }
        int64_t end = bench_now_us();
        samples_add(&samples, end - start);
        start = end;
    }
    samples_print(&samples, seconds);
    file_close(&file);
    samples_reset(&samples);
    memory_destroy(zeros);
    memory_destroy(path);
}

int main(int count, char **arguments)
{
    if (count != 4 && count != 5) {
        (void)fprintf(
            stderr,
            "usage: bench_puts disk DIR SECONDS | bench_puts ADDRESS CONNECTIONS SECONDS [IN-FLIGHT]\n");
        return 2;
    }
    double seconds = strtod(arguments[3], NULL);
    long connections = strtol(arguments[2], NULL, 10);
    long in_flight = count == 5 ? strtol(arguments[4], NULL, 10) : 1;
    if (strcmp(arguments[1], "disk") == 0) {
        bench_disk(arguments[2], seconds);
    } else if (connections > 0 && connections <= 1000 && in_flight > 0 && in_flight <= 1000 && seconds > 0) {
        bench_server(arguments[1], (size_t)connections, (size_t)in_flight, seconds);
    } else {
        return 2;
    }
    return 0;
}
