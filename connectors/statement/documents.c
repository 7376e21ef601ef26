#include "documents.h"

#include "catalog/catalog.h"
#include "codec/json.h"
#include "codec/pack.h"

static const char documents_keyspace[] = "dynamodb";
static const char backup_prefix[] = "oxbow.backup."; /* a copy that only RestoreTableFromBackup reads */

struct bytes statement__documents_keyspace(void)
{
    return bytes_of_text(documents_keyspace);
}

bool statement__documents_are_in(struct bytes keyspace)
{
    return bytes_equal(keyspace, statement__documents_keyspace());
}

bool statement__document_is_shown(const struct schema *schema)
{
    return schema->kind == TABLE_DOCUMENT && schema->table >= CATALOG_TABLE_FIRST &&
           !bytes_start_with(schema->name, bytes_of_text(backup_prefix));
}

const struct schema *statement__document_find(struct exec_call *call, struct bytes name)
{
    const struct schema *schema = NULL;
    bool is_found = gate_table_find(call->exec->gate, name, &schema, NULL) == STATUS_OK;
    return is_found && statement__document_is_shown(schema) ? schema : NULL;
}

static struct key_column *document_key(const struct key_column *columns, size_t count, struct arena *arena)
{
    struct key_column *shown = arena_create_array(arena, count, sizeof(*shown));
    for (size_t i = 0; i < count; i++) {
        bool is_number = columns[i].type.kind == TYPE_NUMBER;
        shown[i] = columns[i];
        shown[i].type.kind = is_number ? TYPE_DECIMAL : columns[i].type.kind;
    }
    return shown;
}

/* "item", and underscores behind it while an attribute of the key is called so. */
static struct bytes document_column(const struct schema *schema, struct arena *arena)
{
    struct bytes name = bytes_of_text("item");
    while (schema_is_key(schema, name)) {
        name = bytes_of_text(arena_format(arena, "%.*s_", (int)name.size, (const char *)name.data));
    }
    return name;
}

struct schema *statement__document_schema(const struct schema *stored, struct arena *arena)
{
    struct schema *schema = arena_create(arena, sizeof(*schema));
    *schema = *stored;
    schema->partition = document_key(stored->partition, stored->partition_count, arena);
    schema->clustering = document_key(stored->clustering, stored->clustering_count, arena);
    schema->columns = arena_create(arena, sizeof(*schema->columns));
    schema->columns_count = 1;
    schema->columns[0] = (struct column){.name = document_column(stored, arena), .type = {.kind = TYPE_TEXT}};
    schema->indexes = NULL; /* of items' attributes, which are no columns */
    schema->indexes_count = 0;
    schema->properties = (struct bytes){0}; /* another door's */
    return schema;
}

enum status statement__document_text(struct bytes image, struct arena *arena, struct value *ret_text,
                                     struct error *error)
{
    struct value item;
    struct buffer text = {0};
    enum status status = codec_value_decode(image, arena, &item, error);
    if (status == STATUS_OK) {
        codec_json_encode(&text, &item);
        *ret_text = value_of_text(arena_copy(arena, buffer_bytes(&text)));
    }
    buffer_reset(&text);
    return status;
}
