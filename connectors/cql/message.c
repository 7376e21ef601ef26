#include "message.h"

#include <stdio.h>
#include <strings.h>

/* Of <query_parameters>; sections 4.1.4 and 4.1.7. */
enum parameter_flag {
    FLAG_VALUES = 0x01,
    FLAG_SKIP_METADATA = 0x02,
    FLAG_PAGE_SIZE = 0x04,
    FLAG_PAGING_STATE = 0x08,
    FLAG_SERIAL_CONSISTENCY = 0x10,
    FLAG_TIMESTAMP = 0x20,
    FLAG_NAMES = 0x40,
    FLAG_KEYSPACE = 0x80, /* since v5 */
    FLAG_NOW = 0x100,     /* since v5 */
    FLAGS_NOT_IN_BATCH = FLAG_VALUES | FLAG_SKIP_METADATA | FLAG_PAGE_SIZE | FLAG_PAGING_STATE,
};

enum {
    PREPARE_FLAG_KEYSPACE = 0x01,
    VALUE_BYTES_MIN = 4,
    NAME_BYTES_MIN = 2,
    STATEMENT_BYTES_MIN = 5, /* kind, an empty id, no values */
};

static unsigned read_flags(struct notation *notation)
{
    return notation->version >= 5 ? (unsigned)cql_read_int(notation) : cql_read_byte(notation);
}

/* <n>[<name_1>]<value_1> … */
static void read_values(struct notation *notation, bool has_names, struct arena *arena,
                        struct cql_query *statement)
{
    size_t count = cql_read_count(notation, VALUE_BYTES_MIN + (has_names ? NAME_BYTES_MIN : 0));
    struct cql_value *values = arena_create_array(arena, count, sizeof(*values));
    struct bytes *names = has_names ? arena_create_array(arena, count, sizeof(*names)) : NULL;
    for (size_t i = 0; i < count && !notation->failed; i++) {
        if (has_names) {
            names[i] = cql_read_string(notation);
        }
        values[i] = cql_read_value(notation);
    }
    statement->values_count = count;
    statement->values = values;
    statement->names = names;
}

/* What follows the values, the same for BATCH. */
static void read_parameters(struct notation *notation, unsigned flags, struct cql_parameters *parameters)
{
    if ((flags & FLAG_PAGE_SIZE) != 0) {
        int32_t rows = cql_read_int(notation);
        parameters->page_rows = rows > 0 ? rows : 0;
    }
    if ((flags & FLAG_PAGING_STATE) != 0) {
        struct cql_value state = cql_read_bytes(notation);
        parameters->has_paging_state = state.presence == CQL_VALUE_SET;
        parameters->paging_state = state.bytes;
    }
    if ((flags & FLAG_SERIAL_CONSISTENCY) != 0) {
        parameters->serial_consistency = cql_read_consistency(notation);
    }
    if ((flags & FLAG_TIMESTAMP) != 0) {
        parameters->has_timestamp = true;
        parameters->timestamp_us = cql_read_long(notation);
        if (parameters->timestamp_us == INT64_MIN) {
            cql_notation_fail(notation, "Out of bound timestamp, must be in [-2^63+1, 2^63-1] (got -2^63)");
        }
    }
    if ((flags & FLAG_KEYSPACE) != 0 && notation->version >= 5) {
        parameters->keyspace = cql_read_string(notation);
    }
    if ((flags & FLAG_NOW) != 0 && notation->version >= 5) {
        parameters->has_now = true;
        parameters->now_s = (uint32_t)cql_read_int(notation); /* as Cassandra reads it since 5.0 */
    }
}

static void read_query_parameters(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    message->parameters.consistency = cql_read_consistency(notation);
    unsigned flags = read_flags(notation);
    if ((flags & FLAG_VALUES) != 0) {
        read_values(notation, (flags & FLAG_NAMES) != 0, arena, message->statements);
    }
    message->parameters.skips_metadata = (flags & FLAG_SKIP_METADATA) != 0;
    read_parameters(notation, flags, &message->parameters);
}

/* --- a function for each request -------------------------------------------------------------------------------- */

static void read_startup(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    struct {
        const char *name;
        struct bytes *value;
    } const known[] = {{"CQL_VERSION", &message->startup.cql_version},
                       {"COMPRESSION", &message->startup.compression},
                       {"DRIVER_NAME", &message->startup.driver_name},
                       {"DRIVER_VERSION", &message->startup.driver_version}};
    struct bytes whole = notation->reader.rest;
    size_t count = cql_read_count(notation, NAME_BYTES_MIN + NAME_BYTES_MIN);
    for (size_t i = 0; i < count && !notation->failed; i++) {
        struct bytes name = cql_read_string(notation);
        struct bytes value = cql_read_string(notation);
        const char *text = arena_copy_text(arena, name);
        for (size_t k = 0; k < ARRAY_COUNT(known); k++) {
            if (strcasecmp(text, known[k].name) == 0) {
                *known[k].value = value;
            }
        }
        if (strcasecmp(text, "THROW_ON_OVERLOAD") == 0) {
            message->startup.throws_on_overload = bytes_equal(value, bytes_of_text("1"));
        }
    }
    message->startup.options = bytes_part(whole, 0, whole.size - notation->reader.rest.size);
    if (message->startup.cql_version.size == 0) {
        cql_notation_fail(notation, "Missing value CQL_VERSION in STARTUP message");
    }
}

static void read_options(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    (void)notation;
    (void)arena;
    (void)message;
}

static void read_auth_response(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    (void)arena;
    message->token = cql_read_bytes(notation);
}

static void read_query(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    message->statements->text = cql_read_long_string(notation);
    read_query_parameters(notation, arena, message);
}

static void read_prepare(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    (void)arena;
    message->statements->text = cql_read_long_string(notation);
    if (notation->version >= 5 && (cql_read_int(notation) & PREPARE_FLAG_KEYSPACE) != 0) {
        message->parameters.keyspace = cql_read_string(notation);
    }
}

static void read_execute(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    message->statements->is_prepared = true;
    message->statements->id = cql_read_short_bytes(notation);
    if (notation->version >= 5) {
        message->result_metadata_id = cql_read_short_bytes(notation);
    }
    read_query_parameters(notation, arena, message);
}

static void read_batch_statement(struct notation *notation, struct arena *arena, struct cql_query *statement)
{
    unsigned kind = cql_read_byte(notation);
    if (kind == 0) {
        statement->text = cql_read_long_string(notation);
    } else if (kind == 1) {
        statement->is_prepared = true;
        statement->id = cql_read_short_bytes(notation);
    } else {
        cql_notation_fail(notation, "Invalid query kind in BATCH messages. Must be 0 or 1 but got %u", kind);
    }
    read_values(notation, false, arena, statement);
}

static void read_batch(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    unsigned kind = cql_read_byte(notation);
    if (kind > CQL_BATCH_TYPE_COUNTER) {
        cql_notation_fail(notation, "Invalid batch type %u", kind);
        return;
    }
    message->batch = (enum cql_batch_type)kind;
    size_t count = cql_read_count(notation, STATEMENT_BYTES_MIN);
    message->statements = arena_create_array(arena, count, sizeof(*message->statements));
    message->statements_count = count;
    for (size_t i = 0; i < count && !notation->failed; i++) {
        read_batch_statement(notation, arena, &message->statements[i]);
    }
    message->parameters.consistency = cql_read_consistency(notation);
    unsigned flags = read_flags(notation);
    if ((flags & FLAGS_NOT_IN_BATCH) != 0) {
        cql_notation_fail(notation, "Invalid flags 0x%x in BATCH: the four lowest have no meaning there",
                          flags);
    }
    if ((flags & FLAG_NAMES) != 0) { /* CASSANDRA-10246: values come before their names would be known of */
        cql_notation_fail(notation, "Named values are not supported in BATCH messages");
    }
    read_parameters(notation, flags, &message->parameters);
}

static void read_register(struct notation *notation, struct arena *arena, struct cql_message *message)
{
    static const struct {
        const char *name;
        enum cql_event_kind kind;
    } kinds[] = {{"TOPOLOGY_CHANGE", CQL_TOPOLOGY_CHANGE},
                 {"STATUS_CHANGE", CQL_STATUS_CHANGE},
                 {"SCHEMA_CHANGE", CQL_SCHEMA_CHANGE}};
    size_t count = cql_read_count(notation, NAME_BYTES_MIN);
    for (size_t i = 0; i < count && !notation->failed; i++) {
        const char *name = arena_copy_text(arena, cql_read_string(notation));
        unsigned kind = 0;
        for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
            kind |= strcasecmp(name, kinds[k].name) == 0 ? (unsigned)kinds[k].kind : 0U;
        }
        if (kind == 0) {
            cql_notation_fail(notation, "Invalid value '%s' for Type", name);
        }
        message->events |= kind;
    }
}

/* --- any request ------------------------------------------------------------------------------------------------ */

/* [bytes map] */
static void read_payload(struct notation *notation, struct arena *arena, struct cql_payload *payload)
{
    if (notation->version < 4) {
        cql_notation_fail(notation,
                          "Received frame with CUSTOM_PAYLOAD flag for native protocol version < 4");
        return;
    }
    size_t count = cql_read_count(notation, NAME_BYTES_MIN + VALUE_BYTES_MIN);
    struct cql_payload_entry *entries = arena_create_array(arena, count, sizeof(*entries));
    for (size_t i = 0; i < count && !notation->failed; i++) {
        entries[i].name = cql_read_string(notation);
        entries[i].value = cql_read_bytes(notation);
    }
    *payload = (struct cql_payload){.entries = entries, .count = count};
}

static const struct {
    enum cql_opcode opcode;
    bool may_have_payload;
    void (*read)(struct notation *notation, struct arena *arena, struct cql_message *message);
} readers[] = {
    {OPCODE_STARTUP, false, read_startup},
    {OPCODE_OPTIONS, false, read_options},
    {OPCODE_AUTH_RESPONSE, false, read_auth_response},
    {OPCODE_QUERY, true, read_query},
    {OPCODE_PREPARE, true, read_prepare},
    {OPCODE_EXECUTE, true, read_execute},
    {OPCODE_BATCH, true, read_batch},
    {OPCODE_REGISTER, false, read_register},
};

enum status cql__message_decode(const struct envelope *envelope, struct bytes body, struct arena *arena,
                                struct cql_message *ret_message, struct error *error)
{
    struct notation notation;
    cql_notation_init(&notation, body, envelope->version);
    *ret_message = (struct cql_message){.opcode = envelope->opcode,
                                        .statements = arena_create(arena, sizeof(struct cql_query)),
                                        .statements_count = 1,
                                        .parameters.serial_consistency = CQL_SERIAL};
    for (size_t i = 0; i < ARRAY_COUNT(readers); i++) {
        if (readers[i].opcode == envelope->opcode) {
            if (readers[i].may_have_payload && (envelope->flags & ENVELOPE_PAYLOAD) != 0) {
                read_payload(&notation, arena, &ret_message->payload);
            }
            readers[i].read(&notation, arena, ret_message);
            return cql_notation_end(&notation, error);
        }
    }
    return error_set(error, STATUS_INVALID, "Unexpected message %s", cql__opcode_name(envelope->opcode));
}
