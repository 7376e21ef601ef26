#include "reply.h"

#include "base/crypto.h"
#include "cql/column.h"

/* Of results; section 4.2.5. */
enum result_kind {
    RESULT_VOID = 1,
    RESULT_ROWS = 2,
    RESULT_KEYSPACE = 3,
    RESULT_PREPARED = 4,
    RESULT_SCHEMA_CHANGE = 5,
};

/* Of metadata; section 4.2.5.2. */
enum metadata_flag {
    METADATA_GLOBAL_TABLE = 0x01,
    METADATA_HAS_MORE = 0x02,
    METADATA_NONE = 0x04,
    METADATA_CHANGED = 0x08, /* since v5 */
};

size_t cql__reply_begin(struct buffer *buffer, const struct reply_head *head, enum cql_opcode opcode)
{
    bool has_warnings = head->warnings_count > 0 && head->version >= 4;
    bool has_payload = head->payload.count > 0 && head->version >= 4;
    unsigned flags = (head->tracing_id != NULL ? (unsigned)ENVELOPE_TRACING : 0U) |
                     (has_warnings ? (unsigned)ENVELOPE_WARNING : 0U) |
                     (has_payload ? (unsigned)ENVELOPE_PAYLOAD : 0U);
    size_t at = cql__envelope_begin(buffer, head->version, (uint8_t)flags, head->stream, opcode);
    if (head->tracing_id != NULL) {
        buffer_put(buffer, bytes_of(head->tracing_id, CQL_UUID_BYTES));
    }
    if (has_warnings) {
        cql_put_strings(buffer, head->warnings, head->warnings_count);
    }
    if (has_payload) {
        CHECK(head->payload.count <= UINT16_MAX);
        buffer_put_u16(buffer, (uint16_t)head->payload.count);
        for (size_t i = 0; i < head->payload.count; i++) {
            const struct cql_payload_entry *entry = &head->payload.entries[i];
            cql_put_string(buffer, entry->name);
            if (entry->value.presence == CQL_VALUE_SET) {
                cql_put_bytes(buffer, entry->value.bytes);
            } else {
                cql_put_null(buffer);
            }
        }
    }
    return at;
}

/* --- errors ----------------------------------------------------------------------------------------------------- */

/* What a version does not know is told as the nearest that it does, as Cassandra does. */
static struct cql_failure failure_of_version(const struct cql_failure *failure, uint8_t version)
{
    struct cql_failure told = *failure;
    if (version < 5 && told.code == CQL_CAS_WRITE_UNKNOWN) {
        told.code = CQL_WRITE_TIMEOUT;
        told.write_type = "CAS";
    } else if ((version < 5 && told.code == CQL_CDC_WRITE_FAILURE) ||
               (version < 4 && told.code == CQL_FUNCTION_FAILURE)) {
        told.code = CQL_INVALID;
    } else if (version < 4 && told.code == CQL_READ_FAILURE) {
        told.code = CQL_READ_TIMEOUT;
    } else if (version < 4 && told.code == CQL_WRITE_FAILURE) {
        told.code = CQL_WRITE_TIMEOUT;
    }
    told.write_type = told.write_type == NULL ? "SIMPLE" : told.write_type;
    return told;
}

static void put_counts(struct buffer *buffer, const struct cql_failure *failure)
{
    buffer_put_u16(buffer, failure->consistency);
    cql_put_int(buffer, failure->received);
    cql_put_int(buffer, failure->required);
}

/* <reasonmap>; before v5 how many failed. */
static void put_failures(struct buffer *buffer, const struct cql_failure *failure, uint8_t version)
{
    cql_put_int(buffer, (int32_t)failure->failures_count);
    for (size_t i = 0; i < failure->failures_count && version >= 5; i++) {
        const struct cql_failed_replica *replica = &failure->failures[i];
        buffer_put_u8(buffer, (uint8_t)replica->host.size);
        buffer_put(buffer, replica->host);
        buffer_put_u16(buffer, replica->reason);
    }
}

/* What follows code and message; section 8. */
static void put_failure_body(struct buffer *buffer, const struct cql_failure *failure, uint8_t version)
{
    switch ((int)failure->code) {
    case CQL_UNAVAILABLE:
        buffer_put_u16(buffer, failure->consistency);
        cql_put_int(buffer, failure->required);
        cql_put_int(buffer, failure->received);
        break;
    case CQL_WRITE_TIMEOUT:
        put_counts(buffer, failure);
        cql_put_text(buffer, failure->write_type);
        if (version >= 5 && strcmp(failure->write_type, "CAS") == 0) {
            buffer_put_u16(buffer, failure->contentions);
        }
        break;
    case CQL_READ_TIMEOUT:
        put_counts(buffer, failure);
        buffer_put_u8(buffer, failure->has_data ? 1 : 0);
        break;
    case CQL_READ_FAILURE:
        put_counts(buffer, failure);
        put_failures(buffer, failure, version);
        buffer_put_u8(buffer, failure->has_data ? 1 : 0);
        break;
    case CQL_WRITE_FAILURE:
        put_counts(buffer, failure);
        put_failures(buffer, failure, version);
        cql_put_text(buffer, failure->write_type);
        break;
    case CQL_CAS_WRITE_UNKNOWN:
        put_counts(buffer, failure);
        break;
    case CQL_FUNCTION_FAILURE:
        cql_put_string(buffer, failure->keyspace);
        cql_put_string(buffer, failure->name);
        cql_put_strings(buffer, failure->arguments, failure->arguments_count);
        break;
    case CQL_ALREADY_EXISTS:
        cql_put_string(buffer, failure->keyspace);
        cql_put_string(buffer, failure->name);
        break;
    case CQL_UNPREPARED:
        cql_put_short_bytes(buffer, failure->id);
        break;
    default:
        break; /* the message says it all */
    }
}

void cql__reply_error(struct buffer *buffer, const struct reply_head *head, const struct cql_failure *failure)
{
    struct cql_failure told = failure_of_version(failure, head->version);
    size_t at = cql__reply_begin(buffer, head, OPCODE_ERROR);
    cql_put_int(buffer, (int32_t)told.code);
    cql_put_string(buffer, told.message);
    put_failure_body(buffer, &told, head->version);
    cql__envelope_end(buffer, at);
}

/* --- the beginning of a connection ------------------------------------------------------------------------------ */

void cql__reply_ready(struct buffer *buffer, const struct reply_head *head)
{
    cql__envelope_end(buffer, cql__reply_begin(buffer, head, OPCODE_READY));
}

void cql__reply_authenticate(struct buffer *buffer, const struct reply_head *head, const char *authenticator)
{
    size_t at = cql__reply_begin(buffer, head, OPCODE_AUTHENTICATE);
    cql_put_text(buffer, authenticator);
    cql__envelope_end(buffer, at);
}

void cql__reply_challenge(struct buffer *buffer, const struct reply_head *head, struct bytes token)
{
    size_t at = cql__reply_begin(buffer, head, OPCODE_AUTH_CHALLENGE);
    cql_put_bytes(buffer, token);
    cql__envelope_end(buffer, at);
}

void cql__reply_authenticated(struct buffer *buffer, const struct reply_head *head)
{
    size_t at = cql__reply_begin(buffer, head, OPCODE_AUTH_SUCCESS);
    cql_put_null(buffer);
    cql__envelope_end(buffer, at);
}

/* v5 has no snappy. */
void cql__reply_supported(struct buffer *buffer, const struct reply_head *head)
{
    const struct bytes compressions[] = {bytes_of_text("lz4"), bytes_of_text("snappy")};
    const struct bytes versions[] = {bytes_of_text("3/v3"), bytes_of_text("4/v4"), bytes_of_text("5/v5")};
    const struct bytes cql_versions[] = {bytes_of_text("3.4.6")};
    size_t at = cql__reply_begin(buffer, head, OPCODE_SUPPORTED);
    buffer_put_u16(buffer, 3);
    cql_put_text(buffer, "PROTOCOL_VERSIONS");
    cql_put_strings(buffer, versions, ARRAY_COUNT(versions));
    cql_put_text(buffer, "COMPRESSION");
    cql_put_strings(buffer, compressions, head->version >= 5 ? 1 : 2);
    cql_put_text(buffer, "CQL_VERSION");
    cql_put_strings(buffer, cql_versions, ARRAY_COUNT(cql_versions));
    cql__envelope_end(buffer, at);
}

/* --- metadata --------------------------------------------------------------------------------------------------- */

static bool metadata_has_one_table(const struct cql_metadata *metadata)
{
    for (size_t i = 1; i < metadata->count; i++) {
        if (!bytes_equal(metadata->columns[i].keyspace, metadata->columns[0].keyspace) ||
            !bytes_equal(metadata->columns[i].table, metadata->columns[0].table)) {
            return false;
        }
    }
    return metadata->count > 0;
}

/* [<global_table_spec>]<col_spec_1> … */
static void put_columns(struct buffer *buffer, const struct cql_metadata *metadata, bool is_global,
                        uint8_t version)
{
    if (is_global) {
        cql_put_string(buffer, metadata->columns[0].keyspace);
        cql_put_string(buffer, metadata->columns[0].table);
    }
    for (size_t i = 0; i < metadata->count; i++) {
        const struct cql_column_spec *column = &metadata->columns[i];
        if (!is_global) {
            cql_put_string(buffer, column->keyspace);
            cql_put_string(buffer, column->table);
        }
        cql_put_string(buffer, column->name);
        cql_put_type(buffer, column->type, version);
    }
}

/* What a result is told to look like: <metadata> of section 4.2.5.2. `new_id` NULL: the client knows it. */
static void put_result_metadata(struct buffer *buffer, const struct cql_metadata *metadata, uint8_t version,
                                const struct cql_rows *rows, bool is_skipped, const uint8_t *new_id)
{
    bool has_more = rows != NULL && rows->has_more;
    bool is_told = !is_skipped && metadata->count > 0;
    bool is_global = is_told && metadata_has_one_table(metadata);
    bool is_new = new_id != NULL && version >= 5;
    unsigned flags = (is_global ? (unsigned)METADATA_GLOBAL_TABLE : 0U) |
                     (has_more ? (unsigned)METADATA_HAS_MORE : 0U) |
                     (is_told ? 0U : (unsigned)METADATA_NONE) | (is_new ? (unsigned)METADATA_CHANGED : 0U);
    cql_put_int(buffer, (int32_t)flags);
    cql_put_int(buffer, (int32_t)metadata->count);
    if (has_more) {
        cql_put_bytes(buffer, rows->paging_state);
    }
    if (is_new) {
        cql_put_short_bytes(buffer, bytes_of(new_id, CQL_ID_BYTES));
    }
    if (is_told) {
        put_columns(buffer, metadata, is_global, version);
    }
}

void cql__metadata_identify(const struct cql_metadata *metadata, uint8_t ret_id[CQL_ID_BYTES])
{
    struct buffer encoded = {0};
    put_columns(&encoded, metadata, false, CQL_VERSION_MAX);
    crypto_md5(buffer_bytes(&encoded), ret_id);
    buffer_reset(&encoded);
}

/* --- results ---------------------------------------------------------------------------------------------------- */

static size_t result_begin(struct buffer *buffer, const struct reply_head *head, enum result_kind kind)
{
    size_t at = cql__reply_begin(buffer, head, OPCODE_RESULT);
    cql_put_int(buffer, (int32_t)kind);
    return at;
}

void cql__reply_void(struct buffer *buffer, const struct reply_head *head)
{
    cql__envelope_end(buffer, result_begin(buffer, head, RESULT_VOID));
}

void cql__reply_rows(struct buffer *buffer, const struct reply_head *head, const struct cql_rows *rows,
                     bool skips_metadata, const uint8_t *new_id)
{
    buffer_reserve(buffer, rows->cells.size + 512);
    size_t at = result_begin(buffer, head, RESULT_ROWS);
    put_result_metadata(buffer, rows->metadata, head->version, rows, skips_metadata, new_id);
    cql_put_int(buffer, (int32_t)rows->count);
    buffer_put(buffer, rows->cells);
    cql__envelope_end(buffer, at);
}

void cql__reply_keyspace(struct buffer *buffer, const struct reply_head *head, struct bytes keyspace)
{
    size_t at = result_begin(buffer, head, RESULT_KEYSPACE);
    cql_put_string(buffer, keyspace);
    cql__envelope_end(buffer, at);
}

void cql__reply_prepared(struct buffer *buffer, const struct reply_head *head,
                         const struct cql_prepared *prepared)
{
    const struct cql_metadata *variables = &prepared->variables;
    bool is_global = metadata_has_one_table(variables);
    size_t at = result_begin(buffer, head, RESULT_PREPARED);
    cql_put_short_bytes(buffer, bytes_of(prepared->id, CQL_ID_BYTES));
    if (head->version >= 5) {
        cql_put_short_bytes(buffer, bytes_of(prepared->result_id, CQL_ID_BYTES));
    }
    cql_put_int(buffer, is_global ? METADATA_GLOBAL_TABLE : 0);
    cql_put_int(buffer, (int32_t)variables->count);
    if (head->version >= 4) {
        cql_put_int(buffer, (int32_t)prepared->key_markers_count);
        for (size_t i = 0; i < prepared->key_markers_count; i++) {
            buffer_put_u16(buffer, prepared->key_markers[i]);
        }
    }
    put_columns(buffer, variables, is_global, head->version);
    put_result_metadata(buffer, &prepared->result, head->version, NULL, false, NULL);
    cql__envelope_end(buffer, at);
}

/* <change_type><target><options> */
static void put_schema_change(struct buffer *buffer, const struct cql_schema_change *change)
{
    bool has_arguments = strcmp(change->target, "FUNCTION") == 0 || strcmp(change->target, "AGGREGATE") == 0;
    cql_put_text(buffer, change->change);
    cql_put_text(buffer, change->target);
    cql_put_string(buffer, change->keyspace);
    if (strcmp(change->target, "KEYSPACE") != 0) {
        cql_put_string(buffer, change->name);
    }
    if (has_arguments) {
        cql_put_strings(buffer, change->arguments, change->arguments_count);
    }
}

void cql__reply_schema_change(struct buffer *buffer, const struct reply_head *head,
                              const struct cql_schema_change *change)
{
    size_t at = result_begin(buffer, head, RESULT_SCHEMA_CHANGE);
    put_schema_change(buffer, change);
    cql__envelope_end(buffer, at);
}

/* --- events ----------------------------------------------------------------------------------------------------- */

static size_t event_begin(struct buffer *buffer, uint8_t version, enum cql_event_kind kind)
{
    struct reply_head head = {.version = version, .stream = REPLY_EVENT_STREAM};
    size_t at = cql__reply_begin(buffer, &head, OPCODE_EVENT);
    cql_put_text(buffer, kind == CQL_TOPOLOGY_CHANGE ? "TOPOLOGY_CHANGE"
                         : kind == CQL_STATUS_CHANGE ? "STATUS_CHANGE"
                                                     : "SCHEMA_CHANGE");
    return at;
}

void cql__event_schema_change(struct buffer *buffer, uint8_t version, const struct cql_schema_change *change)
{
    size_t at = event_begin(buffer, version, CQL_SCHEMA_CHANGE);
    put_schema_change(buffer, change);
    cql__envelope_end(buffer, at);
}

void cql__event_node(struct buffer *buffer, uint8_t version, enum cql_event_kind kind, const char *change,
                     struct bytes host, uint16_t port)
{
    size_t at = event_begin(buffer, version, kind);
    cql_put_text(buffer, change);
    buffer_put_u8(buffer, (uint8_t)host.size);
    buffer_put(buffer, host);
    cql_put_int(buffer, port);
    cql__envelope_end(buffer, at);
}
