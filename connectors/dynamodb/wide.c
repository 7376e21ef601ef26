/* Tables of CQL that look like tables of this API. */
#include "dynamodb_private.h"

/* A table as it is shown, for the rest of the call: requests compare tables by their address. */
struct wide_table {
    const struct schema *stored;
    struct schema shown;
    struct wide_table *next;
};

/* Keys that a DynamoDB key can be, both ways: every one of them has one form, and no two are alike. */
static bool key_is_simple(const struct key_column *column, bool is_partition)
{
    switch ((int)column->type.kind) {
    case TYPE_ASCII:
    case TYPE_TEXT:
    case TYPE_BLOB:
    case TYPE_TINYINT:
    case TYPE_SMALLINT:
    case TYPE_INT:
    case TYPE_BIGINT:
    case TYPE_VARINT:
        return true;
    case TYPE_DECIMAL:
        return !is_partition; /* 1.0 and 1.00 are two partitions */
    default:
        return false;
    }
}

bool wide_is_simple(const struct schema *schema)
{
    bool is_simple = schema->partition_count == 1 && schema->clustering_count <= 1 &&
                     key_is_simple(&schema->partition[0], true) &&
                     (schema->clustering_count == 0 || key_is_simple(&schema->clustering[0], false));
    for (size_t i = 0; i < schema->columns_count && is_simple; i++) {
        is_simple = !schema->columns[i].is_static && schema->columns[i].type.kind != TYPE_COUNTER;
    }
    return is_simple;
}

const struct schema *wide_shown(struct call *call, const struct schema *schema)
{
    struct value properties = {.kind = VALUE_MAP};
    struct value mode = value_of_word("PAY_PER_REQUEST");
    for (const struct wide_table *table = call->wide_tables; table != NULL; table = table->next) {
        if (table->stored == schema) {
            return &table->shown;
        }
    }
    struct wide_table *table = arena_create(call->arena, sizeof(*table));
    map_set_member(&properties, "BillingMode", &mode, call->arena);
    *table = (struct wide_table){.stored = schema, .shown = *schema, .next = call->wide_tables};
    table->shown.indexes = NULL; /* CQL's, which have columns of their own */
    table->shown.indexes_count = 0;
    table->shown.properties = properties_encode(&properties, call->arena);
    call->wide_tables = table;
    return &table->shown;
}

bool wide_is_reverse(const struct schema *schema, bool is_descending)
{
    bool is_stored_descending = schema->clustering_count > 0 && schema->clustering[0].is_descending;
    return is_descending != is_stored_descending;
}
