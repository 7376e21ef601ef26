/* System tables: columns in Cassandra's order, rows whose values are of the columns' types, and the schema of both. */
#include "system_tables.h"

#include "hex.h"
#include "value/value.h"

#define TEXT(text)                                                                                           \
    {                                                                                                        \
        .data = (const uint8_t *)(text), .size = sizeof(text) - 1                                            \
    }
#define TEXTS(array)                                                                                         \
    {                                                                                                        \
        .at = (array), .count = ARRAY_COUNT(array)                                                           \
    }

/* --- a schema --------------------------------------------------------------------------------------------------- */

static const uint8_t localhost[] = {127, 0, 0, 1};

static const struct described_column columns[] = {
    {.name = TEXT("v"), .type = TEXT("text"), .kind = DESCRIBED_REGULAR},
    {.name = TEXT("k"), .type = TEXT("int"), .kind = DESCRIBED_PARTITION_KEY, .position = 0},
    {.name = TEXT("c"),
     .type = TEXT("int"),
     .kind = DESCRIBED_CLUSTERING,
     .position = 0,
     .is_descending = true},
    {.name = TEXT("s"), .type = TEXT("set<text>"), .kind = DESCRIBED_STATIC},
};
static const struct described_dropped_column dropped[] = {
    {.name = TEXT("old"), .type = TEXT("int"), .kind = DESCRIBED_REGULAR, .dropped_ms = 5}};
static const struct described_pair target[] = {{TEXT("target"), TEXT("v")}};
static const struct described_index indexes[] = {
    {.name = TEXT("by_v"), .kind = TEXT("COMPOSITES"), .options = TEXTS(target)}};
static const struct described_pair enabled[] = {{TEXT("status"), TEXT("enabled")}};
static const struct described_property properties[] = {{.name = TEXT("ttl"), .members = TEXTS(enabled)},
                                                       {.name = TEXT("cdc"), .members = TEXTS(enabled)}};
static const struct described_pair tags[] = {{TEXT("z"), TEXT("1")}, {TEXT("a"), TEXT("2")}};
static const struct bytes names[] = {TEXT("street"), TEXT("zip")};
static const struct bytes field_types[] = {TEXT("text"), TEXT("int")};
static const struct described_type types[] = {
    {.name = TEXT("address"), .field_names = TEXTS(names), .field_types = TEXTS(field_types)}};
static const struct described_function functions[] = {{.name = TEXT("f"),
                                                       .argument_types = TEXTS(field_types),
                                                       .argument_names = TEXTS(names),
                                                       .body = TEXT("return 1"),
                                                       .language = TEXT("lua"),
                                                       .return_type = TEXT("int")}};
static const struct described_aggregate aggregates[] = {{.name = TEXT("a"),
                                                         .argument_types = TEXTS(field_types),
                                                         .return_type = TEXT("int"),
                                                         .state_function = TEXT("f"),
                                                         .state_type = TEXT("int")}};
static const struct described_role roles[] = {
    {.name = TEXT("user"), .can_login = true, .member_of = TEXTS(names)}};

/* Tables "b" and "a", in that order, and a view. */
static void describe(struct described *described, struct described_table tables[3],
                     struct described_keyspace *keyspace)
{
    for (size_t i = 0; i < 3; i++) {
        tables[i] = (struct described_table){.name = bytes_of_text(i == 0   ? "b"
                                                                   : i == 1 ? "a"
                                                                            : "view"),
                                             .columns = columns,
                                             .columns_count = ARRAY_COUNT(columns)};
        statement__described_options_init(&tables[i].options);
    }
    tables[0].dropped = dropped;
    tables[0].dropped_count = 1;
    tables[0].indexes = indexes;
    tables[0].indexes_count = 1;
    tables[0].properties = properties;
    tables[0].properties_count = 2;
    tables[0].tags = (struct described_pairs)TEXTS(tags);
    tables[0].options.has_cdc = true;
    tables[2].base_name = bytes_of_text("b");
    tables[2].where_clause = bytes_of_text("k IS NOT NULL");
    *keyspace = (struct described_keyspace){.name = TEXT("ks"),
                                            .replication = TEXTS(target),
                                            .tables = tables,
                                            .tables_count = 2,
                                            .views = tables + 2,
                                            .views_count = 1,
                                            .types = types,
                                            .types_count = 1,
                                            .functions = functions,
                                            .functions_count = 1,
                                            .aggregates = aggregates,
                                            .aggregates_count = 1,
                                            .tags = TEXTS(tags)};
    *described = (struct described){.node = {.cluster_name = TEXT("Test Cluster"),
                                             .broadcast_address = bytes_of(localhost, 4),
                                             .listen_address = bytes_of(localhost, 4),
                                             .rpc_address = bytes_of(localhost, 4),
                                             .rpc_port = 9042},
                                    .keyspaces = keyspace,
                                    .keyspaces_count = 1,
                                    .roles = roles,
                                    .roles_count = 1};
}

/* --- reading it ------------------------------------------------------------------------------------------------- */

struct seen {
    const struct system_table *table;
    struct arena arena;
    size_t rows;
    struct buffer text; /* the columns that were asked for, of the rows of "ks" */
    const char *const *wanted;
};

/* NOLINTBEGIN(misc-no-recursion): as deep as a column's type */
static void put_value(struct buffer *text, const struct value *value)
{
    switch ((int)value->kind) {
    case VALUE_NULL:
        buffer_put_text(text, "null");
        break;
    case VALUE_BOOLEAN:
        buffer_put_text(text, value->boolean ? "true" : "false");
        break;
    case VALUE_TEXT:
        buffer_put(text, value->bytes);
        break;
    case VALUE_INTEGER:
    case VALUE_TIMESTAMP:
        buffer_put_format(text, "%lld", (long long)value->integer);
        break;
    case VALUE_MAP:
        for (size_t i = 0; i < 2 * value->pairs.count; i++) {
            buffer_put_format(text, "%s", i % 2 == 1 ? "=" : i > 0 ? "," : "");
            put_value(text, &value->pairs.at[i]);
        }
        break;
    case VALUE_LIST:
    case VALUE_SET:
        for (size_t i = 0; i < value->items.count; i++) {
            buffer_put_text(text, i > 0 ? "," : "");
            put_value(text, &value->items.at[i]);
        }
        break;
    default:
        buffer_put_text(text, "?");
        break;
    }
}
/* NOLINTEND(misc-no-recursion) */

static void see(void *context, const struct value *values)
{
    struct seen *seen = context;
    struct error error;
    bool is_ours = values[0].kind == VALUE_TEXT && bytes_equal(values[0].bytes, bytes_of_text("ks"));
    seen->rows++;
    for (size_t i = 0; i < seen->table->columns_count; i++) {
        const struct system_column *column = &seen->table->columns[i];
        struct type type = statement__system_column_type(column, &seen->arena);
        assert_true(values[i].kind != VALUE_NULL || column->kind == DESCRIBED_REGULAR);
        if (values[i].kind != VALUE_NULL) {
            assert_ok(type_check(&type, &values[i], &error), error);
        }
    }
    for (size_t i = 0; is_ours && seen->wanted != NULL && seen->wanted[i] != NULL; i++) {
        for (size_t k = 0; k < seen->table->columns_count; k++) {
            if (strcmp(seen->table->columns[k].name, seen->wanted[i]) == 0) {
                buffer_put_text(&seen->text, i > 0 ? " " : "");
                put_value(&seen->text, &values[k]);
            }
        }
        buffer_put_text(&seen->text, seen->wanted[i + 1] == NULL ? "\n" : "");
    }
}

/* Reads a table; the wanted columns of rows of "ks" are `expected`. Returns how many rows there are in all. */
static size_t read_table(const char *keyspace, const char *name, const char *const *wanted,
                         const char *expected)
{
    struct described described;
    struct described_table tables[3];
    struct described_keyspace ours;
    struct seen seen = {.table = statement__system_table_find(bytes_of_text(keyspace), bytes_of_text(name)),
                        .wanted = wanted};
    assert_non_null(seen.table);
    describe(&described, tables, &ours);
    statement__system_table_read(seen.table, &described, &seen.arena, see, &seen);
    assert_same_text(buffer_bytes(&seen.text), expected);
    buffer_reset(&seen.text);
    arena_reset(&seen.arena);
    return seen.rows;
}

static void test_columns_are_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < statement__system_tables_count; i++) {
        const struct system_table *table = &statement__system_tables[i];
        const struct system_column *before = NULL;
        struct arena arena = {0};
        assert_int_equal(table->columns[0].kind, DESCRIBED_PARTITION_KEY);
        for (size_t k = 0; k < table->columns_count; k++) {
            const struct system_column *column = &table->columns[k];
            struct error error;
            struct type type = statement__system_column_type(column, &arena);
            assert_ok(type_validate(&type, &error), error);
            assert_true(before == NULL || before->kind <= column->kind);
            if (before != NULL && before->kind == DESCRIBED_REGULAR &&
                strcmp(before->name, column->name) >= 0) {
                fail_msg("%s.%s: %s is before %s", table->keyspace, table->name, before->name, column->name);
            }
            before = column;
        }
        arena_reset(&arena);
    }
}

/* As the names of their directories in any Cassandra. */
static void test_ids(void **state)
{
    (void)state;
    static const struct {
        const char *keyspace;
        const char *name;
        const char *id;
    } cases[] = {
        {"system", "local", "7ad54392bcdd35a684174e047860b377"},
        {"system", "peers", "37f71aca7dc2383ba70672528af04d4f"},
        {"system_schema", "keyspaces", "abac5682dea631c5b535b3d6cffd0fb6"},
        {"system_schema", "tables", "afddfb9dbc1e30688056eed6c302ba09"},
        {"system_schema", "columns", "24101c25a2ae3af787c1b40ee1aca33f"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint8_t id[16];
        statement__system_table_id(statement__system_table_find(bytes_of_text(cases[i].keyspace),
                                                                bytes_of_text(cases[i].name)),
                                   id);
        assert_hex(bytes_of(id, sizeof(id)), cases[i].id);
    }
    assert_null(statement__system_table_find(bytes_of_text("system"), bytes_of_text("tables")));
    assert_true(statement__system_has_keyspace(bytes_of_text("system_traces")));
    assert_false(statement__system_has_keyspace(bytes_of_text("syste")));
}

#define WANT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_the_schema_of_users(void **state)
{
    (void)state;
    (void)read_table("system_schema", "keyspaces", WANT("durable_writes", "replication"), "false target=v\n");
    (void)read_table("system_schema", "tables",
                     WANT("table_name", "caching", "cdc", "gc_grace_seconds", "flags", "memtable"),
                     "a keys=ALL,rows_per_partition=NONE null 864000 compound null\n"
                     "b keys=ALL,rows_per_partition=NONE false 864000 compound null\n");
    (void)read_table(
        "system_schema", "columns",
        WANT("table_name", "column_name", "kind", "position", "clustering_order", "type"),
        "a c clustering 0 desc int\na k partition_key 0 none int\na s static -1 none set<text>\n"
        "a v regular -1 none text\nb c clustering 0 desc int\nb k partition_key 0 none int\n"
        "b s static -1 none set<text>\nb v regular -1 none text\nview c clustering 0 desc int\n"
        "view k partition_key 0 none int\nview s static -1 none set<text>\nview v regular -1 none text\n");
    (void)read_table("system_schema", "views", WANT("view_name", "base_table_name", "where_clause"),
                     "view b k IS NOT NULL\n");
    (void)read_table("system_schema", "indexes", WANT("table_name", "index_name", "kind", "options"),
                     "b by_v COMPOSITES target=v\n");
    (void)read_table("system_schema", "dropped_columns", WANT("table_name", "column_name", "dropped_time"),
                     "b old 5\n");
    (void)read_table("system_schema", "types", WANT("type_name", "field_names", "field_types"),
                     "address street,zip text,int\n");
    (void)read_table("system_schema", "functions", WANT("function_name", "argument_types", "language"),
                     "f text,int lua\n");
    (void)read_table("system_schema", "aggregates", WANT("aggregate_name", "state_func", "initcond"),
                     "a f null\n");
    (void)read_table("system", "built_views", WANT("view_name", "status_replicated"), "view true\n");
    (void)read_table("system_distributed", "view_build_status", WANT("view_name", "status"),
                     "view SUCCESS\n");
    (void)read_table("system_schema_mcs", "tables", WANT("table_name", "status", "custom_properties"),
                     "a ACTIVE \nb ACTIVE cdc=status=enabled,ttl=status=enabled\n");
    (void)read_table("system_schema_mcs", "keyspaces", WANT("status"), "ACTIVE\n");
    assert_int_equal(read_table("system_schema_mcs", "tags", NULL, ""), 2);
}

/* What the tables say of themselves. */
static void test_the_schema_of_the_system(void **state)
{
    (void)state;
    size_t tables = 0;
    size_t all_columns = 0;
    size_t virtual_columns = 0;
    for (size_t i = 0; i < statement__system_tables_count; i++) {
        const struct system_table *table = &statement__system_tables[i];
        tables += table->is_virtual ? 0 : 1;
        all_columns += table->is_virtual ? 0 : table->columns_count;
        virtual_columns += table->is_virtual ? table->columns_count : 0;
    }
    assert_int_equal(read_table("system_schema", "keyspaces", NULL, ""), 6 + 1);
    assert_int_equal(read_table("system_schema", "tables", NULL, ""), tables + 2);
    assert_int_equal(read_table("system_schema", "columns", NULL, ""),
                     all_columns + 3 * ARRAY_COUNT(columns));
    assert_int_equal(read_table("system_virtual_schema", "keyspaces", NULL, ""), 2);
    assert_int_equal(read_table("system_virtual_schema", "tables", NULL, ""),
                     statement__system_tables_count - tables);
    assert_int_equal(read_table("system_virtual_schema", "columns", NULL, ""), virtual_columns);
}

static void test_the_node(void **state)
{
    (void)state;
    assert_int_equal(read_table("system", "local", NULL, ""), 1);
    assert_int_equal(read_table("system", "peers", NULL, ""), 0);
    assert_int_equal(read_table("system", "peers_v2", NULL, ""), 0);
    assert_int_equal(read_table("system_auth", "roles", NULL, ""), 1);
    assert_int_equal(read_table("system_traces", "sessions", NULL, ""), 0);
    for (size_t i = 1; i < SYSTEM_TOKENS; i++) {
        assert_true(statement__system_token(i) > statement__system_token(i - 1));
    }
    assert_int_equal(statement__system_token(SYSTEM_TOKENS / 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_in_order),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_the_schema_of_users),
        cmocka_unit_test(test_the_schema_of_the_system),
        cmocka_unit_test(test_the_node),
    };
    return cmocka_run_group_tests_name("cql/system_tables", tests, NULL, NULL);
}
