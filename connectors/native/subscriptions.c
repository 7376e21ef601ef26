/* Streams with credit: the subscriber says how many records it is ready for, the door sends no more. */
#include "base/clock.h"
#include "base/memory.h"
#include "native_private.h"

static void subscription_destroy(struct native_door *door, struct native_subscription **at)
{
    struct native_subscription *gone = *at;
    *at = gone->next;
    subscription_close(&gone->subscription);
    arena_reset(&gone->arena);
    memory_destroy(gone);
    door->subscriptions_count--;
}

void native__subscriptions_close(struct native_door *door)
{
    while (door->subscriptions != NULL) {
        subscription_destroy(door, &door->subscriptions);
    }
}

bool native__has_more(const struct native_door *door)
{
    for (const struct native_subscription *at = door->subscriptions; at != NULL; at = at->next) {
        if (at->has_more) {
            return true;
        }
    }
    return false;
}

static bool subscribe_is_snapshot(const struct value *start)
{
    return start != NULL && start->kind == VALUE_TEXT && bytes_equal(start->bytes, bytes_of_text("snapshot"));
}

enum status native__subscribe_start(const struct native_request *request,
                                    struct subscription_options *options, uint64_t *ret_credit,
                                    struct error *error)
{
    uint64_t time_us = 0;
    const struct value *start = codec_field(&request->body, WIRE_FIELD_START);
    enum status status = codec_field_text(&request->body, WIRE_FIELD_TABLE, &options->table, error);
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&request->body, WIRE_FIELD_CREDIT, 0, ret_credit, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (*ret_credit > FEED_CREDIT_MAX) {
        return error_set(error, STATUS_INVALID, "a credit of up to %d records can be given at once",
                         FEED_CREDIT_MAX);
    }
    options->start = FEED_LATEST;
    if (start != NULL && start->kind == VALUE_INTEGER && start->integer > 0) {
        options->start = FEED_LSN;
        options->lsn = (uint64_t)start->integer;
    } else if (start != NULL && start->kind == VALUE_TEXT &&
               bytes_equal(start->bytes, bytes_of_text("oldest"))) {
        options->start = FEED_OLDEST;
    } else if (start != NULL &&
               !(start->kind == VALUE_TEXT &&
                 (bytes_equal(start->bytes, bytes_of_text("latest")) || subscribe_is_snapshot(start)))) {
        return error_set(error, STATUS_INVALID,
                         "start must be \"latest\", \"oldest\", \"snapshot\" or an LSN from 1 on");
    }
    status = codec_field_unsigned(&request->body, WIRE_FIELD_START_TIME, 0, &time_us, error);
    if (status == STATUS_OK && codec_field(&request->body, WIRE_FIELD_START_TIME) != NULL) {
        options->start = FEED_TIME;
        options->time_us = (int64_t)time_us;
    }
    return status;
}

/* Filter, marked records, snapshot: what only subscriptions have. The filter lives in the request's arena. */
static enum status subscribe_options(struct native_request *request, struct subscription_options *options,
                                     uint64_t *ret_credit, bool *ret_tells_progress, struct error *error)
{
    struct placeholders placeholders;
    struct expression_options parsing;
    enum status status = native__subscribe_start(request, options, ret_credit, error);
    if (status == STATUS_OK) {
        status = codec_field_boolean(&request->body, WIRE_FIELD_META, false, &options->wants_meta, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_boolean(&request->body, WIRE_FIELD_PROGRESS, false, ret_tells_progress, error);
    }
    if (status == STATUS_OK) {
        status = native__expression_options(&request->body, &request->arena, &placeholders, &parsing, error);
    }
    parsing.is_filter_of_changes = true;
    if (status == STATUS_OK) {
        status = native__condition(&request->body, WIRE_FIELD_FILTER, &parsing, &options->filter, error);
    }
    const struct value *start = codec_field(&request->body, WIRE_FIELD_START);
    if (status == STATUS_OK && subscribe_is_snapshot(start) && options->table.size == 0) {
        status = error_set(error, STATUS_INVALID, "a snapshot needs the name of one table");
    }
    return status;
}

void native__subscribe(struct native_door *door, struct native_request *request)
{
    struct subscription_options options = {0};
    struct subscription *subscription = NULL;
    uint64_t credit = 0;
    uint64_t start_lsn = 0;
    uint64_t horizon_lsn = 0;
    bool tells_progress = false;
    struct error error;
    enum status status = subscribe_options(request, &options, &credit, &tells_progress, &error);
    if (status == STATUS_OK && door->subscriptions_count >= NATIVE_SUBSCRIPTIONS_MAX) {
        status = error_set(&error, STATUS_BUSY, "the door has %d subscriptions, the most there can be",
                           NATIVE_SUBSCRIPTIONS_MAX);
    }
    if (status == STATUS_OK) {
        status =
            subscription_open(door->options.feed, &options, &subscription, &start_lsn, &horizon_lsn, &error);
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        return;
    }
    struct native_subscription *added = memory_create(sizeof(*added));
    added->peer = request->peer;
    added->peer.began_us = 0; /* what comes after the answer is no answer */
    added->subscription = subscription;
    added->credit = credit;
    added->tells_progress = tells_progress;
    added->arena = request->arena; /* the filter lives there */
    request->arena = (struct arena){0};
    if (subscribe_is_snapshot(codec_field(&request->body, WIRE_FIELD_START))) {
        added->snapshot_table = options.table;
        added->snapshot_lsn = start_lsn - 1;
    }
    added->next = door->subscriptions;
    door->subscriptions = added;
    door->subscriptions_count++;
    struct buffer body = {0};
    codec_put_map(&body, 2);
    codec_put_unsigned(&body, WIRE_FIELD_LSN);
    codec_put_unsigned(&body, start_lsn);
    codec_put_unsigned(&body, WIRE_FIELD_HORIZON);
    codec_put_unsigned(&body, horizon_lsn);
    native__reply(door, &request->peer, &body);
    buffer_reset(&body);
}

/* The place in the list of the subscription that this peer opened under the same request id. */
static struct native_subscription **subscription_find(struct native_door *door,
                                                      const struct native_request *request)
{
    struct native_subscription **at = &door->subscriptions;
    while (*at != NULL && (!bytes_equal(bytes_of((*at)->peer.id, (*at)->peer.id_bytes),
                                        bytes_of(request->peer.id, request->peer.id_bytes)) ||
                           memcmp((*at)->peer.request, request->peer.request, WIRE_ID_BYTES) != 0)) {
        at = &(*at)->next;
    }
    return at;
}

void native__unsubscribe(struct native_door *door, struct native_request *request)
{
    struct native_subscription **at = subscription_find(door, request);
    struct buffer body = {0};
    if (*at == NULL) {
        native__answer_error(door, &request->peer, STATUS_NOT_FOUND, "there is no such subscription");
        return;
    }
    subscription_destroy(door, at);
    codec_put_map(&body, 0);
    native__reply(door, &request->peer, &body);
    buffer_reset(&body);
}

/* More credit for the subscription that this peer opened under the same request id. */
void native__credit(struct native_door *door, struct native_request *request)
{
    uint64_t credit = 0;
    struct error error;
    enum status status = codec_field_unsigned(&request->body, WIRE_FIELD_CREDIT, 0, &credit, &error);
    if (status != STATUS_OK || credit > FEED_CREDIT_MAX) {
        native__answer_error(door, &request->peer, STATUS_INVALID, "credit must be a number of records");
        return;
    }
    struct native_subscription *at = *subscription_find(door, request);
    if (at == NULL) {
        native__answer_error(door, &request->peer, STATUS_NOT_FOUND, "there is no such subscription");
        return;
    }
    at->credit = at->credit + credit > FEED_CREDIT_MAX ? FEED_CREDIT_MAX : at->credit + credit;
    /* the records are the answer */
}

/* Rows of the snapshot as records of a kind of their own. */
struct snapshot_page {
    struct native_subscription *to;
    struct buffer records;
    uint32_t count;
};

static void snapshot_row(void *context, const struct gate_row *row)
{
    struct snapshot_page *page = context;
    struct buffer *body = &page->records;
    codec_put_map(body, 4);
    native__put_field(body, WIRE_FIELD_TABLE);
    codec_put_text(body, page->to->snapshot_table);
    native__put_field(body, WIRE_FIELD_LSN);
    codec_put_unsigned(body, page->to->snapshot_lsn);
    native__put_field(body, WIRE_FIELD_OPERATION);
    codec_put_text(body, bytes_of_text("snapshot"));
    native__put_field(body, WIRE_FIELD_NEW);
    buffer_put(body, row->image);
    page->count++;
}

static enum status send_records(struct native_door *door, struct native_subscription *to,
                                const struct buffer *records, uint32_t count)
{
    struct buffer body = {0};
    codec_put_map(&body, 1);
    native__put_field(&body, WIRE_FIELD_RECORDS);
    codec_put_array(&body, count);
    buffer_put(&body, buffer_bytes(records));
    enum status status = native__send_records(door, &to->peer, &body);
    to->credit -= count;
    buffer_reset(&body);
    return status;
}

/* One page of the snapshot: the table as of its LSN, read in pieces while writes go on. */
static enum status pump_snapshot(struct native_door *door, struct native_subscription *to,
                                 struct error *error)
{
    struct snapshot_page page = {.to = to};
    struct arena arena = {0};
    struct gate_page found = {0};
    struct gate_query query = {
        .table = to->snapshot_table,
        .next = to->snapshot_next,
        .rows_max = to->credit < WIRE_RECORDS_PER_MESSAGE ? to->credit : WIRE_RECORDS_PER_MESSAGE,
        .as_of = to->snapshot_lsn,
    };
    enum status status = gate_query(door->view, &query, &arena, snapshot_row, &page, &found, NULL, error);
    if (status == STATUS_OK && found.next.size == 0) {
        to->snapshot_table = (struct bytes){0};
    } else if (status == STATUS_OK) {
        to->snapshot_next = arena_copy(&to->arena, found.next);
    }
    if (status == STATUS_OK && page.count > 0) {
        status = send_records(door, to, &page.records, page.count);
    }
    buffer_reset(&page.records);
    arena_reset(&arena);
    return status;
}

/* One message of records within the credit and among the next *looks records. STATUS_OK: sent; STATUS_END: nothing to send. */
static enum status pump_message(struct native_door *door, struct native_subscription *to, uint32_t *looks,
                                struct error *error)
{
    struct buffer records = {0};
    uint32_t count = 0;
    enum status status = STATUS_OK;
    if (to->snapshot_table.size > 0) {
        *looks -= *looks < WIRE_RECORDS_PER_MESSAGE ? *looks : WIRE_RECORDS_PER_MESSAGE;
        return pump_snapshot(door, to, error);
    }
    while (count < WIRE_RECORDS_PER_MESSAGE && count < to->credit && records.size < 1024 * 1024) {
        struct feed_record found;
        status = subscription_next(to->subscription, looks, &found, error);
        if (status != STATUS_OK) {
            break;
        }
        native__put_record(door->options.gate, &records, &found);
        count++;
    }
    if (count > 0) {
        status = send_records(door, to, &records, count);
    }
    buffer_reset(&records);
    return status;
}

/* Whether a subscriber is told now how far it is: of what comes seldom, and at first only when nothing is left. */
static bool progress_is_due(const struct native_subscription *to, int64_t now_us)
{
    return to->tells_progress && to->credit > 0 && to->snapshot_table.size == 0 &&
           (to->told_us == 0 ? !to->has_more : now_us - to->told_us >= NATIVE_PROGRESS_MS * 1000LL) &&
           (to->told_us == 0 || subscription_lsn(to->subscription) > to->told_lsn);
}

static enum status pump_progress(struct native_door *door, struct native_subscription *to)
{
    struct buffer body = {0};
    int64_t now_us = clock_steady_us(clock_system());
    enum status status = STATUS_OK;
    if (progress_is_due(to, now_us)) {
        to->told_us = now_us;
        to->told_lsn = subscription_lsn(to->subscription);
        codec_put_map(&body, 3);
        native__put_field(&body, WIRE_FIELD_LSN);
        codec_put_unsigned(&body, to->told_lsn);
        native__put_field(&body, WIRE_FIELD_TIME);
        codec_put_unsigned(&body, (uint64_t)subscription_time_us(to->subscription));
        native__put_field(&body, WIRE_FIELD_RECORDS);
        codec_put_array(&body, 0);
        status = native__send_records(door, &to->peer, &body);
    }
    buffer_reset(&body);
    return status;
}

/* Sends what one subscriber may have, of at most so many records; false when it is gone. */
static bool pump_one(struct native_door *door, struct native_subscription *to, uint32_t looks)
{
    struct error error;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && looks > 0 && to->credit > 0 && !native__has_backlog(door, &to->peer)) {
        status = pump_message(door, to, &looks, &error);
    }
    bool is_stuck = native__has_backlog(door, &to->peer); /* it goes on when the client takes what it has */
    to->has_more = looks == 0 && to->credit > 0 && !is_stuck;
    if (is_stuck && status == STATUS_OK) {
        return true;
    }
    if (status == STATUS_OK || status == STATUS_END) {
        status = pump_progress(door, to);
    }
    if (status == STATUS_OK) {
        return true;
    }
    if (status == STATUS_NOT_FOUND) {
        return false;
    }
    if (native__backlog_is_full(door, &to->peer)) {
        return true; /* why it ends is told when there is room: a subscriber who hears nothing waits for ever */
    }
    native__answer_error(door, &to->peer, status, error.text);
    return false;
}

void native__pump(struct native_door *door)
{
    struct native_subscription **at = &door->subscriptions;
    size_t count = door->subscriptions_count;
    uint32_t looks = count == 0 ? 0 : (uint32_t)(NATIVE_PUMP_RECORDS_MAX / count);
    looks = looks < NATIVE_PUMP_RECORDS_MIN ? NATIVE_PUMP_RECORDS_MIN : looks;
    while (*at != NULL) {
        if (pump_one(door, *at, looks)) {
            at = &(*at)->next;
        } else {
            subscription_destroy(door, at);
        }
    }
}
