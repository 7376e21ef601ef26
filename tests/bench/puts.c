/* Durable single-row puts over the native door, one in flight per connection, and the disk's own fdatasync beside it.
 *
 * usage: bench_puts disk DIR SECONDS | bench_puts ADDRESS CONNECTIONS SECONDS
 * Prints: operations per second, p50 and p99 in microseconds. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/client.h"
#include "codec/pack.h"

enum {
    SAMPLES_MAX = 2000000,
    PAYLOAD_BYTES = 100,
    DISK_FILE_BYTES = 16 * 1024 * 1024,
    DISK_BLOCK_BYTES = 4096,
};

struct worker {
    pthread_t thread;
    const char *address;
    int number;
    int64_t until_us;
    int64_t *samples;
    size_t room;
    size_t count;
};

static int64_t now_us(void)
{
    return clock_steady_us(clock_system());
}

static int compare_samples(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void print_samples(int64_t *samples, size_t count, double seconds)
{
    if (count == 0) {
        (void)printf("nothing was measured\n");
        exit(1);
    }
    qsort(samples, count, sizeof(*samples), compare_samples);
    (void)printf("%.0f %lld %lld\n", (double)count / seconds, (long long)samples[count / 2],
                 (long long)samples[count * 99 / 100]);
}

static void fail(const struct error *error)
{
    (void)fprintf(stderr, "bench_puts: %s\n", error->text);
    exit(1);
}

static void put_once(struct client *client, int worker, size_t number, struct arena *arena)
{
    struct buffer body = {0};
    struct value answer;
    struct error error;
    char key[32];
    uint8_t payload[PAYLOAD_BYTES] = {0};
    memcpy(payload, &number, sizeof(number)); /* never equal to what is there: that would write nothing */
    int size = snprintf(key, sizeof(key), "%d-%zu", worker, number % 1000);
    codec_put_map(&body, 2);
    codec_put_unsigned(&body, WIRE_FIELD_TABLE);
    codec_put_text(&body, bytes_of_text("bench"));
    codec_put_unsigned(&body, WIRE_FIELD_ITEM);
    codec_put_map(&body, 2);
    codec_put_text(&body, bytes_of_text("id"));
    codec_put_text(&body, bytes_of(key, (size_t)size));
    codec_put_text(&body, bytes_of_text("v"));
    codec_put_bytes(&body, bytes_of(payload, sizeof(payload)));
    if (client_request(client, WIRE_PUT, &body, arena, &answer, &error) != STATUS_OK) {
        fail(&error);
    }
    buffer_reset(&body);
}

static void *worker_run(void *context)
{
    struct worker *worker = context;
    struct client *client = NULL;
    struct arena arena = {0};
    struct error error;
    if (client_open(worker->address, 10000, &client, &error) != STATUS_OK) {
        fail(&error);
    }
    int64_t start = now_us();
    for (size_t i = 0; start < worker->until_us && i < worker->room; i++) {
        put_once(client, worker->number, i, &arena);
        int64_t end = now_us();
        worker->samples[worker->count++] = end - start;
        start = end;
    }
    client_close(&client);
    arena_reset(&arena);
    return NULL;
}

static void bench_server(const char *address, int connections, double seconds)
{
    struct worker *workers = memory_create_array((size_t)connections, sizeof(*workers));
    int64_t until = now_us() + (int64_t)(seconds * 1e6);
    size_t room = SAMPLES_MAX / (size_t)connections;
    for (int i = 0; i < connections; i++) {
        workers[i] = (struct worker){.address = address, .number = i, .until_us = until, .room = room};
        workers[i].samples = memory_create_array(room, sizeof(int64_t));
        CHECK(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) == 0);
    }
    int64_t *samples = memory_create_array(SAMPLES_MAX, sizeof(*samples));
    size_t count = 0;
    for (int i = 0; i < connections; i++) {
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
        memcpy(samples + count, workers[i].samples, workers[i].count * sizeof(*samples));
        count += workers[i].count;
        memory_destroy(workers[i].samples);
    }
    print_samples(samples, count, seconds);
    memory_destroy(samples);
    memory_destroy(workers);
}

/* 4 KiB over written zeros, then fdatasync: what one durable write costs at least. */
static void bench_disk(const char *directory, double seconds)
{
    struct error error;
    struct file file = FILE_CLOSED;
    char *path = file_path_join(directory, "bench");
    uint8_t *zeros = memory_create(DISK_FILE_BYTES);
    int64_t *samples = memory_create_array(SAMPLES_MAX, sizeof(*samples));
    size_t count = 0;
    if (file_open(path, O_RDWR | O_CREAT, &file, &error) != STATUS_OK ||
        file_write_at(&file, bytes_of(zeros, DISK_FILE_BYTES), 0, &error) != STATUS_OK ||
        file_sync(&file, &error) != STATUS_OK) {
        fail(&error);
    }
    int64_t until = now_us() + (int64_t)(seconds * 1e6);
    for (int64_t start = now_us(); start < until && count < SAMPLES_MAX;) {
        uint64_t offset = count * DISK_BLOCK_BYTES % DISK_FILE_BYTES;
        if (file_write_at(&file, bytes_of(zeros, DISK_BLOCK_BYTES), offset, &error) != STATUS_OK ||
            file_sync_data(&file, &error) != STATUS_OK) {
            fail(&error);
        }
        int64_t end = now_us();
        samples[count++] = end - start;
        start = end;
    }
    print_samples(samples, count, seconds);
    file_close(&file);
    memory_destroy(samples);
    memory_destroy(zeros);
    memory_destroy(path);
}

int main(int count, char **arguments)
{
    if (count != 4) {
        (void)fprintf(stderr,
                      "usage: bench_puts disk DIR SECONDS | bench_puts ADDRESS CONNECTIONS SECONDS\n");
        return 2;
    }
    double seconds = strtod(arguments[3], NULL);
    long connections = strtol(arguments[2], NULL, 10);
    if (strcmp(arguments[1], "disk") == 0) {
        bench_disk(arguments[2], seconds);
    } else if (connections > 0 && connections <= 1000 && seconds > 0) {
        bench_server(arguments[1], (int)connections, seconds);
    } else {
        return 2;
    }
    return 0;
}
