#include "options.h"

#include <stdlib.h>

#include "codec/pack.h"
#include "codec/view.h"
#include "options_check.h"
#include "value/scalar_text.h"

enum option_kind {
    OPTION_TEXT,
    OPTION_BOOLEAN,
    OPTION_INTEGER, /* not negative */
    OPTION_FRACTION,
    OPTION_MAP,
    OPTION_ANY, /* Keyspaces' own: kept as they are */
    OPTION_ID,  /* of a table that is made */
};

/* Cassandra 4.1's table options, and Keyspaces'. */
static const struct {
    const char *name;
    enum option_kind kind;
} options_known[] = {
    {"additional_write_policy", OPTION_TEXT},
    {"allow_auto_snapshot", OPTION_BOOLEAN},
    {"bloom_filter_fp_chance", OPTION_FRACTION},
    {"caching", OPTION_MAP},
    {"cdc", OPTION_BOOLEAN},
    {"comment", OPTION_TEXT},
    {"compaction", OPTION_MAP},
    {"compression", OPTION_MAP},
    {"crc_check_chance", OPTION_FRACTION},
    {"custom_properties", OPTION_ANY},
    {"dclocal_read_repair_chance", OPTION_FRACTION},
    {"default_time_to_live", OPTION_INTEGER},
    {"extensions", OPTION_MAP},
    {"gc_grace_seconds", OPTION_INTEGER},
    {"id", OPTION_ID},
    {"incremental_backups", OPTION_BOOLEAN},
    {"max_index_interval", OPTION_INTEGER},
    {"memtable", OPTION_TEXT},
    {"memtable_flush_period_in_ms", OPTION_INTEGER},
    {"min_index_interval", OPTION_INTEGER},
    {"read_repair", OPTION_TEXT},
    {"read_repair_chance", OPTION_FRACTION},
    {"speculative_retry", OPTION_TEXT},
    {"tags", OPTION_ANY},
};

/* --- literals ------------------------------------------------------------------------------------------------------- */

/* NOLINTBEGIN(misc-no-recursion): as deep as the term, which the grammar bounds */
enum status exec_literal(struct exec_call *call, const struct cql_term *term, struct value *ret_value)
{
    enum status status = STATUS_OK;
    switch ((int)term->kind) {
    case CQL_TERM_STRING:
    case CQL_TERM_INTEGER:
    case CQL_TERM_FLOAT:
    case CQL_TERM_BOOLEAN:
    case CQL_TERM_UUID:
    case CQL_TERM_HEX:
    case CQL_TERM_DURATION:
        *ret_value = value_of_text(term->text);
        return STATUS_OK;
    case CQL_TERM_MAP:
    case CQL_TERM_SET:
        if (term->kind == CQL_TERM_SET && term->items.count > 0) {
            break;
        }
        *ret_value = (struct value){.kind = VALUE_MAP, .pairs = {.count = term->items.count / 2}};
        ret_value->pairs.at = arena_create_array(call->arena, term->items.count, sizeof(struct value));
        for (size_t i = 0; i < term->items.count && status == STATUS_OK; i++) {
            status = exec_literal(call, term->items.at[i], &ret_value->pairs.at[i]);
        }
        return status == STATUS_OK && !value_map_sort(ret_value)
                   ? exec_fail(call, CQL_SYNTAX_ERROR, "Multiple definition for one key of a property")
                   : status;
    default:
        break;
    }
    return exec_fail(call, CQL_SYNTAX_ERROR, "a property is a constant or a map of constants");
}

/* NOLINTEND(misc-no-recursion) */

/* --- checks --------------------------------------------------------------------------------------------------------- */

static enum status option_check_range(struct exec_call *call, const char *name, enum option_kind kind,
                                      struct bytes bytes, double number)
{
    int size = (int)bytes.size;
    const char *text = (const char *)bytes.data;
    if (kind == OPTION_INTEGER && (number < 0 || number > INT32_MAX)) {
        return exec_fail(call, CQL_CONFIG_ERROR, "%s must be greater than or equal to 0 (got %.*s)", name,
                         size, text);
    }
    if (strcmp(name, "bloom_filter_fp_chance") == 0 && (number <= 6.71E-5 || number > 1)) {
        return exec_fail(call, CQL_CONFIG_ERROR,
                         "%s must be larger than 6.71E-5 and less than or equal to 1.0 (got %.*s)", name,
                         size, text);
    }
    if (strcmp(name, "min_index_interval") == 0 && number < 1) {
        return exec_fail(call, CQL_CONFIG_ERROR, "%s must be greater than or equal to 1 (got %.*s)", name,
                         size, text);
    }
    if (kind == OPTION_FRACTION && (number < 0 || number > 1)) {
        return exec_fail(call, CQL_CONFIG_ERROR,
                         "%s must be larger than or equal to 0 and smaller than or equal to 1.0 (got %.*s)",
                         name, size, text);
    }
    if (strcmp(name, "default_time_to_live") == 0 && number > CQL_TTL_SECONDS_MAX) {
        return exec_fail(call, CQL_CONFIG_ERROR, "%s must be less than or equal to %d (got %.*s)", name,
                         CQL_TTL_SECONDS_MAX, size, text);
    }
    return STATUS_OK;
}

static enum status option_check(struct exec_call *call, const char *name, enum option_kind kind,
                                const struct value *value)
{
    double number = 0;
    bool is_text = value->kind == VALUE_TEXT;
    int size = is_text ? (int)value->bytes.size : 0;
    const char *text = is_text ? (const char *)value->bytes.data : "";
    if (kind == OPTION_ANY || kind == OPTION_ID) {
        return STATUS_OK;
    }
    if (is_text == (kind == OPTION_MAP)) {
        return exec_fail(call, CQL_SYNTAX_ERROR, "Invalid value for property '%s'. It should be a %s", name,
                         kind == OPTION_MAP ? "map." : "string");
    }
    if (kind == OPTION_INTEGER && !statement__text_is_number(value->bytes, false, &number)) {
        return exec_fail(call, CQL_SYNTAX_ERROR, "Invalid integer value %.*s for '%s'", size, text, name);
    }
    if (kind == OPTION_FRACTION && !statement__text_is_number(value->bytes, true, &number)) {
        return exec_fail(call, CQL_SYNTAX_ERROR, "Invalid double value %.*s for '%s'", size, text, name);
    }
    enum status status =
        option_check_range(call, name, kind, is_text ? value->bytes : (struct bytes){0}, number);
    bool is_set = false;
    if (strcmp(name, "memtable") == 0 && !bytes_equal(value->bytes, bytes_of_text("default"))) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Memtable configuration \"%.*s\" not found.", size, text);
    }
    return status == STATUS_OK && kind == OPTION_BOOLEAN
               ? statement__option_boolean(call, name, value, &is_set)
               : status;
}

/* What two options say together. */
static enum status options_check_together(struct exec_call *call, const struct cql_options *options)
{
    double least = 128;
    double most = 2048;
    (void)statement__text_is_number(value_map_text(&options->options, "min_index_interval"), false, &least);
    (void)statement__text_is_number(value_map_text(&options->options, "max_index_interval"), false, &most);
    return most >= least ? STATUS_OK
                         : exec_fail(call, CQL_CONFIG_ERROR,
                                     "max_index_interval must be greater than or equal to min_index_interval "
                                     "(%.0f) (got %.0f)",
                                     least, most);
}

static void option_set(struct arena *arena, struct value *map, struct bytes name, struct value value)
{
    size_t count = map->pairs.count;
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(map->pairs.at[2 * i].bytes, name)) {
            map->pairs.at[2 * i + 1] = value;
            return;
        }
    }
    struct value *pairs = arena_create_array(arena, 2 * (count + 1), sizeof(*pairs));
    for (size_t i = 0; i < 2 * count; i++) {
        pairs[i] = map->pairs.at[i];
    }
    pairs[2 * count] = value_of_text(name);
    pairs[2 * count + 1] = value;
    map->pairs = (struct value_pairs){.at = pairs, .count = count + 1};
    CHECK(value_map_sort(map));
}

/* The uuid of a table that is being made again: WITH ID, as DESCRIBE WITH INTERNALS tells it. */
static enum status option_id(struct exec_call *call, const struct value *text, struct cql_options *options)
{
    static const struct type uuid = {.kind = TYPE_UUID};
    struct value id;
    struct error error;
    if (text->kind != VALUE_TEXT ||
        scalar_parse(&uuid, text->bytes, 0, call->arena, &id, &error) != STATUS_OK || id.kind != VALUE_UUID) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Invalid table id");
    }
    if (options->id.size > 0) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Cannot alter table id.");
    }
    options->id = id.bytes;
    return STATUS_OK;
}

static enum status option_take(struct exec_call *call, const struct cql_property *property,
                               struct cql_options *options, uint32_t *ret_gc_grace_seconds)
{
    struct value value = {.kind = VALUE_NULL};
    size_t i = 0;
    while (i < ARRAY_COUNT(options_known) &&
           !bytes_equal(property->name, bytes_of_text(options_known[i].name))) {
        i++;
    }
    if (i == ARRAY_COUNT(options_known)) {
        return exec_fail(call, CQL_SYNTAX_ERROR, "Unknown property '%.*s'", (int)property->name.size,
                         (const char *)property->name.data);
    }
    enum status status = exec_literal(call, property->value, &value);
    if (status == STATUS_OK) {
        status = option_check(call, options_known[i].name, options_known[i].kind, &value);
    }
    if (status == STATUS_OK) {
        status = statement__option_check_inside(call, options_known[i].name, &value);
    }
    double number = 0;
    if (status == STATUS_OK && options_known[i].kind == OPTION_ID) {
        return option_id(call, &value, options);
    }
    if (status == STATUS_OK && strcmp(options_known[i].name, "gc_grace_seconds") == 0 &&
        statement__text_is_number(value.bytes, false, &number)) {
        *ret_gc_grace_seconds = (uint32_t)number;
    } else if (status == STATUS_OK) {
        option_set(call->arena, &options->options, property->name, value);
    }
    return status;
}

enum status statement__options_take(struct exec_call *call, const struct cql_properties *properties,
                                    struct cql_options *options, uint32_t *ret_gc_grace_seconds)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < properties->count && status == STATUS_OK; i++) {
        for (size_t k = 0; k < i && status == STATUS_OK; k++) {
            if (bytes_equal(properties->at[k].name, properties->at[i].name)) {
                status =
                    exec_fail(call, CQL_SYNTAX_ERROR, "Multiple definitions for property '%.*s'",
                              (int)properties->at[i].name.size, (const char *)properties->at[i].name.data);
            }
        }
        if (status == STATUS_OK) {
            status = option_take(call, &properties->at[i], options, ret_gc_grace_seconds);
        }
    }
    return status == STATUS_OK ? options_check_together(call, options) : status;
}

void statement__options_complete(struct exec_call *call, struct cql_options *options)
{
    static const struct bytes name = {(const uint8_t *)"bloom_filter_fp_chance", 22};
    const struct value *compaction = value_map_get(&options->options, bytes_of_text("compaction"));
    bool is_leveled = compaction != NULL && bytes_find(value_map_text(compaction, "class"),
                                                       bytes_of_text("LeveledCompactionStrategy")) != NULL;
    if (is_leveled && value_map_get(&options->options, name) == NULL) {
        option_set(call->arena, &options->options, name, value_of_text(bytes_of_text("0.1")));
    }
}

/* --- kept ----------------------------------------------------------------------------------------------------------- */

void statement__options_encode(const struct cql_options *options, struct arena *arena,
                               struct bytes *ret_properties)
{
    struct buffer buffer = {0};
    const struct value_member members[] = {
        {"compact", value_of_boolean(true)},
        {"dropped",
         options->dropped.kind == VALUE_MAP ? options->dropped : (struct value){.kind = VALUE_MAP}},
        {"id", value_of_bytes(options->id)},
        {"options",
         options->options.kind == VALUE_MAP ? options->options : (struct value){.kind = VALUE_MAP}},
    };
    size_t first = options->is_compact ? 0 : 1;
    struct value map = value_of_members(arena, members + first, ARRAY_COUNT(members) - first);
    codec_value_encode(&buffer, &map);
    *ret_properties = arena_copy(arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
}

bool statement__options_are_compact(struct bytes properties)
{
    struct bytes member;
    return codec_view_member(properties, bytes_of_text("compact"), &member);
}

void statement__options_decode(struct bytes properties, struct arena *arena, struct cql_options *ret_options)
{
    struct value map;
    *ret_options = (struct cql_options){.options = {.kind = VALUE_MAP}, .dropped = {.kind = VALUE_MAP}};
    ret_options->is_compact = statement__options_are_compact(properties);
    if (properties.size == 0 || codec_value_decode(properties, arena, &map, NULL) != STATUS_OK) {
        return;
    }
    const struct value *id = value_map_get(&map, bytes_of_text("id"));
    const struct value *options = value_map_get(&map, bytes_of_text("options"));
    const struct value *dropped = value_map_get(&map, bytes_of_text("dropped"));
    if (id != NULL && id->kind == VALUE_BYTES) {
        ret_options->id = id->bytes;
    }
    if (options != NULL && options->kind == VALUE_MAP) {
        ret_options->options = *options;
    }
    if (dropped != NULL && dropped->kind == VALUE_MAP) {
        ret_options->dropped = *dropped;
    }
}

uint32_t statement__options_default_ttl(const struct cql_options *options)
{
    double number = 0;
    bool is_set =
        statement__text_is_number(value_map_text(&options->options, "default_time_to_live"), false, &number);
    return is_set ? (uint32_t)number : 0;
}
