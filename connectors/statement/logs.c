#include "logs.h"

#include <stdlib.h>

#include "bind.h"

enum {
    LOG_KEYS = 2, /* shard and lsn, which are numbered first */
};

static const char log_suffix[] = "$log";

static const struct type type_text = {.kind = TYPE_TEXT};
static const struct type type_int = {.kind = TYPE_INT};
static const struct type type_bigint = {.kind = TYPE_BIGINT};
static const struct type type_timestamp = {.kind = TYPE_TIMESTAMP};

static const struct {
    const char *name;
    const struct type *type;
} log_columns[] = {
    [LOG_SHARD] = {"shard", &type_int},
    [LOG_LSN] = {"lsn", &type_bigint},
    [LOG_ACTOR] = {"actor", &type_text},
    [LOG_CAUSE] = {"cause", &type_text},
    [LOG_CAUSE_FUNCTION] = {"cause_function", &type_text},
    [LOG_CAUSE_LSN] = {"cause_lsn", &type_bigint},
    [LOG_COMMIT_TIME] = {"commit_time", &type_timestamp},
    [LOG_NEW] = {"new", &type_text},
    [LOG_OLD] = {"old", &type_text},
    [LOG_OPERATION] = {"operation", &type_text},
    [LOG_TRANSACTION] = {"transaction", &type_bigint},
};

bool statement__log_is(struct bytes name, struct bytes *ret_table)
{
    struct bytes suffix = bytes_of_text(log_suffix);
    bool is_log = name.size > suffix.size && bytes_equal(bytes_from(name, name.size - suffix.size), suffix);
    *ret_table = is_log ? bytes_part(name, 0, name.size - suffix.size) : name;
    return is_log;
}

/* The column of a log that a column of the table's key is. */
static struct source_column log_key_column(const struct source_column *key, struct arena *arena)
{
    struct source_column column = *key;
    column.kind = DESCRIBED_REGULAR;
    for (size_t i = 0; i < LOG_KEY; i++) {
        if (bytes_equal(column.name, bytes_of_text(log_columns[i].name))) {
            column.name = bytes_of_text(
                arena_format(arena, "%.*s_", (int)key->name.size, (const char *)key->name.data));
        }
    }
    return column;
}

/* A column and what it tells, while they are put in order. */
struct log_place {
    struct source_column column;
    size_t what;
};

static int place_compare(const void *a, const void *b)
{
    const struct log_place *left = a;
    const struct log_place *right = b;
    return left->column.kind != right->column.kind ? (int)left->column.kind - (int)right->column.kind
                                                   : bytes_compare(left->column.name, right->column.name);
}

static struct schema *log_schema(const struct schema *base, struct arena *arena)
{
    struct schema *schema = arena_create(arena, sizeof(*schema));
    *schema = (struct schema){.table = base->table,
                              .generation = base->generation,
                              .version = base->version,
                              .kind = TABLE_WIDE,
                              .partition_count = 1,
                              .clustering_count = 1};
    schema->partition = arena_create(arena, sizeof(*schema->partition));
    schema->clustering = arena_create(arena, sizeof(*schema->clustering));
    *schema->partition = (struct key_column){.name = bytes_of_text("shard"), .type = type_int};
    *schema->clustering = (struct key_column){.name = bytes_of_text("lsn"), .type = type_bigint};
    return schema;
}

void statement__log_source(struct exec_call *call, struct source_log *log, const struct cql_qualified *name,
                           struct source *source)
{
    const struct schema *base = log->base.table.schema;
    size_t keys = base->partition_count + base->clustering_count;
    size_t count = LOG_KEY + keys;
    struct log_place *places = arena_create_array(call->arena, count, sizeof(*places));
    for (size_t i = 0; i < count; i++) {
        places[i].what = i;
        if (i >= LOG_KEY) {
            places[i].column = log_key_column(&log->base.columns[i - LOG_KEY], call->arena);
            continue;
        }
        places[i].column = (struct source_column){.name = bytes_of_text(log_columns[i].name),
                                                  .type = log_columns[i].type,
                                                  .kind = i == LOG_SHARD ? DESCRIBED_PARTITION_KEY
                                                          : i == LOG_LSN ? DESCRIBED_CLUSTERING
                                                                         : DESCRIBED_REGULAR};
    }
    qsort(places + LOG_KEYS, count - LOG_KEYS, sizeof(*places), place_compare);
    *source = (struct source){.table = {.keyspace = log->base.table.keyspace,
                                        .name = name->name,
                                        .full = exec_full_name(call, log->base.table.keyspace, name->name),
                                        .schema = log_schema(base, call->arena)},
                              .columns = arena_create_array(call->arena, count, sizeof(*source->columns)),
                              .count = count,
                              .stored = log->base.stored,
                              .log = log};
    log->what = arena_create_array(call->arena, count, sizeof(*log->what));
    for (size_t i = 0; i < count; i++) {
        source->columns[i] = places[i].column;
        log->what[i] = places[i].what;
    }
    exec_key_types(call, source->table.schema);
}

bool statement__log_names_row(const struct source *source, const struct cql_relations *where)
{
    if (source->log == NULL) {
        return false;
    }
    const struct schema *base = source->log->base.table.schema;
    size_t keys = base->partition_count + base->clustering_count;
    size_t found = 0;
    for (size_t i = 0; i < source->count; i++) {
        bool is_named = false;
        for (size_t k = 0; k < where->count && source->log->what[i] >= LOG_KEY; k++) {
            const struct cql_relation *relation = &where->at[k];
            is_named |= relation->kind == CQL_RELATION_COLUMN && relation->comparison == CQL_EQUAL &&
                        bytes_equal(relation->columns.at[0], source->columns[i].name);
        }
        found += is_named;
    }
    return found == keys;
}
