#include "replication.h"

#include "options_check.h"
#include "system_tables.h"

static const char package[] = "org.apache.cassandra.locator.";
static const char factor_name[] = "replication_factor";

/* How many replicas there are to be. */
static enum status check_factor(struct exec_call *call, struct bytes text)
{
    bool is_negative = text.size > 1 && text.data[0] == '-';
    bool is_numeric = text.size > 0 && text.size < 10;
    bool is_transient = false;
    for (size_t i = is_negative ? 1 : 0; i < text.size && is_numeric; i++) {
        is_transient |= text.data[i] == '/' && i > 0;
        is_numeric = (text.data[i] >= '0' && text.data[i] <= '9') || (text.data[i] == '/' && i > 0);
    }
    if (is_numeric && is_transient) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Transient replication is not enabled on this node");
    }
    return is_numeric && !is_negative
               ? STATUS_OK
               : exec_fail(call, CQL_CONFIG_ERROR, "Replication factor must be %s; found %.*s",
                           is_numeric ? "non-negative" : "numeric", (int)text.size, (const char *)text.data);
}

/* A strategy's options: what the map has besides its class. */
struct options {
    struct value *pairs; /* names and values; room for those of both maps and two more */
    size_t count;
};

static bool has_option(const struct options *options, struct bytes name)
{
    for (size_t i = 0; i < options->count; i++) {
        if (bytes_equal(options->pairs[2 * i].bytes, name)) {
            return true;
        }
    }
    return false;
}

static void add_option(struct options *options, struct bytes name, struct bytes value)
{
    if (!has_option(options, name)) {
        options->pairs[2 * options->count] = value_of_text(name);
        options->pairs[2 * options->count + 1] = value_of_text(value);
        options->count++;
    }
}

/* Those of `map`, without its class and the replication_factor. */
static void add_options(struct options *options, const struct value *map)
{
    for (size_t i = 0; map->kind == VALUE_MAP && i < map->pairs.count; i++) {
        const struct value *pair = &map->pairs.at[2 * i];
        bool is_other = !bytes_equal(pair->bytes, bytes_of_text("class")) &&
                        !bytes_equal(pair->bytes, bytes_of_text(factor_name));
        if (is_other) {
            add_option(options, pair->bytes, pair[1].bytes);
        }
    }
}

/* The factor that is there, was there, or is the default. */
static struct bytes factor_of(const struct value *replication, const struct value *previous)
{
    struct bytes own = value_map_text(replication, factor_name);
    struct bytes before =
        previous->kind == VALUE_MAP ? value_map_text(previous, factor_name) : (struct bytes){0};
    return own.size > 0 ? own : before.size > 0 ? before : bytes_of_text("1");
}

static void complete_topology(struct options *options, const struct value *replication,
                              const struct value *previous)
{
    bool has_factor = value_map_get(replication, bytes_of_text(factor_name)) != NULL;
    add_options(options, replication);
    if (has_factor) { /* what data centres had stays */
        add_options(options, previous);
    }
    if (has_factor || options->count == 0) {
        add_option(options, bytes_of_text(SYSTEM_DATA_CENTRE), factor_of(replication, previous));
    }
}

static enum status check_options(struct exec_call *call, struct bytes keyspace, struct bytes class,
                                 const char *known, const struct options *options)
{
    for (size_t i = 0; i < options->count; i++) {
        struct bytes name = options->pairs[2 * i].bytes;
        if (!bytes_equal(name, bytes_of_text(known))) {
            return exec_fail(call, CQL_CONFIG_ERROR,
                             "Unrecognized strategy option {%.*s} passed to %.*s for keyspace %.*s",
                             (int)name.size, (const char *)name.data, (int)class.size,
                             (const char *)class.data, (int)keyspace.size, (const char *)keyspace.data);
        }
        enum status status = check_factor(call, options->pairs[2 * i + 1].bytes);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* The strategy's name without its package. */
static enum status find_class(struct exec_call *call, const struct value *replication,
                              struct bytes *ret_class)
{
    static const char *const known[] = {"SimpleStrategy",       "NetworkTopologyStrategy",
                                        "LocalStrategy",        "EverywhereStrategy",
                                        "SingleRegionStrategy", "MultiRegionStrategy"};
    if (replication->kind != VALUE_MAP) {
        return exec_fail(call, CQL_SYNTAX_ERROR,
                         "Invalid value for property 'replication'. It should be a map.");
    }
    struct bytes class = value_map_text(replication, "class");
    if (class.size == 0) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Missing replication strategy class");
    }
    *ret_class = statement__class_name(class, package);
    return statement__class_is_known(*ret_class, known, ARRAY_COUNT(known))
               ? STATUS_OK
               : exec_fail(call, CQL_CONFIG_ERROR, "Unable to find replication strategy class '%s%.*s'",
                           package, (int)ret_class->size, (const char *)ret_class->data);
}

enum status statement__replication_complete(struct exec_call *call, struct bytes keyspace,
                                            const struct value *previous, struct value *replication)
{
    struct bytes class = {0};
    enum status status = find_class(call, replication, &class);
    if (status != STATUS_OK) {
        return status;
    }
    if (bytes_equal(class, bytes_of_text("LocalStrategy"))) {
        return exec_fail(call, CQL_INVALID,
                         "Unable to use given strategy class: LocalStrategy is reserved for internal use.");
    }
    bool is_simple = bytes_equal(class, bytes_of_text("SimpleStrategy"));
    if (!is_simple && !bytes_equal(class, bytes_of_text("NetworkTopologyStrategy"))) {
        return STATUS_OK;
    }
    size_t before = previous->kind == VALUE_MAP ? previous->pairs.count : 0;
    size_t room = replication->pairs.count + before + 2;
    struct options options = {.pairs = arena_create_array(call->arena, 2 * room, sizeof(struct value))};
    if (is_simple) {
        add_options(&options, replication);
        add_option(&options, bytes_of_text(factor_name), factor_of(replication, previous));
    } else {
        complete_topology(&options, replication, previous);
    }
    status = check_options(call, keyspace, class, is_simple ? factor_name : SYSTEM_DATA_CENTRE, &options);
    add_option(&options, bytes_of_text("class"),
               bytes_of_text(
                   arena_format(call->arena, "%s%.*s", package, (int)class.size, (const char *)class.data)));
    *replication = (struct value){.kind = VALUE_MAP, .pairs = {.at = options.pairs, .count = options.count}};
    CHECK(value_map_sort(replication));
    return status;
}

/* --- warnings ------------------------------------------------------------------------------------------------------- */

/* All replicas of all data centres. */
static long replicas_of(const struct value *replication)
{
    long sum = 0;
    for (size_t i = 0; replication->kind == VALUE_MAP && i < replication->pairs.count; i++) {
        double number = 0;
        if (statement__text_is_number(replication->pairs.at[2 * i + 1].bytes, false, &number)) {
            sum += (long)number;
        }
    }
    return sum;
}

void statement__replication_warn(struct exec_call *call, struct bytes keyspace, const struct value *previous,
                                 const struct value *replication)
{
    const long nodes = 1;
    long replicas = replicas_of(replication);
    bool is_of_centre = value_map_text(replication, SYSTEM_DATA_CENTRE).size > 0;
    if (replicas > nodes) {
        exec_warn(call,
                  "Your replication factor %ld for keyspace %.*s is higher than the number of nodes %ld%s%s",
                  replicas, (int)keyspace.size, (const char *)keyspace.data, nodes,
                  is_of_centre ? " for datacenter " : "", is_of_centre ? SYSTEM_DATA_CENTRE : "");
    }
    if (previous->kind == VALUE_MAP && replicas > replicas_of(previous)) {
        exec_warn(call,
                  "When increasing replication factor you need to run a full (-full) repair to distribute "
                  "the data.");
    }
}
