/* What requests about exports and about imports have in common. */
#include "base/clock.h"
#include "base/memory.h"
#include "transfer.h"

enum {
    LIST_TOKEN_BYTES = 112, /* the least that ListImports takes */
};

enum status transfer_check(struct call *call)
{
    return call->door->options.transfer != NULL
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "Exports and imports need a directory in place of S3: start the server with "
                           "--dynamodb-transfer DIR");
}

static const char *transfer_name(enum transfer_kind kind)
{
    return kind == TRANSFER_EXPORT ? "Export" : "Import";
}

/* --- tokens ----------------------------------------------------------------------------------------------------- */

static struct bytes request_hash(const struct call *call)
{
    struct buffer text = {0};
    codec_json_encode(&text, call->input);
    struct hash128 hash = crypto_hash128((struct bytes){0}, buffer_bytes(&text));
    buffer_reset(&text);
    return bytes_of_text(arena_format(call->arena, "%016llx%016llx", (unsigned long long)hash.high,
                                      (unsigned long long)hash.low));
}

enum status transfer_check_token(struct call *call, enum transfer_kind kind, struct value *ret_facts)
{
    struct bytes token = text_of(call->input, "ClientToken");
    struct dynamodb_transfer *transfer = call->door->options.transfer;
    struct record_ids ids;
    struct error error;
    if (token.size == 0 || transfer == NULL) {
        return STATUS_OK;
    }
    const char *directory = transfer_directory(transfer);
    int64_t oldest_ms =
        clock_wall_us(clock_system()) / 1000 - (int64_t)DYNAMODB_TRANSFER_TOKEN_HOURS * 3600 * 1000;
    struct bytes oldest = bytes_of_text(arena_format(call->arena, "%014lld", (long long)oldest_ms));
    enum status status = records_list(directory, kind, call->arena, &ids, &error);
    if (status != STATUS_OK) {
        return call_fail_error(call, status, error.text);
    }
    for (size_t i = 0; i < ids.count && bytes_compare(ids.at[i], oldest) >= 0; i++) {
        struct value facts;
        if (record_read(directory, kind, ids.at[i], call->arena, &facts, NULL) != STATUS_OK ||
            !bytes_equal(text_of(&facts, "ClientToken"), token)) {
            continue;
        }
        if (!bytes_equal(text_of(member_of(&facts, "Private"), "Request"), request_hash(call))) {
            return call_fail(call,
                             kind == TRANSFER_EXPORT ? AWS_FAILURE_EXPORT_CONFLICT
                                                     : AWS_FAILURE_IMPORT_CONFLICT,
                             "%s with the same ClientToken but other parameters exists", transfer_name(kind));
        }
        *ret_facts = facts;
        return STATUS_EXISTS;
    }
    return STATUS_OK;
}

/* --- jobs ------------------------------------------------------------------------------------------------------- */

struct transfer_job *transfer_job_create(struct call *call, enum transfer_kind kind)
{
    struct transfer_job *job = memory_create(sizeof(*job));
    job->kind = kind;
    job->transfer = call->door->options.transfer;
    job->id = bytes_of_text(record_id(&job->arena));
    return job;
}

void transfer_job_destroy(struct transfer_job **job)
{
    struct transfer_job *gone = *job;
    *job = NULL;
    if (gone != NULL) {
        if (gone->end != NULL) {
            gone->end(gone);
        }
        arena_reset(&gone->arena);
        memory_destroy(gone);
    }
}

void transfer_job_forget(struct transfer_job **job)
{
    record_forget(transfer_directory((*job)->transfer), (*job)->kind, (*job)->id);
    transfer_job_destroy(job);
}

void transfer_copy_members(const struct call *call, const char *const *names, size_t count,
                           struct value *facts)
{
    for (size_t i = 0; i < count; i++) {
        const struct value *member = member_of(call->input, names[i]);
        if (member != NULL) {
            map_set_member(facts, names[i], member, call->arena);
        }
    }
}

enum status transfer_job_record(struct call *call, struct transfer_job *job, const struct value *facts)
{
    struct error error;
    const char *directory = transfer_directory(job->transfer);
    const struct value_member members[] = {{"Request", value_of_text(request_hash(call))}};
    struct value hidden = value_of_members(call->arena, members, ARRAY_COUNT(members));
    struct value all = *facts;
    struct value status_word = value_of_word("IN_PROGRESS");
    struct value started = record_time(clock_wall_us(clock_system()), call->arena);
    map_set_member(&all, "Private", &hidden, call->arena);
    map_set_member(&all, record_status_name(job->kind), &status_word, call->arena);
    map_set_member(&all, "StartTime", &started, call->arena);
    job->facts = properties_decode(properties_encode(&all, &job->arena), &job->arena);
    enum status status = records_limit(directory, job->kind, &error);
    if (status == STATUS_OK) {
        status = record_write(directory, job->kind, job->id, &job->facts, &error);
    }
    return status == STATUS_OK ? STATUS_OK : call_fail_error(call, status, error.text);
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

void transfer_reply(struct call *call, const char *member, const struct value *facts)
{
    struct buffer body = {0};
    struct value shown = *facts;
    map_set_member(&shown, "Private", NULL, call->arena);
    json_open(&body, '{');
    json_name(&body, member);
    codec_json_encode(&body, &shown);
    json_close(&body, '}');
    call_reply(call, &body);
}

enum status transfer_find(struct call *call, enum transfer_kind kind, const char *name,
                          struct value *ret_facts)
{
    struct bytes arn = text_of(call->input, name);
    const char *mark = kind == TRANSFER_EXPORT ? "/export/" : "/import/";
    struct dynamodb_transfer *transfer = call->door->options.transfer;
    struct bytes id = {0};
    struct error error;
    enum status status = STATUS_NOT_FOUND;
    const uint8_t *at = bytes_find(arn, bytes_of_text(mark));
    if (at != NULL) {
        id = bytes_from(arn, (size_t)(at - arn.data) + strlen(mark));
    }
    if (transfer != NULL) {
        status = record_read(transfer_directory(transfer), kind, id, call->arena, ret_facts, &error);
    }
    if (status == STATUS_OK && bytes_equal(table_of_arn(text_of(ret_facts, "TableArn")), table_of_arn(arn))) {
        return STATUS_OK;
    }
    return status == STATUS_OK || status == STATUS_NOT_FOUND
               ? call_fail(call,
                           kind == TRANSFER_EXPORT ? AWS_FAILURE_EXPORT_NOT_FOUND
                                                   : AWS_FAILURE_IMPORT_NOT_FOUND,
                           "%s not found: %.*s", transfer_name(kind), (int)arn.size, (const char *)arn.data)
               : call_fail_error(call, status, error.text);
}

/* A position is the id of the last that was shown, in hexadecimal digits, filled up with zeros. */
static const char *list_token(struct bytes id, struct arena *arena)
{
    char *token = arena_create(arena, LIST_TOKEN_BYTES + 1);
    CHECK(2 * id.size <= LIST_TOKEN_BYTES);
    memset(token, '0', LIST_TOKEN_BYTES);
    for (size_t i = 0; i < id.size; i++) {
        static const char digits[] = "0123456789abcdef";
        token[2 * i] = digits[id.data[i] >> 4];
        token[2 * i + 1] = digits[id.data[i] & 15];
    }
    return token;
}

static enum status list_position(struct call *call, const struct record_ids *ids, size_t *ret_at)
{
    struct bytes token = text_of(call->input, "NextToken");
    *ret_at = 0;
    if (token.size == 0) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < ids->count; i++) {
        if (text_is(token, list_token(ids->at[i], call->arena))) {
            *ret_at = i + 1;
            return STATUS_OK;
        }
    }
    return call_fail(call, AWS_FAILURE_VALIDATION, "The provided NextToken is not valid");
}

static void list_put(struct buffer *body, const struct transfer_listing *listing, const struct value *facts)
{
    json_open(body, '{');
    for (size_t i = 0; i < listing->names_count; i++) {
        const struct value *member = member_of(facts, listing->names[i]);
        if (member != NULL) {
            json_name(body, listing->names[i]);
            codec_json_encode(body, member);
        }
    }
    json_close(body, '}');
}

/* Whether the list has it; what another request just forgot, or nobody can read, it has not. */
static bool list_has(struct call *call, enum transfer_kind kind, struct bytes id, struct value *ret_facts)
{
    struct bytes table = table_of_arn(text_of(call->input, "TableArn"));
    return record_read(transfer_directory(call->door->options.transfer), kind, id, call->arena, ret_facts,
                       NULL) == STATUS_OK &&
           (table.size == 0 || bytes_equal(table, table_of_arn(text_of(ret_facts, "TableArn"))));
}

/* Where there is no directory there never was an export or import. */
static enum status list_ids(struct call *call, enum transfer_kind kind, struct record_ids *ret_ids)
{
    struct dynamodb_transfer *transfer = call->door->options.transfer;
    struct error error;
    *ret_ids = (struct record_ids){0};
    enum status status = transfer == NULL
                             ? STATUS_OK
                             : records_list(transfer_directory(transfer), kind, call->arena, ret_ids, &error);
    return status == STATUS_OK ? status : call_fail_error(call, status, error.text);
}

enum status transfer_list(struct call *call, const struct transfer_listing *listing)
{
    struct record_ids ids;
    struct buffer body = {0};
    size_t at = 0;
    int64_t left = integer_of(call->input, listing->page_size, DYNAMODB_TRANSFER_LIST_MAX);
    struct bytes last = {0};
    enum status status = list_ids(call, listing->kind, &ids);
    if (status == STATUS_OK) {
        status = list_position(call, &ids, &at);
    }
    if (status != STATUS_OK) {
        return status;
    }
    json_open(&body, '{');
    json_name(&body, listing->member);
    json_open(&body, '[');
    bool has_more = false;
    for (; at < ids.count && !has_more; at++) {
        struct value facts;
        if (!list_has(call, listing->kind, ids.at[at], &facts)) {
            continue;
        }
        has_more = left == 0;
        if (!has_more) {
            list_put(&body, listing, &facts);
            last = ids.at[at];
            left--;
        }
    }
    json_close(&body, ']');
    if (has_more) {
        json_word(&body, "NextToken", list_token(last, call->arena));
    }
    json_close(&body, '}');
    call_reply(call, &body);
    return STATUS_OK;
}
