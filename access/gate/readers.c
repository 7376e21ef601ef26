#include "gate/readers.h"

#include <pthread.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/metric.h"
#include "base/thread.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): atomic */
static struct metric reads_waiting = {.kind = METRIC_GAUGE,
                                      .name = "oxbow_reads_waiting",
                                      .help = "Long reads that wait for a thread of the reader pool."};
static struct metric reads_total = {.kind = METRIC_COUNTER,
                                    .name = "oxbow_long_reads_total",
                                    .help = "Reads that doors left to the reader pool."};
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

/* One thread and what it reads by. */
struct reader_thread {
    struct gate_readers *readers;
    struct thread *thread;
    struct gate_view *view;
    struct gate_view *aside;
};

struct gate_readers {
    struct reader_thread threads[GATE_READERS_MAX];
    size_t count;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    struct gate_reading *first;
    struct gate_reading *last;
    bool is_stopping;
};

/* The next one; NULL: nothing more comes. */
static struct gate_reading *readers_take(struct gate_readers *readers)
{
    (void)pthread_mutex_lock(&readers->mutex);
    while (readers->first == NULL && !readers->is_stopping) {
        (void)pthread_cond_wait(&readers->wake, &readers->mutex);
    }
    struct gate_reading *taken = readers->first;
    if (taken != NULL) {
        readers->first = taken->next;
        metric_add(&reads_waiting, -1);
    }
    (void)pthread_mutex_unlock(&readers->mutex);
    return taken;
}

/* Without being nice it may take the place of the loop that woke it. */
static void reader_run(void *context)
{
    struct reader_thread *reader = context;
    thread_be_nice(GATE_READERS_NICE);
    struct gate_reading *reading = readers_take(reader->readers);
    while (reading != NULL) {
        reading->run(reading, reader->view, reader->aside);
        reading = readers_take(reader->readers);
    }
}

static size_t readers_wanted(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < GATE_READERS_MIN   ? GATE_READERS_MIN
           : processors > GATE_READERS_MAX ? GATE_READERS_MAX
                                           : (size_t)processors;
}

static enum status reader_open(struct gate_readers *readers, struct gate *gate, struct reader_thread *reader,
                               struct error *error)
{
    reader->readers = readers;
    enum status status = gate_view_open(gate, &reader->view, error);
    if (status == STATUS_OK) {
        status = gate_view_open(gate, &reader->aside, error);
    }
    if (status == STATUS_OK) {
        status = thread_create("reader", reader_run, reader, &reader->thread, error);
    }
    return status;
}

enum status gate_readers_open(struct gate *gate, struct gate_readers **ret_readers, struct error *error)
{
    struct gate_readers *readers = memory_create(sizeof(*readers));
    enum status status = STATUS_OK;
    metric_register(&reads_waiting);
    metric_register(&reads_total);
    CHECK(pthread_mutex_init(&readers->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&readers->wake, NULL) == 0);
    for (size_t wanted = readers_wanted(); readers->count < wanted && status == STATUS_OK; readers->count++) {
        status = reader_open(readers, gate, &readers->threads[readers->count], error);
    }
    if (status != STATUS_OK) {
        gate_readers_stop(readers);
        gate_readers_close(&readers);
        return status;
    }
    *ret_readers = readers;
    return STATUS_OK;
}

void gate_readers_stop(struct gate_readers *readers)
{
    if (readers == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&readers->mutex);
    readers->is_stopping = true;
    (void)pthread_cond_broadcast(&readers->wake);
    (void)pthread_mutex_unlock(&readers->mutex);
    for (size_t i = 0; i < readers->count; i++) {
        gate_view_end(readers->threads[i].view);
        gate_view_end(readers->threads[i].aside);
    }
    for (size_t i = 0; i < readers->count; i++) {
        thread_join(&readers->threads[i].thread);
    }
}

void gate_readers_close(struct gate_readers **readers)
{
    struct gate_readers *gone = *readers;
    *readers = NULL;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < gone->count; i++) {
        gate_view_close(&gone->threads[i].view);
        gate_view_close(&gone->threads[i].aside);
    }
    (void)pthread_cond_destroy(&gone->wake);
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone);
}

enum status gate_readers_submit(struct gate_readers *readers, struct gate_reading *reading)
{
    enum status status = STATUS_OK;
    reading->next = NULL;
    (void)pthread_mutex_lock(&readers->mutex);
    if (readers->is_stopping) {
        status = STATUS_CLOSED;
    } else {
        *(readers->first == NULL ? &readers->first : &readers->last->next) = reading;
        readers->last = reading;
        metric_add(&reads_waiting, 1);
        metric_add(&reads_total, 1);
        (void)pthread_cond_signal(&readers->wake);
    }
    (void)pthread_mutex_unlock(&readers->mutex);
    return status;
}
