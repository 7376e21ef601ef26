#include "describe_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "options_check.h"
#include "syntax/syntax.h"
#include "value/scalar_text.h"

/* --- pieces --------------------------------------------------------------------------------------------------------- */

static void put_name(struct bytes keyspace, struct bytes name, struct buffer *buffer)
{
    cql_name_format(keyspace, buffer);
    buffer_put_u8(buffer, '.');
    cql_name_format(name, buffer);
}

static void put_number(int64_t number, struct buffer *buffer)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    buffer_put_text(buffer, text);
}

void statement__describe_texts(const struct described_texts *texts, struct buffer *buffer)
{
    for (size_t i = 0; i < texts->count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ", ");
        buffer_put(buffer, texts->at[i]);
    }
}

/* {'class': '…', 'enabled': 'true'}: by name, but for those in `left_out`, which ends with NULL. */
static void put_pairs(const struct described_pairs *pairs, const char *const *left_out, struct arena *arena,
                      struct buffer *buffer)
{
    const void **order = statement__described_order(pairs->at, pairs->count, sizeof(*pairs->at), arena);
    const char *before = "";
    buffer_put_u8(buffer, '{');
    for (size_t i = 0; i < pairs->count; i++) {
        const struct described_pair *pair = order[i];
        const char *const *left = left_out;
        while (*left != NULL && !bytes_equal(pair->name, bytes_of_text(*left))) {
            left++;
        }
        if (*left != NULL) {
            continue;
        }
        buffer_put_text(buffer, before);
        buffer_put_quoted(buffer, pair->name, '\'');
        buffer_put_text(buffer, ": ");
        buffer_put_quoted(buffer, pair->value, '\'');
        before = ", ";
    }
    buffer_put_u8(buffer, '}');
}

static const char *const nothing[] = {NULL};

static struct bytes pair_find(const struct described_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (bytes_equal(pairs->at[i].name, bytes_of_text(name))) {
            return pairs->at[i].value;
        }
    }
    return (struct bytes){0};
}

/* --- keyspaces ------------------------------------------------------------------------------------------------------ */

/* The class comes first, and without its package. */
static void put_replication(const struct described_pairs *replication, struct arena *arena,
                            struct buffer *buffer)
{
    static const char package[] = "org.apache.cassandra.locator.";
    static const char *const class_name[] = {"class", NULL};
    struct buffer others = {0};
    struct bytes class = statement__class_name(pair_find(replication, "class"), package);
    buffer_put_text(buffer, "{'class': ");
    buffer_put_quoted(buffer, class, '\'');
    put_pairs(replication, class_name, arena, &others);
    buffer_put_text(buffer, others.size > 2 ? ", " : "");
    buffer_put(buffer, bytes_from(buffer_bytes(&others), 1)); /* without its brace */
    buffer_reset(&others);
}

static void put_warning(const char *what, struct buffer *buffer)
{
    buffer_put_text(buffer, " is a virtual ");
    buffer_put_text(buffer, what);
    buffer_put_text(buffer, " and cannot be recreated with CQL.\nStructure, for reference:\nVIRTUAL ");
}

void statement__describe_keyspace(const struct described_keyspace *keyspace,
                                  const struct describe_style *style, struct buffer *buffer)
{
    if (style->is_virtual) {
        buffer_put_text(buffer, "/*\nWarning: Keyspace ");
        cql_name_format(keyspace->name, buffer);
        put_warning("keyspace", buffer);
        buffer_put_text(buffer, "KEYSPACE ");
        cql_name_format(keyspace->name, buffer);
        buffer_put_text(buffer, ";\n*/");
        return;
    }
    buffer_put_text(buffer, "CREATE KEYSPACE ");
    cql_name_format(keyspace->name, buffer);
    buffer_put_text(buffer, " WITH replication = ");
    put_replication(&keyspace->replication, style->arena, buffer);
    buffer_put_text(buffer,
                    keyspace->is_durable ? "  AND durable_writes = true;" : "  AND durable_writes = false;");
}

/* --- columns -------------------------------------------------------------------------------------------------------- */

/* The key as it is declared, then static columns and the others by name. */
static int compare_columns(const void *a, const void *b)
{
    const struct described_column *left = *(const struct described_column *const *)a;
    const struct described_column *right = *(const struct described_column *const *)b;
    bool is_key = left->kind == DESCRIBED_PARTITION_KEY || left->kind == DESCRIBED_CLUSTERING;
    if (left->kind != right->kind) {
        return (int)left->kind - (int)right->kind;
    }
    return is_key ? left->position - right->position : bytes_compare(left->name, right->name);
}

/* A table's columns in order, and how many there are of each kind. */
struct columns {
    const struct described_column **at;
    size_t counts[DESCRIBED_REGULAR + 1];
};

static struct columns columns_of(const struct described_table *table, struct arena *arena)
{
    struct columns columns = {.at = arena_create_array(arena, table->columns_count + 1, sizeof(void *))};
    for (size_t i = 0; i < table->columns_count; i++) {
        columns.at[i] = &table->columns[i];
        columns.counts[table->columns[i].kind]++;
    }
    qsort(columns.at, table->columns_count, sizeof(void *), compare_columns);
    return columns;
}

static void put_column(struct bytes name, struct bytes type, bool is_static, struct buffer *buffer)
{
    cql_name_format(name, buffer);
    buffer_put_u8(buffer, ' ');
    buffer_put(buffer, type);
    buffer_put_text(buffer, is_static ? " static" : "");
}

static void put_column_names(const struct columns *columns, size_t first, size_t count, struct buffer *buffer)
{
    for (size_t i = first; i < first + count; i++) {
        buffer_put_text(buffer, i == first ? "" : ", ");
        cql_name_format(columns->at[i]->name, buffer);
    }
}

static void put_primary_key(const struct columns *columns, struct buffer *buffer)
{
    size_t partition = columns->counts[DESCRIBED_PARTITION_KEY];
    size_t clustering = columns->counts[DESCRIBED_CLUSTERING];
    buffer_put_text(buffer, partition > 1 ? "    PRIMARY KEY ((" : "    PRIMARY KEY (");
    put_column_names(columns, 0, partition, buffer);
    buffer_put_text(buffer, partition > 1 ? ")" : "");
    buffer_put_text(buffer, clustering > 0 ? ", " : "");
    put_column_names(columns, partition, clustering, buffer);
    buffer_put_text(buffer, ")\n");
}

static const struct described_dropped_column *find_dropped(const struct described_table *table,
                                                           struct bytes name)
{
    for (size_t i = 0; i < table->dropped_count; i++) {
        if (bytes_equal(table->dropped[i].name, name)) {
            return &table->dropped[i];
        }
    }
    return NULL;
}

/* With internals a column that was dropped stands where it was, to be dropped once more behind the table. */
static void put_columns(const struct described_table *table, const struct columns *columns, bool has_dropped,
                        struct buffer *buffer)
{
    bool is_single =
        columns->counts[DESCRIBED_PARTITION_KEY] == 1 && columns->counts[DESCRIBED_CLUSTERING] == 0;
    const char *before = "    ";
    for (size_t i = 0; i < table->columns_count; i++) {
        const struct described_column *column = columns->at[i];
        if (has_dropped && find_dropped(table, column->name) != NULL) {
            continue; /* it came again later */
        }
        buffer_put_text(buffer, before);
        put_column(column->name, column->type, column->kind == DESCRIBED_STATIC, buffer);
        buffer_put_text(buffer, is_single && i == 0 ? " PRIMARY KEY" : "");
        before = ",\n    ";
    }
    for (size_t i = 0; i < table->dropped_count && has_dropped; i++) {
        const struct described_dropped_column *column = &table->dropped[i];
        buffer_put_text(buffer, before);
        put_column(column->name, column->type, column->kind == DESCRIBED_STATIC, buffer);
    }
    buffer_put_text(buffer, is_single ? "\n" : ",\n");
    if (!is_single) {
        put_primary_key(columns, buffer);
    }
}

static void put_drops(const struct described_keyspace *keyspace, const struct described_table *table,
                      const struct columns *columns, struct buffer *buffer)
{
    for (size_t i = 0; i < table->dropped_count; i++) {
        const struct described_dropped_column *dropped = &table->dropped[i];
        buffer_put_text(buffer, "\nALTER TABLE ");
        put_name(keyspace->name, table->name, buffer);
        buffer_put_text(buffer, " DROP ");
        cql_name_format(dropped->name, buffer);
        buffer_put_text(buffer, " USING TIMESTAMP ");
        put_number(dropped->dropped_ms * 1000, buffer);
        buffer_put_u8(buffer, ';');
    }
    for (size_t i = 0; i < table->columns_count; i++) {
        const struct described_column *column = columns->at[i];
        if (find_dropped(table, column->name) != NULL) {
            buffer_put_text(buffer, "\nALTER TABLE ");
            put_name(keyspace->name, table->name, buffer);
            buffer_put_text(buffer, " ADD ");
            put_column(column->name, column->type, column->kind == DESCRIBED_STATIC, buffer);
            buffer_put_u8(buffer, ';');
        }
    }
}

/* --- options -------------------------------------------------------------------------------------------------------- */

static void begin_option(const char *name, struct buffer *buffer)
{
    buffer_put_text(buffer, "\n    AND ");
    buffer_put_text(buffer, name);
    buffer_put_text(buffer, " = ");
}

static void put_text_option(const char *name, struct bytes text, struct buffer *buffer)
{
    begin_option(name, buffer);
    buffer_put_quoted(buffer, text, '\'');
}

static void put_integer_option(const char *name, int number, struct buffer *buffer)
{
    begin_option(name, buffer);
    put_number(number, buffer);
}

static void put_double_option(const char *name, double number, struct buffer *buffer)
{
    begin_option(name, buffer);
    scalar_format_double(number, buffer);
}

static void put_map_option(const char *name, const struct described_pairs *pairs, struct arena *arena,
                           struct buffer *buffer)
{
    begin_option(name, buffer);
    put_pairs(pairs, nothing, arena, buffer);
}

/* In the order of Cassandra's; a view has no life of its own for its rows. */
static void put_options(const struct described_options *options, bool is_view, struct arena *arena,
                        struct buffer *buffer)
{
    buffer_put_text(buffer, "additional_write_policy = ");
    buffer_put_quoted(buffer, options->additional_write_policy, '\'');
    put_double_option("bloom_filter_fp_chance", options->bloom_filter_fp_chance, buffer);
    put_map_option("caching", &options->caching, arena, buffer);
    begin_option("cdc", buffer);
    buffer_put_text(buffer, options->has_cdc && options->cdc ? "true" : "false");
    put_text_option("comment", options->comment, buffer);
    put_map_option("compaction", &options->compaction, arena, buffer);
    put_map_option("compression", &options->compression, arena, buffer);
    put_text_option("memtable", options->memtable.size > 0 ? options->memtable : bytes_of_text("default"),
                    buffer);
    put_double_option("crc_check_chance", options->crc_check_chance, buffer);
    if (!is_view) {
        put_integer_option("default_time_to_live", options->default_time_to_live_s, buffer);
    }
    put_map_option("extensions", &options->extensions, arena, buffer);
    put_integer_option("gc_grace_seconds", options->gc_grace_s, buffer);
    put_integer_option("max_index_interval", options->max_index_interval, buffer);
    put_integer_option("memtable_flush_period_in_ms", options->memtable_flush_period_ms, buffer);
    put_integer_option("min_index_interval", options->min_index_interval, buffer);
    put_text_option("read_repair", options->read_repair, buffer);
    put_text_option("speculative_retry", options->speculative_retry, buffer);
}

static void put_id(const uint8_t id[16], struct buffer *buffer)
{
    buffer_put_text(buffer, "ID = ");
    scalar_format(&(struct value){.kind = VALUE_UUID, .bytes = bytes_of(id, 16)}, buffer);
    buffer_put_text(buffer, "\n    AND ");
}

static void put_with(const struct described_table *table, const struct columns *columns, bool is_view,
                     const struct describe_style *style, struct buffer *buffer)
{
    size_t first = columns->counts[DESCRIBED_PARTITION_KEY];
    size_t clustering = columns->counts[DESCRIBED_CLUSTERING];
    buffer_put_text(buffer, " WITH ");
    if (style->has_internals) {
        put_id(table->id, buffer);
    }
    buffer_put_text(buffer, table->is_compact ? "COMPACT STORAGE\n    AND " : "");
    if (clustering > 0) {
        buffer_put_text(buffer, "CLUSTERING ORDER BY (");
        for (size_t i = first; i < first + clustering; i++) {
            buffer_put_text(buffer, i == first ? "" : ", ");
            cql_name_format(columns->at[i]->name, buffer);
            buffer_put_text(buffer, columns->at[i]->is_descending ? " DESC" : " ASC");
        }
        buffer_put_text(buffer, ")\n    AND ");
    }
    if (style->is_virtual) {
        buffer_put_text(buffer, "comment = ");
        buffer_put_quoted(buffer, table->options.comment, '\'');
    } else {
        put_options(&table->options, is_view, style->arena, buffer);
    }
    buffer_put_u8(buffer, ';');
}

/* --- tables, views, indexes ----------------------------------------------------------------------------------------- */

void statement__describe_table(const struct described_keyspace *keyspace, const void *element,
                               const struct describe_style *style, struct buffer *buffer)
{
    const struct described_table *table = element;
    const struct columns columns = columns_of(table, style->arena);
    if (style->is_virtual) {
        buffer_put_text(buffer, "/*\nWarning: Table ");
        put_name(keyspace->name, table->name, buffer);
        put_warning("table", buffer);
    } else {
        buffer_put_text(buffer, "CREATE ");
    }
    buffer_put_text(buffer, "TABLE ");
    put_name(keyspace->name, table->name, buffer);
    buffer_put_text(buffer, " (\n");
    put_columns(table, &columns, style->has_internals, buffer);
    buffer_put_u8(buffer, ')');
    put_with(table, &columns, false, style, buffer);
    if (style->has_internals) {
        put_drops(keyspace, table, &columns, buffer);
    }
    buffer_put_text(buffer, style->is_virtual ? "\n*/" : "");
}

void statement__describe_view(const struct described_keyspace *keyspace, const void *element,
                              const struct describe_style *style, struct buffer *buffer)
{
    const struct described_table *view = element;
    const struct columns columns = columns_of(view, style->arena);
    buffer_put_text(buffer, "CREATE MATERIALIZED VIEW ");
    put_name(keyspace->name, view->name, buffer);
    buffer_put_text(buffer, " AS\n    SELECT ");
    if (view->includes_all_columns) {
        buffer_put_u8(buffer, '*');
    } else {
        put_column_names(&columns, 0, view->columns_count, buffer);
    }
    buffer_put_text(buffer, "\n    FROM ");
    put_name(keyspace->name, view->base_name, buffer);
    buffer_put_text(buffer, "\n    WHERE ");
    buffer_put(buffer, view->where_clause);
    buffer_put_u8(buffer, '\n');
    put_primary_key(&columns, buffer);
    put_with(view, &columns, true, style, buffer);
}

void statement__describe_index(const struct described_keyspace *keyspace, struct bytes table,
                               const struct described_index *index, const struct describe_style *style,
                               struct buffer *buffer)
{
    static const char *const told_before[] = {"target", "class_name", NULL};
    bool is_custom = bytes_equal(index->kind, bytes_of_text("CUSTOM"));
    buffer_put_text(buffer, is_custom ? "CREATE CUSTOM INDEX " : "CREATE INDEX ");
    cql_name_format(index->name, buffer);
    buffer_put_text(buffer, " ON ");
    put_name(keyspace->name, table, buffer);
    buffer_put_text(buffer, " (");
    buffer_put(buffer, pair_find(&index->options, "target"));
    buffer_put_u8(buffer, ')');
    if (is_custom) {
        buffer_put_text(buffer, " USING ");
        buffer_put_quoted(buffer, pair_find(&index->options, "class_name"), '\'');
    }
    if (is_custom && index->options.count > 2) {
        buffer_put_text(buffer, " WITH OPTIONS = ");
        put_pairs(&index->options, told_before, style->arena, buffer);
    }
    buffer_put_u8(buffer, ';');
}

/* --- types, functions, aggregates ----------------------------------------------------------------------------------- */

void statement__describe_type(const struct described_keyspace *keyspace, const void *element,
                              const struct describe_style *style, struct buffer *buffer)
{
    const struct described_type *type = element;
    (void)style;
    buffer_put_text(buffer, "CREATE TYPE ");
    put_name(keyspace->name, type->name, buffer);
    buffer_put_text(buffer, " (\n    ");
    for (size_t i = 0; i < type->field_names.count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ",\n    ");
        put_column(type->field_names.at[i], type->field_types.at[i], false, buffer);
    }
    buffer_put_text(buffer, "\n);");
}

void statement__describe_function(const struct described_keyspace *keyspace, const void *element,
                                  const struct describe_style *style, struct buffer *buffer)
{
    const struct described_function *function = element;
    (void)style;
    buffer_put_text(buffer, "CREATE FUNCTION ");
    put_name(keyspace->name, function->name, buffer);
    buffer_put_u8(buffer, '(');
    for (size_t i = 0; i < function->argument_types.count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ", ");
        put_column(function->argument_names.at[i], function->argument_types.at[i], false, buffer);
    }
    buffer_put_text(buffer, function->is_called_on_null ? ")\n    CALLED" : ")\n    RETURNS NULL");
    buffer_put_text(buffer, " ON NULL INPUT\n    RETURNS ");
    buffer_put(buffer, function->return_type);
    buffer_put_text(buffer, "\n    LANGUAGE ");
    buffer_put(buffer, function->language);
    buffer_put_text(buffer, "\n    AS $$");
    buffer_put(buffer, function->body);
    buffer_put_text(buffer, "$$;");
}

void statement__describe_aggregate(const struct described_keyspace *keyspace, const void *element,
                                   const struct describe_style *style, struct buffer *buffer)
{
    const struct described_aggregate *aggregate = element;
    (void)style;
    buffer_put_text(buffer, "CREATE AGGREGATE ");
    put_name(keyspace->name, aggregate->name, buffer);
    buffer_put_u8(buffer, '(');
    statement__describe_texts(&aggregate->argument_types, buffer);
    buffer_put_text(buffer, ")\n    SFUNC ");
    cql_name_format(aggregate->state_function, buffer);
    buffer_put_text(buffer, "\n    STYPE ");
    buffer_put(buffer, aggregate->state_type);
    if (aggregate->final_function.size > 0) {
        buffer_put_text(buffer, "\n    FINALFUNC ");
        cql_name_format(aggregate->final_function, buffer);
    }
    if (aggregate->initial_condition.size > 0) {
        buffer_put_text(buffer, "\n    INITCOND ");
        buffer_put(buffer, aggregate->initial_condition);
    }
    buffer_put_u8(buffer, ';');
}
