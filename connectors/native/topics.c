/* One walk along the feed publishes for all topics. Everything runs on the topics' thread unless it says so. */
#include "native/topics.h"

#include <stdatomic.h>

#include <zmq.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/map.h"
#include "base/memory.h"
#include "native/bounds.h"
#include "native_private.h"

/* A table: what was last published of it, and the message under construction. */
struct topic {
    struct buffer name; /* with the NUL that ends the topic */
    uint64_t
        previous_lsn; /* of the last message, or of the last record nobody wanted; 0: since before the start */
    uint64_t first_lsn;
    uint64_t last_lsn;
    uint64_t term;
    struct buffer records;
    uint32_t count;
    struct topic *next;
};

struct topics {
    struct topics_options options;
    char *address;
    void *context;
    void *socket;
    struct thread *thread;
    struct mailbox *mailbox;
    struct message wake;
    atomic_bool is_awake;
    atomic_bool is_stopping;
    atomic_bool has_listeners; /* the thread sets it, the writer looks */
    struct subscription *subscription;
    struct map *by_name; /* table name → topic */
    struct topic *all;
    struct map *prefixes; /* what subscribers asked for, → a mark */
    int64_t heartbeat_us; /* steady: when the next one is due */
    bool has_ended;       /* the feed cannot be read on; it was told */
};

enum {
    TOPICS_RECORDS_PER_TURN = 4096, /* before subscriptions are looked at again */
    TOPICS_QUEUE_MESSAGES = 10000,  /* of one subscriber; beyond it messages are dropped (it sees the gap) */
    TOPICS_HEARTBEAT_MS = 1000,
    TOPIC_FLAG_HEARTBEAT = 1,
};

/* --- subscriptions ---------------------------------------------------------------------------------------------- */

static bool topic_is_wanted(const struct topics *topics, const struct topic *topic)
{
    size_t position = 0;
    struct bytes prefix;
    void *value = NULL;
    while (map_next(topics->prefixes, &position, &prefix, &value)) {
        if (bytes_start_with(buffer_bytes(&topic->name), prefix)) {
            return true;
        }
    }
    return map_get(topics->prefixes, (struct bytes){0}) != NULL;
}

/* XPUB tells of the first subscription of a prefix (1) and of the end of the last one (0). */
static void topics_hear(struct topics *topics)
{
    static int mark;
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    while (zmq_msg_recv(&message, topics->socket, ZMQ_DONTWAIT) >= 0) {
        struct bytes said = bytes_of(zmq_msg_data(&message), zmq_msg_size(&message));
        if (said.size > 0 && said.size <= TABLE_NAME_BYTES_MAX + 2 && said.data[0] == 1) {
            (void)map_put(topics->prefixes, bytes_from(said, 1), &mark);
        } else if (said.size > 0 && said.data[0] == 0) {
            (void)map_remove(topics->prefixes, bytes_from(said, 1));
        }
    }
    (void)zmq_msg_close(&message);
    atomic_store(&topics->has_listeners, map_count(topics->prefixes) > 0);
}

/* --- publishing ------------------------------------------------------------------------------------------------- */

static void topic_send(struct topics *topics, struct topic *topic, uint64_t flags)
{
    struct buffer header = {0};
    struct buffer records = {0};
    const uint64_t numbers[] = {topics->options.timeline, topic->term,         topic->first_lsn,
                                topic->last_lsn,          topic->previous_lsn, flags};
    codec_put_array(&header, ARRAY_COUNT(numbers));
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        codec_put_unsigned(&header, numbers[i]);
    }
    codec_put_array(&records, topic->count);
    buffer_put(&records, buffer_bytes(&topic->records));
    (void)native__send_part(topics->socket, buffer_bytes(&topic->name), true);
    (void)native__send_part(topics->socket, buffer_bytes(&header), true);
    (void)native__send_part(topics->socket, buffer_bytes(&records), false);
    buffer_reset(&header);
    buffer_reset(&records);
}

static void topic_flush(struct topics *topics, struct topic *topic)
{
    if (topic->count > 0) {
        topic_send(topics, topic, 0);
        topic->previous_lsn = topic->last_lsn;
        topic->count = 0;
        buffer_clear(&topic->records);
    }
}

static struct topic *topic_of(struct topics *topics, struct bytes name)
{
    struct topic *topic = map_get(topics->by_name, name);
    if (topic == NULL) {
        topic = memory_create(sizeof(*topic));
        buffer_put(&topic->name, name);
        buffer_put_u8(&topic->name, 0);
        topic->next = topics->all;
        topics->all = topic;
        (void)map_put(topics->by_name, name, topic);
    }
    return topic;
}

static void topics_take(struct topics *topics, const struct feed_record *found)
{
    const struct schema *schema = gate_schema_of(topics->options.gate, &found->record);
    if (schema == NULL) {
        return;
    }
    struct topic *topic = topic_of(topics, schema->name);
    if (!topic_is_wanted(topics, topic)) {
        topic_flush(topics, topic);
        topic->previous_lsn = found->lsn;
        return;
    }
    topic->first_lsn = topic->count == 0 ? found->lsn : topic->first_lsn;
    topic->last_lsn = found->lsn;
    topic->term = found->term;
    native__put_record(topics->options.gate, &topic->records, found);
    topic->count++;
    if (topic->count == WIRE_RECORDS_PER_MESSAGE || topic->records.size >= 1024 * 1024) {
        topic_flush(topics, topic);
    }
}

/* What was committed, up to a turn's bound; true: there may be more at once. */
static bool topics_pump(struct topics *topics)
{
    struct error error;
    enum status status = topics->has_ended ? STATUS_END : STATUS_OK;
    for (size_t i = 0; i < TOPICS_RECORDS_PER_TURN && status == STATUS_OK; i++) {
        struct feed_record found;
        status = subscription_next(topics->subscription, NULL, &found, &error);
        if (status == STATUS_OK) {
            topics_take(topics, &found);
        }
    }
    for (struct topic *topic = topics->all; topic != NULL; topic = topic->next) {
        topic_flush(topics, topic);
    }
    if (status != STATUS_OK && status != STATUS_END) {
        topics->has_ended = true;
        diagnostic_write(DIAGNOSTIC_ERROR, "topics", "nothing more is published: %s", error.text);
    }
    return status == STATUS_OK;
}

/* A message without records once a second, so that a subscriber knows that it has missed nothing. */
static void topics_beat(struct topics *topics)
{
    int64_t now_us = clock_steady_us(clock_system());
    if (now_us < topics->heartbeat_us) {
        return;
    }
    topics->heartbeat_us = now_us + TOPICS_HEARTBEAT_MS * 1000LL;
    for (struct topic *topic = topics->all; topic != NULL; topic = topic->next) {
        if (topic_is_wanted(topics, topic)) {
            topic->first_lsn = topic->previous_lsn;
            topic->last_lsn = topic->previous_lsn;
            topic_send(topics, topic, TOPIC_FLAG_HEARTBEAT);
        }
    }
}

static void topics_run(void *context)
{
    struct topics *topics = context;
    bool has_more = true;
    zmq_pollitem_t items[2] = {
        {.socket = topics->socket, .events = ZMQ_POLLIN},
        {.fd = mailbox_descriptor(topics->mailbox), .events = ZMQ_POLLIN},
    };
    while (!atomic_load(&topics->is_stopping)) {
        (void)zmq_poll(items, 2, has_more ? 0 : TOPICS_HEARTBEAT_MS / 4);
        atomic_store(&topics->is_awake, false);
        (void)mailbox_receive(topics->mailbox, 0);
        bool is_behind = topics_pump(topics); /* what came before a subscription is not for it */
        topics_hear(topics);
        has_more = topics_pump(topics) || is_behind;
        topics_beat(topics);
    }
}

/* Thread: the writer. Without listeners the thread looks by itself from time to time, to keep its place. */
static void topics_wake(void *context)
{
    struct topics *topics = context;
    if (!atomic_load(&topics->has_listeners)) {
        return;
    }
    if (!atomic_exchange(&topics->is_awake, true) &&
        mailbox_send_reply(topics->mailbox, &topics->wake) != STATUS_OK) {
        atomic_store(&topics->is_awake, false); /* stopping */
    }
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static void topics_note_table(void *context, const struct schema *schema)
{
    (void)topic_of(context, schema->name);
}

enum status topics_open(const struct topics_options *options, struct topics **ret_topics, struct error *error)
{
    enum status status = net_endpoint_check(&options->endpoint, error);
    if (status != STATUS_OK) {
        return status;
    }
    int queue = TOPICS_QUEUE_MESSAGES;
    int linger_ms = 0;
    int64_t topic_bytes_max = NATIVE_TOPIC_BYTES_MAX;
    uint64_t start = 0;
    uint64_t horizon = 0;
    struct subscription_options latest = {.start = FEED_LATEST};
    struct topics *topics = memory_create(sizeof(*topics));
    topics->options = *options;
    topics->mailbox = mailbox_create(4);
    topics->by_name = map_create();
    topics->prefixes = map_create();
    topics->context = zmq_ctx_new();
    CHECK(topics->context != NULL);
    topics->socket = zmq_socket(topics->context, ZMQ_XPUB);
    CHECK(topics->socket != NULL);
    (void)zmq_setsockopt(topics->socket, ZMQ_SNDHWM, &queue, sizeof(queue));
    (void)zmq_setsockopt(topics->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    (void)zmq_setsockopt(topics->socket, ZMQ_MAXMSGSIZE, &topic_bytes_max, sizeof(topic_bytes_max));
    gate_table_list(options->gate, false, topics_note_table, topics);
    status = native__bind(topics->socket, &options->endpoint, &topics->address, error);
    if (status == STATUS_OK) {
        status = subscription_open(options->feed, &latest, &topics->subscription, &start, &horizon, error);
    }
    if (status == STATUS_OK) {
        feed_wake_register(options->feed, topics_wake, topics);
        status = thread_create("topics", topics_run, topics, &topics->thread, error);
    }
    if (status != STATUS_OK) {
        topics_close(&topics);
        return status;
    }
    *ret_topics = topics;
    return STATUS_OK;
}

void topics_close(struct topics **topics)
{
    struct topics *gone = *topics;
    *topics = NULL;
    if (gone == NULL) {
        return;
    }
    feed_wake_unregister(gone->options.feed, gone);
    atomic_store(&gone->is_stopping, true);
    thread_join(&gone->thread);
    subscription_close(&gone->subscription);
    while (gone->all != NULL) {
        struct topic *topic = gone->all;
        gone->all = topic->next;
        buffer_reset(&topic->name);
        buffer_reset(&topic->records);
        memory_destroy(topic);
    }
    map_destroy(&gone->by_name);
    map_destroy(&gone->prefixes);
    (void)zmq_close(gone->socket);
    (void)zmq_ctx_term(gone->context);
    (void)mailbox_receive(gone->mailbox, 0);
    mailbox_destroy(&gone->mailbox);
    memory_destroy(gone->address);
    memory_destroy(gone);
}

const char *topics_address(const struct topics *topics)
{
    return topics->address;
}
