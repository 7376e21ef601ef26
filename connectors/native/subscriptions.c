/* Streams with credit: the subscriber says how many records it is ready for, the door sends no more. */
#include "base/memory.h"
#include "native_private.h"

static void subscription_destroy(struct native_door *door, struct native_subscription **at)
{
    struct native_subscription *gone = *at;
    *at = gone->next;
    subscription_close(&gone->subscription);
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

static enum status subscribe_options(const struct native_request *request,
                                     struct subscription_options *options, uint64_t *ret_credit,
                                     struct error *error)
{
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
               !(start->kind == VALUE_TEXT && bytes_equal(start->bytes, bytes_of_text("latest")))) {
        return error_set(error, STATUS_INVALID, "start must be \"latest\", \"oldest\" or an LSN from 1 on");
    }
    return STATUS_OK;
}

void native__subscribe(struct native_door *door, struct native_request *request)
{
    struct subscription_options options = {0};
    struct subscription *subscription = NULL;
    uint64_t credit = 0;
    uint64_t start_lsn = 0;
    uint64_t horizon_lsn = 0;
    struct error error;
    enum status status = subscribe_options(request, &options, &credit, &error);
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
    added->subscription = subscription;
    added->credit = credit;
    added->next = door->subscriptions;
    door->subscriptions = added;
    door->subscriptions_count++;
    struct buffer body = {0};
    codec_put_map(&body, 2);
    codec_put_unsigned(&body, WIRE_FIELD_LSN);
    codec_put_unsigned(&body, start_lsn);
    codec_put_unsigned(&body, WIRE_FIELD_HORIZON);
    codec_put_unsigned(&body, horizon_lsn);
    (void)native__send(door, &request->peer, WIRE_SUBSCRIBE | WIRE_REPLY, &body);
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
    for (struct native_subscription *at = door->subscriptions; at != NULL; at = at->next) {
        if (bytes_equal(bytes_of(at->peer.id, at->peer.id_bytes),
                        bytes_of(request->peer.id, request->peer.id_bytes)) &&
            memcmp(at->peer.request, request->peer.request, WIRE_ID_BYTES) == 0) {
            at->credit = at->credit + credit > FEED_CREDIT_MAX ? FEED_CREDIT_MAX : at->credit + credit;
            return; /* the records are the answer */
        }
    }
    native__answer_error(door, &request->peer, STATUS_NOT_FOUND, "there is no such subscription");
}

/* One message of records within the credit. STATUS_OK: sent; STATUS_END: nothing to send. */
static enum status pump_message(struct native_door *door, struct native_subscription *to, struct error *error)
{
    struct buffer records = {0};
    struct buffer body = {0};
    uint32_t count = 0;
    enum status status = STATUS_OK;
    while (count < WIRE_RECORDS_PER_MESSAGE && count < to->credit && records.size < 1024 * 1024) {
        struct feed_record found;
        status = subscription_next(to->subscription, &found, error);
        if (status != STATUS_OK) {
            break;
        }
        native__put_record(door, &records, &found);
        count++;
    }
    if (count > 0) {
        codec_put_map(&body, 1);
        codec_put_unsigned(&body, WIRE_FIELD_RECORDS);
        codec_put_array(&body, count);
        buffer_put(&body, buffer_bytes(&records));
        status = native__send(door, &to->peer, WIRE_CREDIT | WIRE_REPLY, &body);
        to->credit -= count;
    }
    buffer_reset(&records);
    buffer_reset(&body);
    return status;
}

/* Sends what one subscriber may have; false when it is gone. */
static bool pump_one(struct native_door *door, struct native_subscription *to)
{
    struct error error;
    enum status status = STATUS_OK;
    for (size_t sent = 0; status == STATUS_OK && sent < NATIVE_PUMP_RECORDS_MAX && to->credit > 0;
         sent += WIRE_RECORDS_PER_MESSAGE) {
        status = pump_message(door, to, &error);
    }
    to->has_more = status == STATUS_OK && to->credit > 0;
    if (status == STATUS_OK || status == STATUS_END) {
        return true;
    }
    if (status != STATUS_NOT_FOUND && status != STATUS_BUSY) {
        native__answer_error(door, &to->peer, status, error.text);
    }
    return false; /* gone, or so far behind that its queue is full in spite of its credit: it must subscribe anew */
}

void native__pump(struct native_door *door)
{
    struct native_subscription **at = &door->subscriptions;
    while (*at != NULL) {
        if (pump_one(door, *at)) {
            at = &(*at)->next;
        } else {
            subscription_destroy(door, at);
        }
    }
}
