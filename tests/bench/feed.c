/* The feed over the native door: from a put to its subscriber, many readers, catching up.
 *
 * usage: bench_feed fill ADDRESS RECORDS BYTES [ITEMS]      items of random keys, in transactions of 500, or so many
 *        bench_feed latency ADDRESS SECONDS                 one put at a time and one subscriber
 *        bench_feed readers ADDRESS READERS SECONDS [RECORDS]  from now on, or from the oldest until RECORDS were read
 * latency prints: per second, p50 and p99 from sending the put to having the record; p50 and p99 of the put's own answer; the
 * same from its answer to the record. readers prints: records per second, of all together. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "client/client.h"
#include "codec/pack.h"
#include "samples.h"

enum {
    FILL_TRANSACTION = 500,
    LATENCY_GAP_US = 500, /* between two puts, so that nothing queues */
    CREDIT = 20000,
    TIMEOUT_MS = 10000,
};

static void fail(const struct error *error)
{
    (void)fprintf(stderr, "bench_feed: %s\n", error->text);
    exit(1);
}

static struct client *open_client(const char *address)
{
    struct error error;
    struct client *client = NULL;
    if (client_open(address, TIMEOUT_MS, &client, &error) != STATUS_OK) {
        fail(&error);
    }
    return client;
}

static void put_table(struct buffer *body, uint32_t fields)
{
    codec_put_map(body, fields);
    codec_put_unsigned(body, WIRE_FIELD_TABLE);
    codec_put_text(body, bytes_of_text("bench"));
}

static void put_item(struct buffer *body, uint64_t key, struct bytes payload)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%016llx", (unsigned long long)key);
    codec_put_unsigned(body, WIRE_FIELD_ITEM);
    codec_put_map(body, 2);
    codec_put_text(body, bytes_of_text("id"));
    codec_put_text(body, bytes_of(text, (size_t)size));
    codec_put_text(body, bytes_of_text("v"));
    codec_put_bytes(body, payload);
}

/* --- fill ------------------------------------------------------------------------------------------------------------- */

static void fill_send(struct client *client, struct random *random, struct bytes payload, uint64_t count)
{
    struct buffer body = {0};
    struct error error;
    uint64_t id = 0;
    codec_put_map(&body, 1);
    codec_put_unsigned(&body, WIRE_FIELD_CHANGES);
    codec_put_array(&body, (uint32_t)count);
    for (uint64_t i = 0; i < count; i++) {
        put_table(&body, 3);
        codec_put_unsigned(&body, WIRE_FIELD_KIND);
        codec_put_text(&body, bytes_of_text("put"));
        put_item(&body, random_next(random), payload);
    }
    if (client_send(client, WIRE_TRANSACT, &body, &id, &error) != STATUS_OK) {
        fail(&error);
    }
    buffer_reset(&body);
}

static void bench_fill(const char *address, uint64_t records, size_t bytes, uint64_t transaction)
{
    struct client *client = open_client(address);
    struct random random;
    struct arena arena = {0};
    struct error error;
    struct value answer;
    uint64_t id = 0;
    uint8_t *payload = memory_create(bytes);
    random_init(&random, (uint64_t)bench_now_us());
    random_fill(&random, payload, bytes);
    int64_t start = bench_now_us();
    uint64_t sent = 0;
    for (uint64_t waiting = 0; sent < records || waiting > 0;) {
        if (sent < records && waiting < 4) {
            uint64_t count = records - sent < transaction ? records - sent : transaction;
            fill_send(client, &random, bytes_of(payload, bytes), count);
            sent += count;
            waiting++;
        } else if (client_receive(client, TIMEOUT_MS, &arena, &id, &answer, &error) == STATUS_OK) {
            waiting--;
        } else {
            fail(&error);
        }
    }
    (void)printf("%.0f\n", (double)records * 1e6 / (double)(bench_now_us() - start));
    memory_destroy(payload);
    arena_reset(&arena);
    client_close(&client);
}

/* --- subscribing ------------------------------------------------------------------------------------------------------- */

static uint64_t subscribe(struct client *client, bool from_oldest)
{
    struct buffer body = {0};
    struct error error;
    uint64_t id = 0;
    put_table(&body, 3);
    codec_put_unsigned(&body, WIRE_FIELD_CREDIT);
    codec_put_unsigned(&body, CREDIT);
    codec_put_unsigned(&body, WIRE_FIELD_START);
    codec_put_text(&body, bytes_of_text(from_oldest ? "oldest" : "latest"));
    if (client_send(client, WIRE_SUBSCRIBE, &body, &id, &error) != STATUS_OK) {
        fail(&error);
    }
    buffer_reset(&body);
    return id;
}

static void give_credit(struct client *client, uint64_t id, size_t records)
{
    struct buffer body = {0};
    struct error error;
    codec_put_map(&body, 1);
    codec_put_unsigned(&body, WIRE_FIELD_CREDIT);
    codec_put_unsigned(&body, records);
    if (client_send_again(client, WIRE_CREDIT, id, &body, &error) != STATUS_OK) {
        fail(&error);
    }
    buffer_reset(&body);
}

static size_t records_of(const struct value *answer)
{
    const struct value *records = codec_field(answer, WIRE_FIELD_RECORDS);
    return records != NULL && records->kind == VALUE_LIST ? records->items.count : 0;
}

/* --- latency ----------------------------------------------------------------------------------------------------------- */

/* Sends a put and waits for its answer and its record. */
static void latency_once(struct client *clients[2], uint64_t subscription, uint64_t number,
                         struct arena *arena, struct samples samples[3])
{
    struct buffer body = {0};
    struct error error;
    struct value answer;
    uint64_t id = 0;
    uint8_t payload[100] = {0};
    int64_t answered = 0;
    int64_t received = 0;
    bytes_put_u64(payload, (uint64_t)bench_now_us());
    put_table(&body, 2);
    put_item(&body, number % 1000, bytes_of(payload, sizeof(payload)));
    int64_t start = bench_now_us();
    if (client_send(clients[0], WIRE_PUT, &body, &id, &error) != STATUS_OK) {
        fail(&error);
    }
    while (answered == 0 || received == 0) {
        bool ready[2];
        if (client_wait(clients, 2, TIMEOUT_MS, ready, &error) != STATUS_OK) {
            fail(&error);
        }
        for (size_t i = 0; i < 2; i++) {
            if (ready[i] &&
                client_receive(clients[i], TIMEOUT_MS, arena, &id, &answer, &error) != STATUS_OK) {
                fail(&error);
            }
            if (ready[i]) {
                *(i == 0 ? &answered : &received) = bench_now_us();
            }
        }
    }
    give_credit(clients[1], subscription, 1);
    samples_add(&samples[0], received - start);
    samples_add(&samples[1], answered - start);
    samples_add(&samples[2], received - answered);
    buffer_reset(&body);
}

static void bench_latency(const char *address, double seconds)
{
    struct client *clients[2];
    struct samples samples[3] = {samples_create(), samples_create(), samples_create()};
    struct arena arena = {0};
    struct error error;
    struct value answer;
    uint64_t id = 0;
    clients[0] = open_client(address);
    clients[1] = client_open_beside(clients[0]);
    uint64_t subscription = subscribe(clients[1], false);
    if (client_receive(clients[1], TIMEOUT_MS, &arena, &id, &answer, &error) != STATUS_OK) {
        fail(&error);
    }
    int64_t until = bench_now_us() + (int64_t)(seconds * 1e6);
    for (uint64_t number = 0; bench_now_us() < until; number++) {
        latency_once(clients, subscription, number, &arena, samples);
        for (int64_t pause = bench_now_us() + LATENCY_GAP_US; bench_now_us() < pause;) {
        }
    }
    for (size_t i = 0; i < 3; i++) {
        samples_print(&samples[i], seconds);
        samples_reset(&samples[i]);
    }
    arena_reset(&arena);
    client_close(&clients[1]);
    client_close(&clients[0]);
}

/* --- readers ----------------------------------------------------------------------------------------------------------- */

struct readers {
    const char *address;
    uint64_t most; /* records that each reads from the oldest; 0: from now on, until it is stopped */
    atomic_bool is_stopping;
    _Atomic uint64_t records;
};

static void *reader_run(void *context)
{
    struct readers *readers = context;
    struct client *client = open_client(readers->address);
    struct arena arena = {0};
    struct error error;
    struct value answer;
    uint64_t id = 0;
    uint64_t read = 0;
    uint64_t subscription = subscribe(client, readers->most > 0);
    while (!atomic_load(&readers->is_stopping) && (readers->most == 0 || read < readers->most)) {
        enum status status = client_receive(client, 100, &arena, &id, &answer, &error);
        if (status != STATUS_OK && status != STATUS_TIMEOUT) {
            fail(&error);
        }
        size_t count = status == STATUS_OK ? records_of(&answer) : 0;
        if (count > 0) {
            give_credit(client, subscription, count);
        }
        read += count;
        atomic_fetch_add(&readers->records, count);
    }
    arena_reset(&arena);
    client_close(&client);
    return NULL;
}

static void bench_readers(const char *address, size_t count, double seconds, uint64_t most)
{
    struct readers readers = {.address = address, .most = most};
    pthread_t *threads = memory_create_array(count, sizeof(*threads));
    int64_t start = bench_now_us();
    for (size_t i = 0; i < count; i++) {
        CHECK(pthread_create(&threads[i], NULL, reader_run, &readers) == 0);
    }
    while (most == 0 && bench_now_us() < start + (int64_t)(seconds * 1e6)) {
        struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
    }
    atomic_store(&readers.is_stopping, most == 0);
    for (size_t i = 0; i < count; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    (void)printf("%.0f\n", (double)readers.records * 1e6 / (double)(bench_now_us() - start));
    memory_destroy(threads);
}

int main(int count, char **arguments)
{
    const char *what = count > 3 ? arguments[1] : "";
    if (strcmp(what, "fill") == 0 && count >= 5) {
        bench_fill(arguments[2], strtoull(arguments[3], NULL, 10), strtoull(arguments[4], NULL, 10),
                   count > 5 ? strtoull(arguments[5], NULL, 10) : FILL_TRANSACTION);
    } else if (strcmp(what, "latency") == 0) {
        bench_latency(arguments[2], strtod(arguments[3], NULL));
    } else if (strcmp(what, "readers") == 0 && count >= 5) {
        bench_readers(arguments[2], strtoull(arguments[3], NULL, 10), strtod(arguments[4], NULL),
                      count > 5 ? strtoull(arguments[5], NULL, 10) : 0);
    } else {
        (void)fprintf(stderr,
                      "usage: bench_feed fill ADDRESS RECORDS BYTES [ITEMS] | latency ADDRESS SECONDS | "
                      "readers ADDRESS READERS SECONDS [RECORDS]\n");
        return 2;
    }
    return 0;
}
