/* Secondary indexes: CREATE INDEX, DROP INDEX. An index of the store has the column's value for its key; of equal values
 * the rows are in the order of their own keys. */
#include "authorize.h"
#include "codec/pack.h"
#include "ddl.h"
#include "index.h"
#include "syntax/syntax.h"
#include "views.h"

struct bytes statement__index_class(const struct index_schema *index, struct arena *arena)
{
    struct value properties;
    bool is_known = index->properties.size > 0 &&
                    codec_value_decode(index->properties, arena, &properties, NULL) == STATUS_OK;
    return is_known ? value_map_text(&properties, "class") : (struct bytes){0};
}

struct value statement__index_options(const struct index_schema *index, struct arena *arena)
{
    struct value properties;
    bool is_known = index->properties.size > 0 &&
                    codec_value_decode(index->properties, arena, &properties, NULL) == STATUS_OK;
    const struct value *options = is_known ? value_map_get(&properties, bytes_of_text("options")) : NULL;
    return options != NULL && options->kind == VALUE_MAP ? *options : (struct value){.kind = VALUE_MAP};
}

static const struct index_schema *index_find(const struct schema *schema, struct bytes column, bool is_any,
                                             enum index_target target)
{
    for (size_t i = 0; i < schema->indexes_count; i++) {
        const struct index_schema *index = &schema->indexes[i];
        if (!statement__view_is(index) && bytes_equal(index->partition[0].name, column) &&
            (is_any || index->target == target)) {
            return index;
        }
    }
    return NULL;
}

const struct index_schema *statement__index_of_column(const struct schema *schema, struct bytes column)
{
    return index_find(schema, column, true, INDEX_OF_VALUE);
}

const struct index_schema *statement__index_of(const struct schema *schema, struct bytes column,
                                               enum index_target target)
{
    return index_find(schema, column, false, target);
}

struct bytes statement__index_target(const struct index_schema *index, struct arena *arena)
{
    static const char *const words[] = {
        [INDEX_OF_ELEMENTS] = "values(", [INDEX_OF_KEYS] = "keys(", [INDEX_OF_ENTRIES] = "entries("};
    struct buffer target = {0};
    const struct type *type = &index->partition[0].type;
    bool is_collection = type->kind == TYPE_LIST || type->kind == TYPE_SET || type->kind == TYPE_MAP;
    const char *word = index->target != INDEX_OF_VALUE ? words[index->target] : is_collection ? "full(" : "";
    buffer_put_text(&target, word);
    cql_name_format(index->partition[0].name, &target);
    buffer_put_text(&target, word[0] != 0 ? ")" : "");
    struct bytes copy = arena_copy(arena, buffer_bytes(&target));
    buffer_reset(&target);
    return copy;
}

/* --- CREATE --------------------------------------------------------------------------------------------------------- */

/* What is indexed: the type of a column that may be. */
static enum status index_column(struct exec_call *call, const struct exec_table *table,
                                const struct cql_index_target *target, struct type *ret_type)
{
    const struct schema *schema = table->schema;
    const struct column *column = schema_column(schema, target->column);
    int size = (int)target->column.size;
    const char *name = (const char *)target->column.data;
    for (size_t i = 0; i < schema->partition_count; i++) {
        if (bytes_equal(schema->partition[i].name, target->column)) {
            *ret_type = schema->partition[i].type;
            return schema->partition_count > 1
                       ? STATUS_OK
                       : exec_fail(call, CQL_INVALID,
                                   "Cannot create secondary index on the only partition key column %.*s",
                                   size, name);
        }
    }
    bool is_compact = statement__options_are_compact(schema->properties);
    if (is_compact && (column == NULL || schema->clustering_count > 0)) {
        return exec_fail(
            call, CQL_INVALID,
            column == NULL ? "Secondary indexes are not supported on PRIMARY KEY columns in COMPACT STORAGE "
                             "tables"
                           : "Secondary indexes are not supported on COMPACT STORAGE tables that have "
                             "clustering columns");
    }
    for (size_t i = 0; i < schema->clustering_count; i++) {
        if (bytes_equal(schema->clustering[i].name, target->column)) {
            *ret_type = schema->clustering[i].type;
            return STATUS_OK;
        }
    }
    if (column == NULL) {
        return exec_fail(call, CQL_INVALID, "Column '%.*s' doesn't exist", size, name);
    }
    *ret_type = column->type;
    if (column->type.kind == TYPE_COUNTER) {
        return exec_fail(call, CQL_INVALID, "Secondary indexes on counter tables aren't supported");
    }
    if (column->type.kind == TYPE_DURATION) {
        return exec_fail(call, CQL_INVALID, "Secondary indexes are not supported on duration columns");
    }
    if (column->type.kind == TYPE_UDT && type_is_multi_cell(&column->type)) {
        return exec_fail(call, CQL_INVALID, "Cannot create index on non-frozen UDT column %.*s", size, name);
    }
    return STATUS_OK;
}

/* What of a collection of several cells is indexed, and its type. */
static enum status index_elements(struct exec_call *call, const struct cql_index_target *target,
                                  const struct type *type, enum index_target *ret_target,
                                  struct type *ret_type)
{
    bool is_map = type->kind == TYPE_MAP;
    int size = (int)target->column.size;
    const char *name = (const char *)target->column.data;
    if (target->kind == CQL_INDEX_FULL) {
        return exec_fail(call, CQL_INVALID, "full() indexes can only be created on frozen collections");
    }
    if (target->kind != CQL_INDEX_VALUES && !is_map) {
        return exec_fail(call, CQL_INVALID, "Cannot create index on %s of column %.*s with non-map type",
                         target->kind == CQL_INDEX_KEYS ? "keys" : "entries", size, name);
    }
    *ret_target = target->kind == CQL_INDEX_KEYS      ? INDEX_OF_KEYS
                  : target->kind == CQL_INDEX_ENTRIES ? INDEX_OF_ENTRIES
                                                      : INDEX_OF_ELEMENTS;
    *ret_type = *ret_target == INDEX_OF_ELEMENTS && is_map ? type->parameters[1] : type->parameters[0];
    if (*ret_target == INDEX_OF_ENTRIES) {
        *ret_type = (struct type){.kind = TYPE_TUPLE, .count = 2, .parameters = type->parameters};
    }
    return STATUS_OK;
}

/* What of the column is indexed, and the type of that. */
static enum status index_check_target(struct exec_call *call, const struct cql_index_target *target,
                                      struct type *type, enum index_target *ret_target)
{
    static const char *const words[] = {[CQL_INDEX_VALUES] = "values",
                                        [CQL_INDEX_KEYS] = "keys",
                                        [CQL_INDEX_ENTRIES] = "entries",
                                        [CQL_INDEX_FULL] = "full"};
    struct error error;
    bool is_collection = type->kind == TYPE_LIST || type->kind == TYPE_SET || type->kind == TYPE_MAP;
    bool is_multi = type_is_multi_cell(type);
    int size = (int)target->column.size;
    const char *name = (const char *)target->column.data;
    enum status status = STATUS_OK;
    *ret_target = INDEX_OF_VALUE;
    if (is_collection && is_multi) {
        struct type whole = *type;
        status = index_elements(call, target, &whole, ret_target, type);
    } else if (is_collection && target->kind != CQL_INDEX_FULL) {
        status = exec_fail(
            call, CQL_INVALID,
            "Cannot create %s() index on frozen column %.*s. Frozen collections are immutable and must be "
            "fully indexed by using the 'full(%.*s)' modifier",
            words[target->kind], size, name, size, name);
    } else if (!is_collection && target->kind == CQL_INDEX_FULL) {
        status = exec_fail(call, CQL_INVALID, "full() indexes can only be created on frozen collections");
    } else if (!is_collection && target->kind != CQL_INDEX_VALUES) {
        status = exec_fail(call, CQL_INVALID,
                           "Cannot create %s() index on %.*s. Non-collection columns only support simple "
                           "indexes",
                           words[target->kind], size, name);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return type_check_key(type, target->column, &error) == STATUS_OK
               ? STATUS_OK
               : exec_fail(call, CQL_INVALID, "%s", error.text);
}

static bool is_word_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "t_c_idx", or the same with a number when that is taken; of a column's name what an index's name may have. */
static struct bytes index_default_name(struct exec_call *call, const struct exec_table *table,
                                       struct bytes column)
{
    uint8_t *kept = arena_create(call->arena, column.size);
    size_t size = 0;
    for (size_t i = 0; i < column.size; i++) {
        if (is_word_character(column.data[i])) {
            kept[size++] = column.data[i];
        }
    }
    struct bytes base =
        bytes_of_text(arena_format(call->arena, "%.*s_%.*s_idx", (int)table->name.size,
                                   (const char *)table->name.data, (int)size, (const char *)kept));
    struct bytes name = base;
    for (unsigned i = 1; schema_index(table->schema, name) != NULL; i++) {
        name =
            bytes_of_text(arena_format(call->arena, "%.*s_%u", (int)base.size, (const char *)base.data, i));
    }
    return name;
}

/* A name that is written is of the same characters. */
static enum status index_check_name(struct exec_call *call, struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!is_word_character(name.data[i])) {
            return exec_fail(call, CQL_CONFIG_ERROR, "Illegal index name %.*s", (int)name.size,
                             (const char *)name.data);
        }
    }
    return STATUS_OK;
}

/* The table: that of the index's keyspace, when only the index's name has one. */
static enum status index_table(struct exec_call *call, const struct cql_create_index *statement,
                               struct exec_table *ret_table)
{
    const struct bytes own = statement->name.keyspace;
    struct cql_qualified table = statement->table;
    table.keyspace = table.keyspace.size > 0 ? table.keyspace : own;
    struct bytes keyspace = exec_keyspace_of(call, &table);
    if (own.size > 0 && !bytes_equal(own, keyspace)) {
        return exec_fail(call, CQL_INVALID, "Keyspace name '%.*s' doesn't match index name '%.*s'",
                         (int)keyspace.size, (const char *)keyspace.data, (int)table.name.size,
                         (const char *)table.name.data);
    }
    enum status status = ddl_check_system(call, keyspace);
    if (status == STATUS_OK) {
        status =
            statement__view_refuse(call, &table, "Secondary indexes on materialized views aren't supported");
    }
    if (status == STATUS_OK && keyspace.size > 0 && !exec_keyspace_exists(call, keyspace)) {
        return ddl_missing(call, "Keyspace", keyspace, false);
    }
    if (status == STATUS_OK && exec_find_table(call, &table, ret_table) != STATUS_OK) {
        return keyspace.size == 0 ? STATUS_INVALID : ddl_missing(call, "Table", table.name, false);
    }
    return status;
}

/* Classes of indexes that drivers and tools know; each is an index of the store. */
static bool index_class_is_known(struct bytes name)
{
    static const char *const classes[] = {"org.apache.cassandra.index.sasi.SASIIndex",
                                          "org.apache.cassandra.index.sai.StorageAttachedIndex", "SASIIndex"};
    static const char *const words[] = {"StorageAttachedIndex", "sai"};
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_COUNT(classes); i++) {
        is_known = is_known || bytes_equal(name, bytes_of_text(classes[i]));
    }
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        is_known = is_known || bytes_are_word(name, words[i]);
    }
    return is_known;
}

/* USING without CUSTOM, as Cassandra 5 has it: a class makes the index a CUSTOM one, and legacy_local_table is what there is
 * without any. */
static struct cql_create_index index_in_full(const struct cql_create_index *statement)
{
    struct cql_create_index full = *statement;
    if (!full.is_custom && bytes_are_word(full.class_name, "legacy_local_table")) {
        full.class_name = (struct bytes){0};
    }
    full.is_custom = full.is_custom || index_class_is_known(full.class_name);
    return full;
}

/* WITH OPTIONS = {…}. */
static enum status index_options(struct exec_call *call, const struct cql_create_index *statement,
                                 struct value *ret_options)
{
    static const char *const kept_names[] = {"class_name", "target"};
    *ret_options = (struct value){.kind = VALUE_MAP};
    for (size_t i = 0; i < statement->properties.count; i++) {
        const struct cql_property *property = &statement->properties.at[i];
        if (!bytes_equal(property->name, bytes_of_text("options"))) {
            return exec_fail(call, CQL_SYNTAX_ERROR, "Unknown property '%.*s'", (int)property->name.size,
                             (const char *)property->name.data);
        }
        enum status status = exec_literal(call, property->value, ret_options);
        if (status != STATUS_OK) {
            return status;
        }
        if (ret_options->kind != VALUE_MAP) {
            return exec_fail(call, CQL_SYNTAX_ERROR,
                             "Invalid value for property 'options'. It should be a map.");
        }
    }
    if (!statement->is_custom && ret_options->pairs.count > 0) {
        return exec_fail(call, CQL_INVALID, "Cannot specify options for a non-CUSTOM index");
    }
    for (size_t i = 0; i < ARRAY_COUNT(kept_names); i++) {
        if (value_map_get(ret_options, bytes_of_text(kept_names[i])) != NULL) {
            return exec_fail(call, CQL_INVALID, "Cannot specify %s as a CUSTOM option", kept_names[i]);
        }
    }
    return !statement->is_custom || index_class_is_known(statement->class_name)
               ? STATUS_OK
               : exec_fail(call, CQL_CONFIG_ERROR, "Unable to find custom indexer class '%.*s'",
                           (int)statement->class_name.size, (const char *)statement->class_name.data);
}

static struct bytes index_properties(struct exec_call *call, const struct cql_create_index *statement,
                                     const struct value *options)
{
    struct buffer buffer = {0};
    const struct value_member members[] = {{"class", value_of_text(statement->class_name)},
                                           {"options", *options}};
    struct value map = value_of_members(call->arena, members, ARRAY_COUNT(members));
    codec_value_encode(&buffer, &map);
    struct bytes kept = arena_copy(call->arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return kept;
}

/* What an index will be. */
struct index_plan {
    enum index_target target;
    struct type type;
    struct value options;
};

/* The schema with one more index. */
static struct schema *index_added(struct exec_call *call, const struct exec_table *table,
                                  const struct cql_create_index *statement, struct bytes name,
                                  const struct index_plan *plan)
{
    struct schema *next = schema_copy(table->schema, call->arena);
    struct index_schema *indexes = arena_create_array(call->arena, next->indexes_count + 1, sizeof(*indexes));
    struct key_column *column = arena_create(call->arena, sizeof(*column));
    for (size_t i = 0; i < next->indexes_count; i++) {
        indexes[i] = next->indexes[i];
    }
    *column = (struct key_column){.name = statement->targets.at[0].column,
                                  .type = type_freeze(&plan->type, call->arena)};
    indexes[next->indexes_count++] =
        (struct index_schema){.state = INDEX_CREATING,
                              .target = plan->target,
                              .name = name,
                              .partition_count = 1,
                              .partition = column,
                              .properties = index_properties(call, statement, &plan->options)};
    next->indexes = indexes;
    return next;
}

/* What the index's class says of its options and the column. */
static enum status index_check_class(struct exec_call *call, const struct exec_table *table,
                                     const struct cql_create_index *statement, const struct index_plan *plan)
{
    struct bytes name = statement->targets.at[0].column;
    const struct column *column = schema_column(table->schema, name);
    struct like_column facts = {
        .is_complex = column != NULL && type_is_multi_cell(&column->type),
        .is_text = plan->type.kind == TYPE_TEXT || plan->type.kind == TYPE_ASCII,
    };
    for (size_t i = 0; i < table->schema->partition_count; i++) {
        facts.is_partition |= bytes_equal(table->schema->partition[i].name, name);
    }
    return statement__like_check_options(call, statement->class_name, &plan->options, &facts);
}

static enum status index_exists(struct exec_call *call, const struct cql_create_index *statement,
                                const char *format, struct bytes name, struct bytes other)
{
    if (statement->if_not_exists) {
        exec_answer_void(call);
        return STATUS_OK;
    }
    return exec_fail(call, CQL_INVALID, format, (int)name.size, (const char *)name.data, (int)other.size,
                     (const char *)other.data);
}

enum status exec_create_index(struct exec_call *call, const struct cql_create_index *asked)
{
    const struct cql_create_index full = index_in_full(asked);
    const struct cql_create_index *statement = &full;
    struct exec_table table = {0};
    struct index_plan plan = {.type = {.kind = TYPE_ANY}};
    struct error error;
    enum status status = index_check_name(call, statement->name.name);
    if (status == STATUS_OK) {
        status = index_table(call, statement, &table);
    }
    if (status != STATUS_OK) {
        return status;
    }
    CHECK(table.schema != NULL);
    if (statement->targets.count != 1) {
        return exec_fail(call, CQL_INVALID, "Only CUSTOM indexes support multiple columns");
    }
    if (statement->is_custom && statement->class_name.size == 0) {
        return exec_fail(call, CQL_INVALID, "CUSTOM index requires specifying the index class");
    }
    if (!statement->is_custom && statement->class_name.size > 0) {
        return exec_fail(call, CQL_INVALID, "Cannot specify index class for a non-CUSTOM index");
    }
    const struct cql_index_target *target = &statement->targets.at[0];
    status = index_column(call, &table, target, &plan.type);
    if (status == STATUS_OK) {
        status = index_check_target(call, target, &plan.type, &plan.target);
    }
    if (status == STATUS_OK) {
        status = index_options(call, statement, &plan.options);
    }
    if (status == STATUS_OK && statement->is_custom) {
        status = index_check_class(call, &table, statement, &plan);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes name = statement->name.name.size > 0 ? statement->name.name
                                                      : index_default_name(call, &table, target->column);
    const struct index_schema *same = statement__index_of(table.schema, target->column, plan.target);
    if (schema_index(table.schema, name) != NULL) {
        return index_exists(call, statement, "Index '%.*s' already exists%.*s", name, bytes_of_text(""));
    }
    if (same != NULL) {
        bool is_duplicate = bytes_equal(same->properties, index_properties(call, statement, &plan.options));
        return index_exists(call, statement,
                            is_duplicate ? "Index %.*s is a duplicate of existing index %.*s"
                                         : "Cannot create index %.*s: its column has index %.*s with another "
                                           "class or other options, and one index of a column is supported",
                            name, same->name);
    }
    struct schema *next = index_added(call, &table, statement, name, &plan);
    struct gate_request request = ddl_table_begin(call, "UPDATED", table.keyspace, table.name);
    status = gate_table_alter(call->exec->gate, table.schema, next, &request, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

/* --- DROP ----------------------------------------------------------------------------------------------------------- */

struct index_search {
    struct bytes keyspace;
    struct bytes name;
    const struct schema *found;
};

static void index_look(void *context, const struct schema *schema)
{
    struct index_search *search = context;
    bool is_in = schema->kind == TABLE_WIDE && schema->name.size > search->keyspace.size &&
                 bytes_start_with(schema->name, search->keyspace) &&
                 schema->name.data[search->keyspace.size] == '.';
    const struct index_schema *index = is_in ? schema_index(schema, search->name) : NULL;
    if (index != NULL && !statement__view_is(index)) {
        search->found = schema;
    }
}

enum status exec_drop_index(struct exec_call *call, const struct cql_object *statement)
{
    struct index_search search = {.name = statement->name.name};
    struct error error;
    search.keyspace = exec_keyspace_of(call, &statement->name);
    enum status status = STATUS_OK;
    if (search.keyspace.size == 0) { /* that none is chosen is said there */
        return exec_find_keyspace(call, statement->name.keyspace, &search.keyspace);
    }
    gate_table_list(call->exec->gate, false, index_look, &search);
    if (search.found == NULL) {
        return ddl_missing(call, "Index", exec_full_name(call, search.keyspace, search.name),
                           statement->if_exists);
    }
    struct bytes table = bytes_from(search.found->name, search.keyspace.size + 1);
    status = statement__ensure(call, ROLE_ALTER, statement__resource_table(call, search.keyspace, table));
    if (status != STATUS_OK) {
        return status;
    }
    struct schema *next = schema_copy(search.found, call->arena);
    size_t kept = 0;
    for (size_t i = 0; i < next->indexes_count; i++) {
        if (!bytes_equal(next->indexes[i].name, search.name)) {
            next->indexes[kept++] = next->indexes[i];
        }
    }
    next->indexes_count = kept;
    struct gate_request request = ddl_table_begin(call, "UPDATED", search.keyspace, table);
    status = gate_table_alter(call->exec->gate, search.found, next, &request, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}
