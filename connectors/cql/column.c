#include "cql/column.h"

#include "cql/notation.h"
#include "value/type_text.h"

#define MARSHAL CQL_CLASS_PACKAGE

enum {
    OPTION_CUSTOM = 0x0000,
    OPTION_LIST = 0x0020,
    OPTION_MAP = 0x0021,
    OPTION_SET = 0x0022,
    OPTION_UDT = 0x0030,
    OPTION_TUPLE = 0x0031,
};

struct option_entry {
    uint16_t option;
    uint8_t since; /* the version that has it */
    const char *class_name;
};

/* Numbers of DynamoDB are decimals, and a document's attribute is bytes, to clients of this protocol. */
static const struct option_entry options[] = {
    [TYPE_ANY] = {0x0003, 3, "BytesType"},         [TYPE_ASCII] = {0x0001, 3, "AsciiType"},
    [TYPE_TEXT] = {0x000D, 3, "UTF8Type"},         [TYPE_BLOB] = {0x0003, 3, "BytesType"},
    [TYPE_BOOLEAN] = {0x0004, 3, "BooleanType"},   [TYPE_TINYINT] = {0x0014, 4, "ByteType"},
    [TYPE_SMALLINT] = {0x0013, 4, "ShortType"},    [TYPE_INT] = {0x0009, 3, "Int32Type"},
    [TYPE_BIGINT] = {0x0002, 3, "LongType"},       [TYPE_COUNTER] = {0x0005, 3, "CounterColumnType"},
    [TYPE_VARINT] = {0x000E, 3, "IntegerType"},    [TYPE_DECIMAL] = {0x0006, 3, "DecimalType"},
    [TYPE_NUMBER] = {0x0006, 3, "DecimalType"},    [TYPE_FLOAT] = {0x0008, 3, "FloatType"},
    [TYPE_DOUBLE] = {0x0007, 3, "DoubleType"},     [TYPE_UUID] = {0x000C, 3, "UUIDType"},
    [TYPE_TIMEUUID] = {0x000F, 3, "TimeUUIDType"}, [TYPE_TIMESTAMP] = {0x000B, 3, "TimestampType"},
    [TYPE_DATE] = {0x0011, 4, "SimpleDateType"},   [TYPE_TIME] = {0x0012, 4, "TimeType"},
    [TYPE_DURATION] = {0x0015, 5, "DurationType"}, [TYPE_INET] = {0x0010, 3, "InetAddressType"},
    [TYPE_LIST] = {OPTION_LIST, 3, "ListType"},    [TYPE_SET] = {OPTION_SET, 3, "SetType"},
    [TYPE_MAP] = {OPTION_MAP, 3, "MapType"},       [TYPE_TUPLE] = {OPTION_TUPLE, 3, "TupleType"},
    [TYPE_UDT] = {OPTION_UDT, 3, "UserType"},      [TYPE_VECTOR] = {OPTION_CUSTOM, UINT8_MAX, "VectorType"},
};

static void put_hex(struct buffer *buffer, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        buffer_put_format(buffer, "%02x", bytes.data[i]);
    }
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which type_validate bounds by TYPE_DEPTH_MAX */
static void put_class(struct buffer *buffer, const struct type *type, bool ignores_freezing)
{
    bool is_wrapped =
        !ignores_freezing && type->is_frozen && type->kind != TYPE_TUPLE && type->kind != TYPE_VECTOR;
    CHECK((size_t)type->kind < ARRAY_COUNT(options));
    buffer_put_text(buffer, is_wrapped ? MARSHAL "FrozenType(" : "");
    buffer_put_format(buffer, MARSHAL "%s%s", options[type->kind].class_name, type->count > 0 ? "(" : "");
    if (type->kind == TYPE_UDT) {
        buffer_put(buffer, type->udt->keyspace);
        buffer_put_text(buffer, ",");
        put_hex(buffer, type->udt->name);
    }
    bool ignores_inside = ignores_freezing || is_wrapped || type->kind == TYPE_TUPLE;
    for (size_t i = 0; i < type->count; i++) {
        buffer_put_text(buffer, i > 0 || type->kind == TYPE_UDT ? "," : "");
        if (type->kind == TYPE_UDT) {
            put_hex(buffer, type->udt->fields[i]);
            buffer_put_text(buffer, ":");
        }
        put_class(buffer, &type->parameters[i], ignores_inside);
    }
    if (type->kind == TYPE_VECTOR) {
        buffer_put_format(buffer, " , %u", (unsigned)type->dimension);
    }
    buffer_put_text(buffer, type->count > 0 ? ")" : "");
    buffer_put_text(buffer, is_wrapped ? ")" : "");
}

void cql_put_class(struct buffer *buffer, const struct type *type)
{
    put_class(buffer, type, false);
}

void cql_put_type(struct buffer *buffer, const struct type *type, uint8_t version)
{
    CHECK((size_t)type->kind < ARRAY_COUNT(options));
    const struct option_entry *entry = &options[type->kind];
    if (version < entry->since) {
        struct buffer name = {0};
        cql_put_class(&name, type);
        buffer_put_u16(buffer, OPTION_CUSTOM);
        cql_put_string(buffer, buffer_bytes(&name));
        buffer_reset(&name);
        return;
    }
    buffer_put_u16(buffer, entry->option);
    if (type->kind == TYPE_UDT) {
        cql_put_string(buffer, type->udt->keyspace);
        cql_put_string(buffer, type->udt->name);
    }
    if (type->kind == TYPE_UDT || type->kind == TYPE_TUPLE) {
        buffer_put_u16(buffer, (uint16_t)type->count);
    }
    for (size_t i = 0; i < type->count; i++) {
        if (type->kind == TYPE_UDT) {
            cql_put_string(buffer, type->udt->fields[i]);
        }
        cql_put_type(buffer, &type->parameters[i], version);
    }
}
/* NOLINTEND(misc-no-recursion) */

const char *cql_class_type_name(struct bytes class_name)
{
    if (bytes_equal(class_name, bytes_of_text("FrozenType"))) {
        return "frozen";
    }
    for (size_t kind = 0; kind < ARRAY_COUNT(options); kind++) {
        bool is_own = kind == TYPE_ANY || kind == TYPE_NUMBER || kind == TYPE_UDT;
        if (options[kind].class_name != NULL && !is_own &&
            bytes_equal(class_name, bytes_of_text(options[kind].class_name))) {
            return type_name((enum type_kind)kind);
        }
    }
    return NULL;
}
