#include "options_kept.h"

#include <stdlib.h>
#include <strings.h>

#include "options_check.h"

const char statement__compaction_package[] = "org.apache.cassandra.db.compaction.";
const char statement__compression_package[] = "org.apache.cassandra.io.compress.";

/* --- maps ----------------------------------------------------------------------------------------------------------- */

enum {
    KEPT_MORE = 3, /* sub-options that a form may have beyond what was written */
};

static struct value kept_begin(struct arena *arena, const struct value *map)
{
    size_t count = map->pairs.count;
    struct value *pairs = arena_create_array(arena, 2 * (count + KEPT_MORE), sizeof(*pairs));
    for (size_t i = 0; i < 2 * count; i++) {
        pairs[i] = map->pairs.at[i];
    }
    return (struct value){.kind = VALUE_MAP, .pairs = {.at = pairs, .count = count}};
}

static void kept_put(struct value *map, const char *name, struct bytes text)
{
    bool is_there = false;
    size_t place = value_map_position(map, bytes_of_text(name), &is_there);
    struct value *at = &map->pairs.at[2 * place];
    if (!is_there) {
        memmove(at + 2, at, 2 * (map->pairs.count - place) * sizeof(*at));
        at[0] = value_of_text(bytes_of_text(name));
        map->pairs.count++;
    }
    at[1] = value_of_text(text);
}

static void kept_put_if_missing(struct value *map, const char *name, const char *text)
{
    if (value_map_get(map, bytes_of_text(name)) == NULL) {
        kept_put(map, name, bytes_of_text(text));
    }
}

static void kept_remove(struct value *map, const char *name)
{
    bool is_there = false;
    size_t place = value_map_position(map, bytes_of_text(name), &is_there);
    struct value *at = &map->pairs.at[2 * place];
    if (is_there) {
        map->pairs.count--;
        memmove(at, at + 2, 2 * (map->pairs.count - place) * sizeof(*at));
    }
}

static struct bytes kept_class(struct arena *arena, struct bytes class, const char *package)
{
    class = statement__class_name(class, package);
    return bytes_of_text(arena_format(arena, "%s%.*s", package, (int)class.size, (const char *)class.data));
}

static struct bytes kept_upper(struct arena *arena, struct bytes text)
{
    uint8_t *upper = arena_create(arena, text.size);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        upper[i] = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;
    }
    return bytes_of(upper, text.size);
}

struct value statement__compaction_kept(struct arena *arena, const struct value *map)
{
    struct value kept = kept_begin(arena, map);
    struct bytes class = kept_class(arena, value_map_text(map, "class"), statement__compaction_package);
    kept_put(&kept, "class", class);
    if (bytes_find(class, bytes_of_text("UnifiedCompactionStrategy")) == NULL) {
        kept_put_if_missing(&kept, "min_threshold", "4");
        kept_put_if_missing(&kept, "max_threshold", "32");
    }
    return kept;
}

/* Cassandra takes options of earlier versions, and tells today's. */
struct value statement__compression_kept(struct arena *arena, const struct value *map)
{
    struct value kept = kept_begin(arena, map);
    struct bytes class = value_map_text(map, "class");
    struct bytes chunk = value_map_text(map, "chunk_length_kb");
    double ratio = 0;
    class = class.size > 0 ? class : value_map_text(map, "sstable_compression");
    if (class.size == 0) {
        kept.pairs.count = 0;
        kept_put(&kept, "enabled", bytes_of_text("false"));
        return kept;
    }
    kept_put(&kept, "class", kept_class(arena, class, statement__compression_package));
    if (chunk.size > 0) {
        kept_put(&kept, "chunk_length_in_kb", chunk);
    }
    kept_put_if_missing(&kept, "chunk_length_in_kb", "16");
    if (statement__text_is_number(value_map_text(map, "min_compress_ratio"), true, &ratio) && ratio == 0) {
        kept_remove(&kept, "min_compress_ratio");
    }
    kept_remove(&kept, "chunk_length_kb");
    kept_remove(&kept, "crc_check_chance");
    kept_remove(&kept, "enabled");
    kept_remove(&kept, "sstable_compression");
    return kept;
}

struct value statement__caching_kept(struct arena *arena, const struct value *map)
{
    struct value kept = kept_begin(arena, map);
    for (size_t i = 0; i < kept.pairs.count; i++) {
        struct value *text = &kept.pairs.at[2 * i + 1];
        *text = value_of_text(kept_upper(arena, text->bytes));
    }
    kept_put_if_missing(&kept, "keys", "ALL");
    kept_put_if_missing(&kept, "rows_per_partition", "NONE");
    return kept;
}

/* --- policies of retries -------------------------------------------------------------------------------------------- */

enum {
    RETRY_TEXT_BYTES_MAX = 64,
};

struct retry {
    double number;
    bool is_percentile; /* otherwise milliseconds */
};

/* "99p", "99.9percentile", "50ms"; `text` ends with NUL. */
static bool retry_read(const char *text, struct retry *ret_retry)
{
    static const char *const percentiles[] = {"p", "percentile", "th", "thpercentile"};
    char *unit = NULL;
    *ret_retry = (struct retry){.number = strtod(text, &unit)};
    if (unit == text ||
        unit != text + strspn(text, "0123456789.")) { /* no sign, exponent, hexadecimal, or name */
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(percentiles) && !ret_retry->is_percentile; i++) {
        ret_retry->is_percentile = strcasecmp(unit, percentiles[i]) == 0;
    }
    return ret_retry->is_percentile || strcasecmp(unit, "ms") == 0;
}

static bool retry_is_in_range(const struct retry *retry)
{
    return !retry->is_percentile || (retry->number > 0 && retry->number < 100);
}

/* A percentile with up to four digits of its fraction, or whole milliseconds. */
static const char *retry_text(struct arena *arena, const struct retry *retry)
{
    if (!retry->is_percentile) {
        return arena_format(arena, "%.0fms",
                            retry->number < INT32_MAX ? (double)(int32_t)retry->number : INT32_MAX);
    }
    char *text = arena_format(arena, "%.4f", retry->number);
    size_t size = strlen(text);
    while (text[size - 1] == '0') {
        size--;
    }
    size -= text[size - 1] == '.' ? 1 : 0;
    return arena_format(arena, "%.*sp", (int)size, text);
}

static enum status retry_unknown(struct exec_call *call, struct bytes text)
{
    return exec_fail(call, CQL_CONFIG_ERROR, "Specified Speculative Retry Policy [%.*s] is not supported",
                     (int)text.size, (const char *)text.data);
}

/* "MIN(99p,50ms)", in either order; `copy` is the text behind the bracket, which this may change. */
static enum status retry_hybrid(struct exec_call *call, struct bytes text, char *copy, struct value *policy)
{
    struct retry first;
    struct retry second;
    char *comma = strchr(copy, ',');
    size_t size = strlen(copy);
    if (comma == NULL || copy[size - 1] != ')') {
        return retry_unknown(call, text);
    }
    copy[size - 1] = 0;
    char *left_end = comma;
    while (left_end > copy && left_end[-1] == ' ') {
        left_end--;
    }
    *left_end = 0;
    for (comma++; *comma == ' '; comma++) {
    }
    if (!retry_read(copy, &first) || !retry_read(comma, &second)) {
        return retry_unknown(call, text);
    }
    if (!retry_is_in_range(&first) || !retry_is_in_range(&second)) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Invalid value %.*s for option 'speculative_retry'",
                         (int)text.size, (const char *)text.data);
    }
    if (first.is_percentile == second.is_percentile) {
        return exec_fail(
            call, CQL_CONFIG_ERROR,
            "Invalid value %.*s for option 'speculative_retry': MIN()/MAX() arguments should be of "
            "different types, but both are of type %s",
            (int)text.size, (const char *)text.data, first.is_percentile ? "PERCENTILE" : "FIXED");
    }
    const struct retry *percentile = first.is_percentile ? &first : &second;
    const struct retry *fixed = first.is_percentile ? &second : &first;
    bool is_least = text.data[1] == 'i' || text.data[1] == 'I';
    *policy = value_of_text(
        bytes_of_text(arena_format(call->arena, "%s(%s,%s)", is_least ? "MIN" : "MAX",
                                   retry_text(call->arena, percentile), retry_text(call->arena, fixed))));
    return STATUS_OK;
}

enum status statement__retry_kept(struct exec_call *call, struct value *policy)
{
    struct bytes text = policy->bytes;
    struct retry retry;
    char copy[RETRY_TEXT_BYTES_MAX] = "";
    if (text.size > 0 && text.size < sizeof(copy)) {
        memcpy(copy, text.data, text.size);
    }
    if (strcasecmp(copy, "ALWAYS") == 0) {
        *policy = value_of_text(bytes_of_text("ALWAYS"));
        return STATUS_OK;
    }
    if (strcasecmp(copy, "NEVER") == 0 || strcasecmp(copy, "NONE") == 0) {
        *policy = value_of_text(bytes_of_text("NEVER"));
        return STATUS_OK;
    }
    if (strncasecmp(copy, "MIN(", 4) == 0 || strncasecmp(copy, "MAX(", 4) == 0) {
        return retry_hybrid(call, text, copy + 4, policy);
    }
    if (!retry_read(copy, &retry)) {
        return retry_unknown(call, text);
    }
    if (!retry_is_in_range(&retry)) {
        return exec_fail(
            call, CQL_CONFIG_ERROR,
            "Invalid value %.*s for PERCENTILE option 'speculative_retry': must be between (0.0 and "
            "100.0)",
            (int)text.size, (const char *)text.data);
    }
    *policy = value_of_text(bytes_of_text(retry_text(call->arena, &retry)));
    return STATUS_OK;
}
