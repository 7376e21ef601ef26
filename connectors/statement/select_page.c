/* Paging states.
 *
 *   code 16 bytes | version u8 = 4 | flags u8 | partition varint | range varint | row sized | key sized |
 *   partition_left varint | left varint | as_of varint | index sized | entry sized
 *
 * The code is the beginning of HMAC-SHA256 over the keyspace of the statement's table, its text, its values and all behind the code: a
 * state serves the same statement on every connection, also after a restart. */
#include "base/crypto.h"
#include "cql/executor.h"
#include "prepare.h"
#include "select.h"

enum {
    POSITION_VERSION = 4,
    POSITION_CODE_BYTES = 16,
    POSITION_HAS_ROWS = 1,
};

static void position_code(struct exec_call *call, struct bytes body, uint8_t ret_code[SHA256_BYTES])
{
    uint8_t id[CQL_ID_BYTES];
    struct buffer text = {0};
    const struct cql_query *query = call->query;
    struct bytes statement = query->is_prepared ? statement__plan_text(query->prepared) : query->text;
    cql_statement_identify(call->functions_keyspace, statement, id);
    buffer_put(&text, bytes_of(id, sizeof(id)));
    for (size_t i = 0; i < query->values_count; i++) {
        buffer_put_u8(&text, (uint8_t)query->values[i].presence);
        buffer_put_sized(&text, query->values[i].bytes);
    }
    buffer_put(&text, body);
    crypto_hmac_sha256(bytes_of(call->exec->paging_key, sizeof(call->exec->paging_key)), buffer_bytes(&text),
                       ret_code);
    buffer_reset(&text);
}

struct bytes statement__position_encode(struct exec_call *call, const struct select_position *position)
{
    uint8_t code[SHA256_BYTES];
    struct buffer text = {0};
    memset(buffer_extend(&text, POSITION_CODE_BYTES), 0, POSITION_CODE_BYTES);
    buffer_put_u8(&text, POSITION_VERSION);
    buffer_put_u8(&text, position->has_rows ? POSITION_HAS_ROWS : 0);
    buffer_put_varint(&text, position->partition);
    buffer_put_varint(&text, position->range);
    buffer_put_sized(&text, position->row);
    buffer_put_sized(&text, position->key);
    buffer_put_varint(&text, position->partition_left);
    buffer_put_varint(&text, position->left);
    buffer_put_varint(&text, position->as_of);
    buffer_put_sized(&text, position->index);
    buffer_put_sized(&text, position->entry);
    position_code(call, bytes_from(buffer_bytes(&text), POSITION_CODE_BYTES), code);
    memcpy(text.data, code, POSITION_CODE_BYTES);
    struct bytes copy = arena_copy(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

enum status statement__position_decode(struct exec_call *call, struct bytes text,
                                       struct select_position *ret_position)
{
    uint8_t code[SHA256_BYTES];
    bool is_ours = text.size > POSITION_CODE_BYTES;
    if (is_ours) {
        position_code(call, bytes_from(text, POSITION_CODE_BYTES), code);
        is_ours = crypto_equal(code, text.data, POSITION_CODE_BYTES);
    }
    if (!is_ours) {
        return exec_fail(call, CQL_PROTOCOL_ERROR, "Invalid value for the paging state");
    }
    struct reader reader = reader_of(bytes_from(text, POSITION_CODE_BYTES));
    uint8_t version = reader_u8(&reader);
    *ret_position = (struct select_position){.has_rows = (reader_u8(&reader) & POSITION_HAS_ROWS) != 0};
    ret_position->partition = reader_varint(&reader);
    ret_position->range = reader_varint(&reader);
    ret_position->row = reader_sized(&reader);
    ret_position->key = reader_sized(&reader);
    ret_position->partition_left = reader_varint(&reader);
    ret_position->left = reader_varint(&reader);
    ret_position->as_of = reader_varint(&reader);
    ret_position->index = reader_sized(&reader);
    ret_position->entry = reader_sized(&reader);
    return version == POSITION_VERSION && reader_ended(&reader)
               ? STATUS_OK
               : exec_fail(call, CQL_PROTOCOL_ERROR, "Invalid value for the paging state");
}
