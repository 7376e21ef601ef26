#include "options_check.h"

#include <stdlib.h>
#include <strings.h>

#include "options_kept.h"

/* --- values --------------------------------------------------------------------------------------------------------- */

bool statement__text_is_number(struct bytes text, bool has_fraction, double *ret_number)
{
    char copy[64];
    char *end = NULL;
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    *ret_number = has_fraction ? strtod(copy, &end) : (double)strtoll(copy, &end, 10);
    return *end == 0;
}

static bool text_is_any_of(struct bytes text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) == text.size && strncasecmp((const char *)text.data, words[i], text.size) == 0) {
            return true;
        }
    }
    return false;
}

enum status statement__option_boolean(struct exec_call *call, const char *name, const struct value *value,
                                      bool *ret_is_set)
{
    static const char *const positive[] = {"1", "true", "yes"};
    static const char *const negative[] = {"0", "false", "no"};
    struct bytes text = value->kind == VALUE_TEXT ? value->bytes : (struct bytes){0};
    *ret_is_set = text_is_any_of(text, positive, ARRAY_COUNT(positive));
    if (*ret_is_set || text_is_any_of(text, negative, ARRAY_COUNT(negative))) {
        return STATUS_OK;
    }
    return exec_fail(
        call, CQL_SYNTAX_ERROR,
        "Invalid boolean value %.*s for '%s'. Positive values can be '1', 'true' or 'yes'. Negative "
        "values can be '0', 'false' or 'no'.",
        (int)text.size, (const char *)text.data, name);
}

/* --- sub-options ---------------------------------------------------------------------------------------------------- */

enum sub_kind {
    SUB_TEXT,
    SUB_INTEGER,
    SUB_NUMBER,
    SUB_BOOLEAN,
    SUB_WINDOW_UNIT,
    SUB_TIME_UNIT,
};

struct sub_option {
    const char *name;
    enum sub_kind kind;
    bool is_positive; /* 0 is too small */
    char strategy;    /* of compaction: that alone has it; 0: all */
};

enum {
    LEVELED = 'L',
    TIME_WINDOW = 'T',
    DATE_TIERED = 'D',
};

static const struct sub_option compaction_options[] = {
    {"class", SUB_TEXT, false, 0},
    {"enabled", SUB_TEXT, false, 0},
    {"log_all", SUB_TEXT, false, 0},
    {"provide_overlapping_tombstones", SUB_TEXT, false, 0},
    {"min_threshold", SUB_INTEGER, false, 0},
    {"max_threshold", SUB_INTEGER, false, 0},
    {"tombstone_threshold", SUB_NUMBER, false, 0},
    {"tombstone_compaction_interval", SUB_INTEGER, true, 0},
    {"unchecked_tombstone_compaction", SUB_BOOLEAN, false, 0},
    {"only_purge_repaired_tombstones", SUB_BOOLEAN, false, 0},
    {"min_sstable_size", SUB_INTEGER, false, 0},
    {"bucket_low", SUB_NUMBER, false, 0},
    {"bucket_high", SUB_NUMBER, false, 0},
    {"sstable_size_in_mb", SUB_INTEGER, true, LEVELED},
    {"fanout_size", SUB_INTEGER, true, LEVELED},
    {"single_sstable_uplevel", SUB_BOOLEAN, false, LEVELED},
    {"compaction_window_unit", SUB_WINDOW_UNIT, false, TIME_WINDOW},
    {"compaction_window_size", SUB_INTEGER, true, TIME_WINDOW},
    {"timestamp_resolution", SUB_TIME_UNIT, false, TIME_WINDOW},
    {"expired_sstable_check_frequency_seconds", SUB_INTEGER, false, TIME_WINDOW},
    {"unsafe_aggressive_sstable_expiration", SUB_BOOLEAN, false, TIME_WINDOW},
    {"timestamp_resolution", SUB_TEXT, false, DATE_TIERED},
    {"expired_sstable_check_frequency_seconds", SUB_INTEGER, false, DATE_TIERED},
    {"max_sstable_age_days", SUB_NUMBER, false, DATE_TIERED},
    {"base_time_seconds", SUB_INTEGER, true, DATE_TIERED},
    {"max_window_size_seconds", SUB_INTEGER, false, DATE_TIERED},
};

/* A number that is too small, in the words of the strategy. */
static enum status sub_refuse(struct exec_call *call, const struct sub_option *option, struct bytes text)
{
    if (option->strategy == TIME_WINDOW && option->is_positive) {
        return exec_fail(call, CQL_CONFIG_ERROR, "%.*s must be greater than 1 for %s", (int)text.size,
                         (const char *)text.data, option->name);
    }
    return exec_fail(call, CQL_CONFIG_ERROR, "%s must %s, but was %.*s", option->name,
                     option->strategy == LEVELED       ? "be larger than 0"
                     : option->strategy == TIME_WINDOW ? "not be negative"
                                                       : "be greater than 0",
                     (int)text.size, (const char *)text.data);
}

static enum status sub_check_unit(struct exec_call *call, const struct sub_option *option, struct bytes text)
{
    static const char *const units[] = {"MINUTES",      "HOURS",        "DAYS",       "SECONDS",
                                        "MILLISECONDS", "MICROSECONDS", "NANOSECONDS"};
    bool is_window = option->kind == SUB_WINDOW_UNIT;
    return statement__class_is_known(text, is_window ? units : units + 3, is_window ? 3 : 4)
               ? STATUS_OK
               : exec_fail(call, CQL_CONFIG_ERROR, "%.*s is not valid for %s", (int)text.size,
                           (const char *)text.data, option->name);
}

static enum status sub_check(struct exec_call *call, const struct sub_option *option, struct bytes text)
{
    static const char *const booleans[] = {"true", "false"};
    double number = 0;
    if (option->kind == SUB_BOOLEAN && !text_is_any_of(text, booleans, ARRAY_COUNT(booleans))) {
        return exec_fail(call, CQL_CONFIG_ERROR, "'%s' should be either 'true' or 'false', not '%.*s'",
                         option->name, (int)text.size, (const char *)text.data);
    }
    if (option->kind == SUB_WINDOW_UNIT || option->kind == SUB_TIME_UNIT) {
        return sub_check_unit(call, option, text);
    }
    if (option->kind != SUB_INTEGER && option->kind != SUB_NUMBER) {
        return STATUS_OK;
    }
    if (!statement__text_is_number(text, option->kind == SUB_NUMBER, &number)) {
        return exec_fail(call, CQL_CONFIG_ERROR, "%.*s is not a parsable %s for %s", (int)text.size,
                         (const char *)text.data, option->kind == SUB_NUMBER ? "float" : "int (base10)",
                         option->name);
    }
    return number < 0 || (option->is_positive && number < 1) ? sub_refuse(call, option, text) : STATUS_OK;
}

/* A sub-option as a number; `missing` when it is not there. */
static double sub_number(const struct value *map, const char *name, double missing)
{
    double number = 0;
    return statement__text_is_number(value_map_text(map, name), true, &number) ? number : missing;
}

static const struct sub_option *compaction_find(struct bytes name, char strategy)
{
    for (size_t i = 0; i < ARRAY_COUNT(compaction_options); i++) {
        const struct sub_option *option = &compaction_options[i];
        if ((option->strategy == 0 || option->strategy == strategy) &&
            bytes_equal(name, bytes_of_text(option->name))) {
            return option;
        }
    }
    return NULL;
}

static enum status compaction_check_values(struct exec_call *call, const struct value *map,
                                           struct bytes class)
{
    for (size_t i = 0; i < map->pairs.count; i++) {
        struct bytes name = map->pairs.at[2 * i].bytes;
        const struct value *value = &map->pairs.at[2 * i + 1];
        const struct sub_option *option = compaction_find(name, (char)class.data[0]);
        if (option == NULL) {
            return exec_fail(call, CQL_CONFIG_ERROR, "Properties specified [%.*s] are not understood by %.*s",
                             (int)name.size, (const char *)name.data, (int)class.size,
                             (const char *)class.data);
        }
        enum status status =
            sub_check(call, option, value->kind == VALUE_TEXT ? value->bytes : (struct bytes){0});
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status compaction_check_thresholds(struct exec_call *call, const struct value *map)
{
    double least = sub_number(map, "min_threshold", 4);
    double most = sub_number(map, "max_threshold", 32);
    double low = sub_number(map, "bucket_low", 0.5);
    double high = sub_number(map, "bucket_high", 1.5);
    if (least <= 0 || most <= 0) {
        return exec_fail(
            call, CQL_CONFIG_ERROR,
            "Disabling compaction by setting compaction thresholds to 0 has been removed, set the "
            "compaction option 'enabled' to false instead.");
    }
    if (least <= 1) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Min compaction threshold cannot be less than 2 (got %.0f)",
                         least);
    }
    if (least > most) {
        return exec_fail(
            call, CQL_CONFIG_ERROR,
            "Min compaction threshold (got %.0f) cannot be greater than max compaction threshold "
            "(got %.0f)",
            least, most);
    }
    return high <= low
               ? exec_fail(call, CQL_CONFIG_ERROR,
                           "bucket_high value (%g) is less than or equal to the bucket_low value (%g)", high,
                           low)
               : STATUS_OK;
}

struct bytes statement__class_name(struct bytes class, const char *package)
{
    struct bytes prefix = bytes_of_text(package);
    return bytes_start_with(class, prefix) ? bytes_from(class, prefix.size) : class;
}

bool statement__class_is_known(struct bytes name, const char *const *known, size_t count)
{
    bool is_known = false;
    for (size_t i = 0; i < count && !is_known; i++) {
        is_known = bytes_equal(name, bytes_of_text(known[i]));
    }
    return is_known;
}

/* A class that Cassandra has: tools that read the schema back know no other. */
static enum status compaction_check(struct exec_call *call, const struct value *map)
{
    const char *package = statement__compaction_package;
    static const char *const known[] = {"SizeTieredCompactionStrategy", "LeveledCompactionStrategy",
                                        "TimeWindowCompactionStrategy", "DateTieredCompactionStrategy"};
    struct bytes class = value_map_text(map, "class");
    if (class.size == 0) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Missing sub-option 'class' for the 'compaction' option.");
    }
    class = statement__class_name(class, package);
    if (bytes_equal(class, bytes_of_text("UnifiedCompactionStrategy"))) {
        return STATUS_OK; /* a later version's, with options of its own */
    }
    if (statement__class_is_known(class, known, ARRAY_COUNT(known))) {
        enum status status = compaction_check_values(call, map, class);
        return status == STATUS_OK ? compaction_check_thresholds(call, map) : status;
    }
    return exec_fail(call, CQL_CONFIG_ERROR, "Unable to find compaction strategy class '%s%.*s'", package,
                     (int)class.size, (const char *)class.data);
}

/* --- compression ---------------------------------------------------------------------------------------------------- */

static enum status compression_check_class(struct exec_call *call, struct bytes class)
{
    const char *package = statement__compression_package;
    static const char *const known[] = {"LZ4Compressor", "SnappyCompressor", "DeflateCompressor",
                                        "ZstdCompressor", "NoopCompressor"};
    class = statement__class_name(class, package);
    return statement__class_is_known(class, known, ARRAY_COUNT(known))
               ? STATUS_OK
               : exec_fail(call, CQL_CONFIG_ERROR, "Could not create Compression for type %s%.*s", package,
                           (int)class.size, (const char *)class.data);
}

/* Under its name of today or of earlier versions; both are kept as one. */
static enum status compression_check_chunk(struct exec_call *call, const struct value *map)
{
    const struct value *text = value_map_get(map, bytes_of_text("chunk_length_in_kb"));
    const struct value *old = value_map_get(map, bytes_of_text("chunk_length_kb"));
    double number = 1;
    if (text != NULL && old != NULL) {
        return exec_fail(call, CQL_CONFIG_ERROR,
                         "The 'chunk_length_kb' option must not be used if the chunk length is already "
                         "specified by the 'chunk_length_in_kb' option");
    }
    text = text != NULL ? text : old;
    if (text == NULL) {
        return STATUS_OK;
    }
    if (!statement__text_is_number(text->bytes, false, &number) || number > INT32_MAX) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Invalid value for chunk_length_in_kb");
    }
    if (number > INT32_MAX / 1024) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Value of chunk_length_in_kb is too large (%.0f)", number);
    }
    if (number <= 0) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Invalid negative or null chunk_length_in_kb");
    }
    return ((int64_t)number & ((int64_t)number - 1)) != 0
               ? exec_fail(call, CQL_CONFIG_ERROR, "chunk_length_in_kb must be a power of 2")
               : STATUS_OK;
}

/* A chunk that does not shrink to a part of this is stored as it is; a ratio under 1 would let it grow. */
static enum status compression_check_ratio(struct exec_call *call, const struct value *map)
{
    struct bytes text = value_map_text(map, "min_compress_ratio");
    double ratio = 0;
    if (value_map_get(map, bytes_of_text("min_compress_ratio")) == NULL) {
        return STATUS_OK;
    }
    if (!statement__text_is_number(text, true, &ratio)) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Invalid value for min_compress_ratio");
    }
    if (ratio < 0) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Invalid negative min_compress_ratio");
    }
    return ratio > 0 && ratio < 1
               ? exec_fail(call, CQL_CONFIG_ERROR,
                           "min_compress_ratio can either be 0 or greater than or equal to 1")
               : STATUS_OK;
}

static enum status compression_check_names(struct exec_call *call, const struct value *map)
{
    static const char *const known[] = {"class",
                                        "sstable_compression",
                                        "enabled",
                                        "chunk_length_in_kb",
                                        "chunk_length_kb",
                                        "crc_check_chance",
                                        "min_compress_ratio",
                                        "max_compressed_length",
                                        "lz4_compressor_type",
                                        "lz4_high_compressor_level",
                                        "compression_level"};
    for (size_t i = 0; i < map->pairs.count; i++) {
        if (!text_is_any_of(map->pairs.at[2 * i].bytes, known, ARRAY_COUNT(known))) {
            return exec_fail(call, CQL_CONFIG_ERROR, "Unknown compression options [%.*s]",
                             (int)map->pairs.at[2 * i].bytes.size,
                             (const char *)map->pairs.at[2 * i].bytes.data);
        }
    }
    return STATUS_OK;
}

/* Without options, or without a name of a class where an old one was asked for, nothing is compressed. */
static enum status compression_check(struct exec_call *call, const struct value *map)
{
    struct bytes class = value_map_text(map, "class");
    const struct value *old = value_map_get(map, bytes_of_text("sstable_compression"));
    struct bytes enabled = value_map_text(map, "enabled");
    bool is_off = bytes_equal(enabled, bytes_of_text("false"));
    if (map->pairs.count == 0) {
        return STATUS_OK;
    }
    if (is_off && map->pairs.count > 1) {
        return exec_fail(call, CQL_CONFIG_ERROR,
                         "If the 'enabled' option is set to false no other options must be specified");
    }
    if (class.size > 0 && old != NULL) {
        return exec_fail(call, CQL_CONFIG_ERROR,
                         "The 'sstable_compression' option must not be used if the compression algorithm is "
                         "already specified by the 'class' option");
    }
    if (is_off || (old != NULL && old->bytes.size == 0)) {
        return STATUS_OK;
    }
    if (class.size == 0 && old == NULL) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Missing sub-option 'class' for the 'compression' option.");
    }
    enum status status = compression_check_class(call, class.size > 0 ? class : old->bytes);
    if (status == STATUS_OK) {
        status = compression_check_names(call, map);
    }
    if (status == STATUS_OK) {
        status = compression_check_chunk(call, map);
    }
    return status == STATUS_OK ? compression_check_ratio(call, map) : status;
}

/* --- the others ----------------------------------------------------------------------------------------------------- */

static enum status caching_check(struct exec_call *call, const struct value *map)
{
    static const char *const words[] = {"ALL", "NONE"};
    for (size_t i = 0; i < map->pairs.count; i++) {
        struct bytes name = map->pairs.at[2 * i].bytes;
        const struct value *value = &map->pairs.at[2 * i + 1];
        struct bytes text = value->kind == VALUE_TEXT ? value->bytes : (struct bytes){0};
        bool is_rows = bytes_equal(name, bytes_of_text("rows_per_partition"));
        bool is_word = text_is_any_of(text, words, ARRAY_COUNT(words));
        double number = 0;
        if (!is_rows && !bytes_equal(name, bytes_of_text("keys"))) {
            return exec_fail(call, CQL_CONFIG_ERROR,
                             "Invalid caching sub-options [%.*s]: only 'keys' and 'rows_per_partition' are "
                             "allowed",
                             (int)name.size, (const char *)name.data);
        }
        if (!is_rows && !is_word) {
            return exec_fail(
                call, CQL_CONFIG_ERROR,
                "Invalid value for caching sub-option 'keys': only 'ALL' and 'NONE' are allowed");
        }
        if (is_rows && !is_word && !(statement__text_is_number(text, false, &number) && number >= 0)) {
            return exec_fail(
                call, CQL_CONFIG_ERROR,
                "Invalid value for caching sub-option 'rows_per_partition': only 'ALL', 'NONE', and "
                "integer values are allowed");
        }
    }
    return STATUS_OK;
}

enum status statement__option_check_inside(struct exec_call *call, const char *name, struct value *value)
{
    static const char *const repairs[] = {"BLOCKING", "NONE"};
    enum status status = STATUS_OK;
    if (strcmp(name, "compaction") == 0) {
        status = compaction_check(call, value);
        *value = status == STATUS_OK ? statement__compaction_kept(call->arena, value) : *value;
        return status;
    }
    if (strcmp(name, "compression") == 0) {
        status = compression_check(call, value);
        *value = status == STATUS_OK ? statement__compression_kept(call->arena, value) : *value;
        return status;
    }
    if (strcmp(name, "caching") == 0) {
        status = caching_check(call, value);
        *value = status == STATUS_OK ? statement__caching_kept(call->arena, value) : *value;
        return status;
    }
    if (strcmp(name, "speculative_retry") == 0 || strcmp(name, "additional_write_policy") == 0) {
        return statement__retry_kept(call, value);
    }
    return strcmp(name, "read_repair") != 0 || text_is_any_of(value->bytes, repairs, ARRAY_COUNT(repairs))
               ? STATUS_OK
               : exec_fail(call, CQL_CONFIG_ERROR,
                           "Invalid value %.*s for '%s': only BLOCKING and NONE are allowed",
                           (int)value->bytes.size, (const char *)value->bytes.data, name);
}
