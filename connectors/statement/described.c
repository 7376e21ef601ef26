/* Defaults, and the system's own keyspaces in the words that users' are described in. */
#include "described.h"

#include <stdlib.h>

#include "system_rows.h"

#define TEXT(text)                                                                                           \
    {                                                                                                        \
        .data = (const uint8_t *)(text), .size = sizeof(text) - 1                                            \
    }
#define PAIRS(array) ((struct described_pairs){.at = (array), .count = ARRAY_COUNT(array)})

void statement__described_options_init(struct described_options *options)
{
    static const struct described_pair caching[] = {{TEXT("keys"), TEXT("ALL")},
                                                    {TEXT("rows_per_partition"), TEXT("NONE")}};
    static const struct described_pair compaction[] = {
        {TEXT("class"), TEXT("org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy")},
        {TEXT("max_threshold"), TEXT("32")},
        {TEXT("min_threshold"), TEXT("4")}};
    static const struct described_pair compression[] = {
        {TEXT("chunk_length_in_kb"), TEXT("16")},
        {TEXT("class"), TEXT("org.apache.cassandra.io.compress.LZ4Compressor")}};
    *options = (struct described_options){
        .additional_write_policy = TEXT("99p"),
        .read_repair = TEXT("BLOCKING"),
        .speculative_retry = TEXT("99p"),
        .caching = PAIRS(caching),
        .compaction = PAIRS(compaction),
        .compression = PAIRS(compression),
        .bloom_filter_fp_chance = 0.01,
        .crc_check_chance = 1.0,
        .gc_grace_s = 864000,
        .max_index_interval = 2048,
        .min_index_interval = 128,
    };
}

static void describe_table(const struct system_table *table, struct arena *arena,
                           struct described_table *described)
{
    struct described_column *columns = arena_create_array(arena, table->columns_count, sizeof(*columns));
    int positions[DESCRIBED_REGULAR + 1] = {0};
    for (size_t i = 0; i < table->columns_count; i++) {
        const struct system_column *column = &table->columns[i];
        columns[i] = (struct described_column){.name = bytes_of_text(column->name),
                                               .type = bytes_of_text(column->type),
                                               .kind = column->kind,
                                               .position = positions[column->kind]++};
    }
    *described = (struct described_table){.name = bytes_of_text(table->name),
                                          .columns = columns,
                                          .columns_count = table->columns_count};
    statement__described_options_init(&described->options);
    described->options.comment = bytes_of_text(table->comment);
    described->options.gc_grace_s = 0;
    statement__system_table_id(table, described->id);
}

#define SIMPLE(factor)                                                                                       \
    {                                                                                                        \
        {TEXT("class"), TEXT("org.apache.cassandra.locator.SimpleStrategy")},                                \
        {                                                                                                    \
            TEXT("replication_factor"), TEXT(factor)                                                         \
        }                                                                                                    \
    }

/* As Cassandra has them: what all nodes share is copied, the rest is each node's own. */
static struct described_pairs replication_of(const char *keyspace)
{
    static const struct described_pair local[] = {
        {TEXT("class"), TEXT("org.apache.cassandra.locator.LocalStrategy")}};
    static const struct {
        const char *keyspace;
        struct described_pair pairs[2];
    } copied[] = {{"system_auth", SIMPLE("1")},
                  {"system_distributed", SIMPLE("3")},
                  {"system_traces", SIMPLE("2")}};
    for (size_t i = 0; i < ARRAY_COUNT(copied); i++) {
        if (strcmp(keyspace, copied[i].keyspace) == 0) {
            return PAIRS(copied[i].pairs);
        }
    }
    return PAIRS(local);
}

static void describe_keyspace(const char *name, struct arena *arena, struct described_keyspace *keyspace)
{
    struct described_table *tables =
        arena_create_array(arena, statement__system_tables_count, sizeof(*tables));
    size_t count = 0;
    for (size_t i = 0; i < statement__system_tables_count; i++) {
        if (strcmp(statement__system_tables[i].keyspace, name) == 0) {
            describe_table(&statement__system_tables[i], arena, &tables[count]);
            count++;
        }
    }
    *keyspace = (struct described_keyspace){.name = bytes_of_text(name),
                                            .replication = replication_of(name),
                                            .tables = tables,
                                            .tables_count = count,
                                            .is_durable = true};
}

const struct described_keyspace *statement__system_describe(struct arena *arena, bool is_virtual,
                                                            size_t *ret_count)
{
    struct described_keyspace *keyspaces =
        arena_create_array(arena, statement__system_tables_count, sizeof(*keyspaces));
    const char *last = "";
    size_t count = 0;
    for (size_t i = 0; i < statement__system_tables_count; i++) { /* those of a keyspace stand together */
        const struct system_table *table = &statement__system_tables[i];
        if (table->is_virtual == is_virtual && strcmp(table->keyspace, last) != 0) {
            describe_keyspace(table->keyspace, arena, &keyspaces[count]);
            count++;
            last = table->keyspace;
        }
    }
    *ret_count = count;
    return keyspaces;
}

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(**(const struct bytes *const *)a, **(const struct bytes *const *)b);
}

const void **statement__described_order(const void *array, size_t count, size_t size, struct arena *arena)
{
    const void **order = arena_create_array(arena, count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        order[i] = (const uint8_t *)array + i * size;
    }
    qsort(order, count, sizeof(void *), compare_names);
    return order;
}
