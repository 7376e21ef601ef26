/* DynamoDB Streams: ListStreams, DescribeStream, GetShardIterator, GetRecords. */
#include "base/clock.h"
#include "catalog/bounds.h"
#include "iterator.h"

/* A table's stream, as its properties tell it. */
struct stream {
    const struct schema *schema;
    struct bytes arn;
    struct bytes label;
    struct bytes view;
    uint32_t from; /* schema version */
    uint32_t to;   /* the first one that is not its own; 0: it is enabled */
    uint32_t shards;
    int64_t created_us;
    int64_t closed_us;
};

static struct stream stream_of(struct call *call, const struct schema *schema, const struct value *map)
{
    struct stream stream = {.schema = schema,
                            .label = text_of(map, "Label"),
                            .view = text_of(map, "ViewType"),
                            .from = (uint32_t)integer_of(map, "From", 0),
                            .to = (uint32_t)integer_of(map, "To", 0),
                            .shards = (uint32_t)integer_of(map, "Shards", 1),
                            .created_us = integer_of(map, "Created", 0),
                            .closed_us = integer_of(map, "Closed", 0)};
    stream.arn = stream_arn(call, schema->name, stream.label);
    return stream;
}

/* A disabled stream can be read for a day. */
static bool stream_is_there(const struct stream *stream)
{
    int64_t age_us = clock_wall_us(clock_system()) - stream->closed_us;
    return stream->to == 0 || age_us < (int64_t)DYNAMODB_STREAM_HOURS * 3600 * 1000000;
}

static enum status stream_fail_unknown(struct call *call, struct bytes arn)
{
    return call_fail(call, AWS_FAILURE_NOT_FOUND, "Requested resource not found: Stream: %.*s not found",
                     (int)arn.size, (const char *)arn.data);
}

static enum status stream_find(struct call *call, struct bytes arn, struct stream *ret_stream)
{
    static const char mark[] = "/stream/";
    const struct schema *schema = NULL;
    const uint8_t *at = bytes_find(arn, bytes_of_text(mark));
    if (at == NULL || !bytes_start_with(arn, bytes_of_text("arn:"))) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid StreamArn: %.*s", (int)arn.size,
                         (const char *)arn.data);
    }
    struct bytes label = bytes_from(arn, (size_t)(at - arn.data) + sizeof(mark) - 1);
    if (gate_table_find(call->door->options.gate, table_of_arn(arn), &schema, NULL) != STATUS_OK ||
        schema->table < CATALOG_TABLE_FIRST) {
        return stream_fail_unknown(call, arn);
    }
    struct value properties = properties_decode(schema->properties, call->arena);
    const struct value *streams = member_of(&properties, "Streams");
    for (size_t i = 0; streams != NULL && i < streams->items.count; i++) {
        struct stream stream = stream_of(call, schema, &streams->items.at[i]);
        if (bytes_equal(stream.label, label) && stream_is_there(&stream)) {
            *ret_stream = stream;
            ret_stream->arn = arn;
            return STATUS_OK;
        }
    }
    return stream_fail_unknown(call, arn);
}

static const char *shard_id(struct call *call, const struct stream *stream, uint32_t shard)
{
    return arena_format(call->arena, "shardId-%020lld-%08x", (long long)(stream->created_us / 1000),
                        (shard << 28) | (stream->schema->table & 0x0FFFFFFF));
}

/* --- where a stream begins and ends ----------------------------------------------------------------------------- */

/* The first LSN after a moment, or the oldest there is. Such a moment lies before a commit that was made, or a day back, so it is
 * settled. */
static uint64_t lsn_after(struct call *call, int64_t time_us)
{
    struct gate_facts facts;
    uint64_t lsn = 0;
    gate_facts_read(call->door->options.gate, &facts);
    if (gate_lsn_at(call->door->options.gate, time_us, &lsn, NULL) != STATUS_OK ||
        lsn + 1 < facts.horizon_lsn) {
        return facts.horizon_lsn;
    }
    return lsn + 1;
}

/* The oldest LSN that the stream still shows. */
static uint64_t stream_horizon(struct call *call, const struct stream *stream)
{
    int64_t day_us = clock_wall_us(clock_system()) - (int64_t)DYNAMODB_STREAM_HOURS * 3600 * 1000000;
    return lsn_after(call, stream->created_us > day_us ? stream->created_us - 1 : day_us);
}

/* Whether a record tells that the stream is over: the change of the table that disabled it, which bears the version before,
 * or anything later. */
static bool stream_ends_with(const struct stream *stream, const struct record *record)
{
    uint32_t to = record->operation == OPERATION_SCHEMA ? stream->to - 1 : stream->to;
    return stream->to != 0 && record->table == stream->schema->table && record->schema_version >= to;
}

/* The record with which it ended. */
static enum status stream_end(struct call *call, const struct stream *stream, const char **ret_sequence)
{
    struct subscription *subscription = NULL;
    struct feed_record found;
    struct error error;
    uint64_t unused = 0;
    struct subscription_options options = {.table = stream->schema->name,
                                           .start = FEED_LSN,
                                           .lsn = lsn_after(call, stream->closed_us - 1),
                                           .wants_meta = true};
    enum status status =
        subscription_open(call->door->options.feed, &options, &subscription, &unused, &unused, &error);
    *ret_sequence = NULL;
    while (status == STATUS_OK && *ret_sequence == NULL) {
        status = subscription_next(subscription, NULL, &found, &error);
        if (status == STATUS_OK && stream_ends_with(stream, &found.record)) {
            *ret_sequence = sequence_format(call, found.term, found.lsn);
        }
    }
    subscription_close(&subscription);
    return status == STATUS_OK || status == STATUS_END ? STATUS_OK
                                                       : call_fail_error(call, status, error.text);
}

/* Bounds that the API's model does not know. */
static enum status limit_check(struct call *call, int64_t most)
{
    int64_t limit = integer_of(call->input, "Limit", 1);
    return limit <= most ? STATUS_OK
                         : call_fail(call, AWS_FAILURE_VALIDATION,
                                     "1 validation error detected: Value '%lld' at 'limit' failed to satisfy "
                                     "constraint: Member must have value less than or equal to %lld",
                                     (long long)limit, (long long)most);
}

/* --- DescribeStream, ListStreams -------------------------------------------------------------------------------- */

static enum status describe_shards(struct call *call, const struct stream *stream, struct buffer *body)
{
    struct bytes after = text_of(call->input, "ExclusiveStartShardId");
    const struct value *filter = member_of(call->input, "ShardFilter");
    bool wants_children = text_is(text_of(filter, "Type"), "CHILD_SHARDS");
    int64_t left = integer_of(call->input, "Limit", DYNAMODB_STREAM_LIST_MAX);
    const char *end = NULL;
    const char *last = NULL;
    bool is_cut = false;
    enum status status = stream->to == 0 ? STATUS_OK : stream_end(call, stream, &end);
    json_name(body, "Shards");
    json_open(body, '[');
    for (uint32_t i = 0; i < stream->shards && status == STATUS_OK && !wants_children; i++) {
        const char *id = shard_id(call, stream, i);
        if (after.size > 0 && bytes_compare(bytes_of_text(id), after) <= 0) {
            continue;
        }
        is_cut = left-- <= 0;
        if (is_cut) {
            break;
        }
        last = id;
        json_open(body, '{');
        json_word(body, "ShardId", id);
        json_name(body, "SequenceNumberRange");
        json_open(body, '{');
        json_word(body, "StartingSequenceNumber",
                  sequence_format(call, 0, lsn_after(call, stream->created_us - 1)));
        if (end != NULL) {
            json_word(body, "EndingSequenceNumber", end);
        }
        json_close(body, '}');
        json_close(body, '}');
    }
    json_close(body, ']');
    if (is_cut && last != NULL) {
        json_word(body, "LastEvaluatedShardId", last);
    }
    return status;
}

enum status streams_describe(struct call *call)
{
    struct stream stream = {0};
    struct buffer body = {0};
    enum status status = limit_check(call, DYNAMODB_STREAM_LIST_MAX);
    if (status == STATUS_OK) {
        status = stream_find(call, text_of(call->input, "StreamArn"), &stream);
    }
    if (status != STATUS_OK) {
        return status;
    }
    json_open(&body, '{');
    json_name(&body, "StreamDescription");
    json_open(&body, '{');
    json_text(&body, "StreamArn", stream.arn);
    json_text(&body, "StreamLabel", stream.label);
    json_word(&body, "StreamStatus", stream.to == 0 ? "ENABLED" : "DISABLED");
    json_text(&body, "StreamViewType", stream.view);
    json_time(&body, "CreationRequestDateTime", stream.created_us);
    json_text(&body, "TableName", stream.schema->name);
    describe_keys(&body, stream.schema->partition, stream.schema->partition_count, stream.schema->clustering,
                  stream.schema->clustering_count);
    status = describe_shards(call, &stream, &body);
    json_close(&body, '}');
    json_close(&body, '}');
    if (status == STATUS_OK) {
        call_reply(call, &body);
    }
    buffer_reset(&body);
    return status;
}

struct stream_list {
    struct call *call;
    struct bytes table; /* empty: all */
    struct bytes after; /* ARN */
    bool is_past;       /* `after` was met */
    int64_t left;
    struct bytes last;
    bool has_more;
    struct buffer *body;
};

static void list_streams(void *context, const struct schema *schema)
{
    struct stream_list *list = context;
    if (list->table.size > 0 && !bytes_equal(list->table, schema->name)) {
        return;
    }
    struct value properties = properties_decode(schema->properties, list->call->arena);
    const struct value *streams = member_of(&properties, "Streams");
    for (size_t i = 0; streams != NULL && i < streams->items.count; i++) {
        struct stream stream = stream_of(list->call, schema, &streams->items.at[i]);
        if (!stream_is_there(&stream)) {
            continue;
        }
        if (!list->is_past) {
            list->is_past = bytes_equal(stream.arn, list->after);
            continue;
        }
        if (list->left == 0) {
            list->has_more = true;
            return;
        }
        list->left--;
        list->last = stream.arn;
        json_open(list->body, '{');
        json_text(list->body, "StreamArn", stream.arn);
        json_text(list->body, "TableName", schema->name);
        json_text(list->body, "StreamLabel", stream.label);
        json_close(list->body, '}');
    }
}

enum status streams_list(struct call *call)
{
    if (limit_check(call, DYNAMODB_STREAM_LIST_MAX) != STATUS_OK) {
        return STATUS_INVALID;
    }
    struct buffer body = {0};
    struct stream_list list = {.call = call,
                               .table = call_table_name(call, call->input),
                               .after = text_of(call->input, "ExclusiveStartStreamArn"),
                               .left = integer_of(call->input, "Limit", DYNAMODB_STREAM_LIST_MAX),
                               .body = &body};
    list.is_past = list.after.size == 0;
    json_open(&body, '{');
    json_name(&body, "Streams");
    json_open(&body, '[');
    gate_table_list(call->door->options.gate, false, list_streams, &list);
    json_close(&body, ']');
    if (list.has_more) {
        json_text(&body, "LastEvaluatedStreamArn", list.last);
    }
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}

/* --- GetShardIterator ------------------------------------------------------------------------------------------- */

static enum status iterator_start(struct call *call, const struct stream *stream, uint64_t *ret_lsn)
{
    struct bytes type = text_of(call->input, "ShardIteratorType");
    struct bytes sequence = text_of(call->input, "SequenceNumber");
    bool is_after = text_is(type, "AFTER_SEQUENCE_NUMBER");
    uint64_t horizon = stream_horizon(call, stream);
    if (text_is(type, "LATEST")) {
        *ret_lsn = feed_committed_lsn(call->door->options.feed) + 1;
        return STATUS_OK;
    }
    if (text_is(type, "TRIM_HORIZON")) {
        *ret_lsn = horizon;
        return STATUS_OK;
    }
    if (sequence.size == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "SequenceNumber must be provided when ShardIteratorType is %.*s", (int)type.size,
                         (const char *)type.data);
    }
    enum status status = sequence_parse(call, sequence, ret_lsn);
    if (status == STATUS_OK &&
        (*ret_lsn < horizon || *ret_lsn > feed_committed_lsn(call->door->options.feed) + 1)) {
        status = call_fail(call, AWS_FAILURE_TRIMMED,
                           "The operation attempted to read past the oldest stream record in a shard.");
    }
    *ret_lsn += status == STATUS_OK && is_after ? 1U : 0U;
    return status;
}

enum status streams_iterator(struct call *call)
{
    struct stream stream = {0};
    struct iterator iterator = {0};
    struct bytes wanted = text_of(call->input, "ShardId");
    enum status status = stream_find(call, text_of(call->input, "StreamArn"), &stream);
    if (status != STATUS_OK) {
        return status;
    }
    iterator.table = stream.schema->table;
    iterator.version = stream.from;
    while (iterator.shard < stream.shards && !text_is(wanted, shard_id(call, &stream, iterator.shard))) {
        iterator.shard++;
    }
    if (iterator.shard == stream.shards) {
        return call_fail(call, AWS_FAILURE_NOT_FOUND,
                         "Requested resource not found: Shard: %.*s in Stream: %.*s not found",
                         (int)wanted.size, (const char *)wanted.data, (int)stream.arn.size,
                         (const char *)stream.arn.data);
    }
    status = iterator_start(call, &stream, &iterator.lsn);
    if (status != STATUS_OK) {
        return status;
    }
    struct buffer body = {0};
    json_open(&body, '{');
    json_word(&body, "ShardIterator", iterator_format(call, stream.arn, &iterator));
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}

/* --- GetRecords ------------------------------------------------------------------------------------------------- */

/* A page of records under way. */
struct record_page {
    struct call *call;
    struct stream stream;
    struct iterator iterator;
    struct buffer body;
    size_t count;
    size_t bytes;
    bool is_over; /* the stream was disabled, and all was read */
};

static void record_put(struct record_page *page, const struct feed_record *found)
{
    struct call *call = page->call;
    struct buffer *body = &page->body;
    const struct record *record = &found->record;
    const struct schema *schema = gate_schema_of(call->door->options.gate, record);
    struct buffer room = {0};
    struct value new = item_of_image(record->new_image, call->arena);
    struct value old = item_of_image(arena_copy(call->arena, record_old_image(record, &room)), call->arena);
    bool is_remove = record->operation == OPERATION_REMOVE;
    struct value key =
        key_of_item(schema == NULL ? page->stream.schema : schema, is_remove ? &old : &new, call->arena);
    bool shows_new = !is_remove && strncmp((const char *)page->stream.view.data, "NEW", 3) == 0;
    bool shows_old =
        record->operation != OPERATION_INSERT &&
        (text_is(page->stream.view, "OLD_IMAGE") || text_is(page->stream.view, "NEW_AND_OLD_IMAGES"));
    size_t bytes = document_bytes(&key) + (shows_new ? document_bytes(&new) : 0) +
                   (shows_old ? document_bytes(&old) : 0);
    json_open(body, '{');
    json_word(body, "eventID",
              arena_format(call->arena, "%016llx%016llx", (unsigned long long)found->term,
                           (unsigned long long)found->lsn));
    json_word(body, "eventName",
              is_remove                               ? "REMOVE"
              : record->operation == OPERATION_INSERT ? "INSERT"
                                                      : "MODIFY");
    json_word(body, "eventVersion", "1.1");
    json_word(body, "eventSource", "aws:dynamodb");
    json_text(body, "awsRegion", call->region);
    json_name(body, "dynamodb");
    json_open(body, '{');
    json_integer(body, "ApproximateCreationDateTime", found->commit_time_us / 1000000);
    json_name(body, "Keys");
    attributes_put(body, &key);
    if (shows_new) {
        json_name(body, "NewImage");
        attributes_put(body, &new);
    }
    if (shows_old) {
        json_name(body, "OldImage");
        attributes_put(body, &old);
    }
    json_word(body, "SequenceNumber", sequence_format(call, found->term, found->lsn));
    json_integer(body, "SizeBytes", (int64_t)bytes);
    json_text(body, "StreamViewType", page->stream.view);
    json_close(body, '}');
    if (record->cause.kind == CAUSE_TTL) {
        json_name(body, "userIdentity");
        buffer_put_text(body, "{\"PrincipalId\":\"dynamodb.amazonaws.com\",\"Type\":\"Service\"}");
    }
    json_close(body, '}');
    page->count++;
    page->bytes += bytes;
    buffer_reset(&room);
}

static bool record_is_shown(const struct record_page *page, const struct record *record)
{
    return record->operation <= OPERATION_REMOVE && record->schema_version >= page->stream.from &&
           (uint32_t)record->shard * page->stream.shards / RECORD_SHARDS == page->iterator.shard;
}

static enum status page_read(struct record_page *page, struct subscription *subscription)
{
    struct call *call = page->call;
    const char *end = NULL; /* looked for before the records: all of the stream's are then there to be read */
    enum status ended = page->stream.to == 0 ? STATUS_OK : stream_end(call, &page->stream, &end);
    if (ended != STATUS_OK) {
        return ended;
    }
    size_t limit = (size_t)integer_of(call->input, "Limit", DYNAMODB_STREAM_RECORDS_MAX);
    uint64_t committed = feed_committed_lsn(call->door->options.feed);
    int64_t until_us = clock_steady_us(clock_system()) + (int64_t)DYNAMODB_STREAM_MS_MAX * 1000;
    struct feed_record found;
    struct error error;
    while (page->count < limit && page->bytes < DYNAMODB_STREAM_BYTES_MAX &&
           clock_steady_us(clock_system()) < until_us) {
        uint32_t looks = DYNAMODB_STREAM_RECORDS_MAX;
        enum status status = subscription_next(subscription, &looks, &found, &error);
        if (status == STATUS_END && looks == 0) {
            page->iterator.lsn = subscription_lsn(subscription);
            continue;
        }
        if (status == STATUS_END) { /* a quiet table: go on at the tip */
            page->iterator.lsn = committed + 1 > page->iterator.lsn ? committed + 1 : page->iterator.lsn;
            page->is_over = end != NULL;
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return call_fail_error(call, status, error.text);
        }
        if (stream_ends_with(&page->stream, &found.record)) {
            page->is_over = true;
            return STATUS_OK;
        }
        if (record_is_shown(page, &found.record)) {
            record_put(page, &found);
        }
        page->iterator.lsn = found.lsn + 1;
    }
    return STATUS_OK;
}

static enum status page_open(struct record_page *page, struct subscription **ret_subscription)
{
    struct call *call = page->call;
    struct error error;
    uint64_t unused = 0;
    struct subscription_options options = {.table = page->stream.schema->name,
                                           .start = FEED_LSN,
                                           .lsn = page->iterator.lsn};
    if (page->stream.schema->table != page->iterator.table || page->stream.from != page->iterator.version) {
        return stream_fail_unknown(call, page->stream.arn);
    }
    if (page->iterator.lsn < stream_horizon(call, &page->stream)) {
        return call_fail(call, AWS_FAILURE_TRIMMED,
                         "The operation attempted to read past the oldest stream record in a shard.");
    }
    enum status status =
        subscription_open(call->door->options.feed, &options, ret_subscription, &unused, &unused, &error);
    return status == STATUS_OK ? status : call_fail_error(call, status, error.text);
}

enum status streams_records(struct call *call)
{
    struct record_page page = {.call = call};
    struct subscription *subscription = NULL;
    struct bytes arn = {0};
    enum status status = limit_check(call, DYNAMODB_STREAM_RECORDS_MAX);
    if (status == STATUS_OK) {
        status = iterator_parse(call, text_of(call->input, "ShardIterator"), &page.iterator, &arn);
    }
    if (status == STATUS_OK) {
        status = stream_find(call, arn, &page.stream);
    }
    if (status == STATUS_OK) {
        status = page_open(&page, &subscription);
    }
    json_open(&page.body, '{');
    json_name(&page.body, "Records");
    json_open(&page.body, '[');
    if (status == STATUS_OK) {
        status = page_read(&page, subscription);
    }
    json_close(&page.body, ']');
    if (status == STATUS_OK && !page.is_over) {
        json_word(&page.body, "NextShardIterator", iterator_format(call, arn, &page.iterator));
    }
    json_close(&page.body, '}');
    if (status == STATUS_OK) {
        call_reply(call, &page.body);
    }
    subscription_close(&subscription);
    buffer_reset(&page.body);
    return status;
}
