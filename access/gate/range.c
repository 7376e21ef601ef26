/* Key conditions as ranges of storage keys. */
#include "gate_private.h"
#include "read/read.h"
#include "row/key.h"
#include "value/collation.h"

void gate__range_reset(struct gate_range *range)
{
    buffer_reset(&range->low);
    buffer_reset(&range->high);
}

static const struct key_term *range_term(const struct gate_query *query, struct bytes name)
{
    for (size_t i = 0; i < query->key_terms_count; i++) {
        if (bytes_equal(query->key_terms[i].name, name)) {
            return &query->key_terms[i];
        }
    }
    return NULL;
}

static enum status range_value(const struct key_column *column, const struct value *value,
                               struct arena *arena, struct value *ret_value, struct error *error)
{
    *ret_value = type_coerce(&column->type, value, arena);
    if (type_check(&column->type, ret_value, NULL) != STATUS_OK) {
        (void)error_set(error, STATUS_INVALID,
                        "One or more parameter values were invalid: Condition parameter type does not match "
                        "schema type");
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

/* Everything before the sort key: *low ends where the rows of the partition begin. */
static enum status range_partition(const struct schema *schema, const struct gate_query *query,
                                   struct arena *arena, struct buffer *low, struct error *error)
{
    struct value values[PARTITION_COLUMNS_MAX];
    uint8_t space[GATE_KEY_SPACE];
    struct buffer key = buffer_over(space, sizeof(space));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < schema->partition_count && status == STATUS_OK; i++) {
        const struct key_column *column = &schema->partition[i];
        const struct key_term *term = range_term(query, column->name);
        if (term == NULL) {
            return error_set(error, STATUS_INVALID, "Query condition missed key schema element: %.*s",
                             (int)column->name.size, (const char *)column->name.data);
        }
        if (term->test != EXPRESSION_EQUAL) {
            return error_set(error, STATUS_INVALID, "Query key condition not supported");
        }
        status = range_value(column, term->values[0], arena, &values[i], error);
    }
    if (status == STATUS_OK) {
        status = key_encode(schema, ROW_PLAIN, values, NULL, 0, &key, error);
    }
    if (status == STATUS_OK) {
        key_storage_partition(schema->space, key_partition(buffer_bytes(&key)), low);
        buffer_put_u8(low, ROW_PLAIN);
    }
    buffer_reset(&key);
    return status;
}

static void range_end(struct buffer *high)
{
    CHECK(read_prefix_end(high)); /* a space is never all ones */
}

/* Which rows, in the order of storage, a comparison with `bound` (prefix included) leaves. */
static void range_compare(enum expression_test test, bool is_descending, struct bytes bound,
                          struct gate_range *range)
{
    bool is_less = test == EXPRESSION_LESS || test == EXPRESSION_LESS_EQUAL;
    bool is_inclusive = test == EXPRESSION_LESS_EQUAL || test == EXPRESSION_GREATER_EQUAL;
    bool cuts_high = is_less != is_descending;
    struct buffer *cut = cuts_high ? &range->high : &range->low;
    buffer_clear(cut);
    buffer_put(cut, bound);
    if (cuts_high == is_inclusive) {
        range_end(cut); /* after everything that begins with the bound */
    }
}

/* Limits the range, which holds all rows with one prefix, by a term on the next column. */
static enum status range_limit(const struct key_column *column, const struct key_term *term,
                               struct arena *arena, struct gate_range *range, struct error *error)
{
    uint8_t spaces[2][GATE_KEY_SPACE];
    struct buffer bounds[2] = {buffer_over(spaces[0], GATE_KEY_SPACE),
                               buffer_over(spaces[1], GATE_KEY_SPACE)};
    enum status status = STATUS_OK;
    bool is_between = term->test == EXPRESSION_BETWEEN;
    bool is_prefix = term->test == EXPRESSION_BEGINS_WITH;
    for (size_t i = 0; i < (is_between ? 2 : 1) && status == STATUS_OK; i++) {
        struct value value;
        buffer_put(&bounds[i], buffer_bytes(&range->low));
        status = range_value(column, term->values[i], arena, &value, error);
        if (status == STATUS_OK) {
            status = collation_encode(&column->type, &value, column->is_descending, &bounds[i], error);
        }
    }
    if (status == STATUS_OK && is_prefix && column->type.kind != TYPE_TEXT &&
        column->type.kind != TYPE_ASCII && column->type.kind != TYPE_BLOB) {
        status = error_set(error, STATUS_INVALID,
                           "Invalid KeyConditionExpression: Incorrect operand type for operator or function; "
                           "operator or function: begins_with, operand type: N");
    }
    if (status == STATUS_OK && is_between) {
        range_compare(EXPRESSION_GREATER_EQUAL, column->is_descending, buffer_bytes(&bounds[0]), range);
        range_compare(EXPRESSION_LESS_EQUAL, column->is_descending, buffer_bytes(&bounds[1]), range);
    } else if (status == STATUS_OK && is_prefix) {
        bounds[0].size -= 2; /* without the end mark of texts and blobs */
        buffer_clear(&range->low);
        buffer_clear(&range->high);
        buffer_put(&range->low, buffer_bytes(&bounds[0]));
        buffer_put(&range->high, buffer_bytes(&bounds[0]));
        range_end(&range->high);
    } else if (status == STATUS_OK) {
        range_compare(term->test, column->is_descending, buffer_bytes(&bounds[0]), range);
    }
    buffer_reset(&bounds[0]);
    buffer_reset(&bounds[1]);
    return status;
}

static enum status range_sort(const struct schema *schema, const struct gate_query *query,
                              struct arena *arena, struct gate_range *range, struct error *error)
{
    size_t used = schema->partition_count;
    size_t i = 0;
    const struct key_term *term = NULL;
    enum status status = STATUS_OK;
    for (; i < schema->clustering_count && status == STATUS_OK; i++) { /* equalities lengthen the prefix */
        const struct key_column *column = &schema->clustering[i];
        struct value value;
        term = range_term(query, column->name);
        if (term == NULL || term->test != EXPRESSION_EQUAL) {
            break;
        }
        status = range_value(column, term->values[0], arena, &value, error);
        if (status == STATUS_OK) {
            status = collation_encode(&column->type, &value, column->is_descending, &range->low, error);
        }
        used++;
        term = NULL;
    }
    buffer_put(&range->high, buffer_bytes(&range->low));
    range_end(&range->high);
    if (status == STATUS_OK && term != NULL) {
        used++;
        status = range_limit(&schema->clustering[i], term, arena, range, error);
    }
    if (status == STATUS_OK && used != query->key_terms_count) {
        status = error_set(error, STATUS_INVALID, "Query key condition not supported");
    }
    return status;
}

/* One of the equal parts into which a parallel scan cuts the tokens. */
static enum status range_segment(const struct schema *schema, const struct gate_query *query,
                                 struct gate_range *range, struct error *error)
{
    uint32_t segments = query->segments == 0 ? 1 : query->segments;
    if (query->segment >= segments) {
        return error_set(error, STATUS_INVALID, "segment %u of %u: they are counted from 0", query->segment,
                         query->segments);
    }
    unsigned __int128 whole = (unsigned __int128)1 << 64;
    buffer_put_u32(&range->low, schema->space);
    buffer_put_u64(&range->low, (uint64_t)(whole * query->segment / segments));
    if (query->segment + 1 == segments) {
        buffer_put_u32(&range->high, schema->space);
        range_end(&range->high);
    } else {
        buffer_put_u32(&range->high, schema->space);
        buffer_put_u64(&range->high, (uint64_t)(whole * (query->segment + 1) / segments));
    }
    return STATUS_OK;
}

/* Goes on after the last row of the page before. */
static enum status range_continue(const struct gate_query *query, struct gate_range *range,
                                  struct error *error)
{
    struct bytes next = query->next;
    if (next.size == 0) {
        return STATUS_OK;
    }
    if (bytes_compare(next, buffer_bytes(&range->low)) < 0 ||
        bytes_compare(next, buffer_bytes(&range->high)) >= 0) {
        return error_set(
            error, STATUS_INVALID,
            "The provided starting key is outside query boundaries based on provided conditions");
    }
    struct buffer *bound = query->is_reverse ? &range->high : &range->low;
    buffer_clear(bound);
    buffer_put(bound, next);
    if (!query->is_reverse) {
        buffer_put_u8(bound, 0);
    }
    return STATUS_OK;
}

/* --- slices of wide tables ---------------------------------------------------------------------------------------- */

enum status gate__slice_key(const struct schema *schema, const struct gate_slice *slice,
                            struct buffer *ret_key, struct error *error)
{
    return slice->is_static ? key_encode(schema, ROW_STATIC, slice->partition, NULL, 0, ret_key, error)
                            : key_encode(schema, ROW_PLAIN, slice->partition, slice->low.values,
                                         schema->clustering_count, ret_key, error);
}

/* The clustering bytes of a bound; false: it is the end, with nothing after it. */
static enum status slice_bound(const struct schema *schema, const struct gate_bound *bound,
                               struct buffer *ret_bytes, bool *ret_is_end, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < bound->count && status == STATUS_OK; i++) {
        const struct key_column *column = &schema->clustering[i];
        status = type_check(&column->type, &bound->values[i], error);
        if (status == STATUS_OK) {
            status =
                collation_encode(&column->type, &bound->values[i], column->is_descending, ret_bytes, error);
        }
    }
    *ret_is_end = bound->is_after && !read_prefix_end(ret_bytes);
    return status;
}

enum status gate__slice_range(const struct schema *schema, const struct gate_slice *slice,
                              struct arena *arena, struct wide_range *ret_range, struct error *error)
{
    uint8_t spaces[2][GATE_KEY_SPACE];
    struct buffer low = buffer_over(spaces[0], GATE_KEY_SPACE);
    struct buffer high = buffer_over(spaces[1], GATE_KEY_SPACE);
    bool is_empty = false;
    bool is_end = false;
    enum status status = slice_bound(schema, &slice->low, &low, &is_empty, error);
    if (status == STATUS_OK) {
        status = slice_bound(schema, &slice->high, &high, &is_end, error);
    }
    *ret_range = (struct wide_range){.low = arena_copy(arena, buffer_bytes(&low)),
                                     .high = arena_copy(arena, buffer_bytes(&high)),
                                     .has_high = !is_end,
                                     .deletion = WIDE_NO_DELETION};
    if (is_empty) { /* after the last place there is: an empty range */
        ret_range->high = ret_range->low;
        ret_range->has_high = true;
    }
    buffer_reset(&low);
    buffer_reset(&high);
    return status;
}

static enum status range_tokens(const struct schema *schema, const struct gate_slice *slice,
                                struct gate_range *range)
{
    uint64_t sign = 1ULL << 63;
    uint64_t after = ((uint64_t)slice->token_high ^ sign) + 1;
    buffer_put_u32(&range->low, schema->space);
    buffer_put_u64(&range->low, (uint64_t)slice->token_low ^ sign);
    buffer_put_u32(&range->high, schema->space);
    if (after == 0) {
        range_end(&range->high);
    } else {
        buffer_put_u64(&range->high, after);
    }
    return STATUS_OK;
}

static enum status range_slice(const struct schema *schema, const struct gate_query *query,
                               struct arena *arena, struct gate_range *range, struct error *error)
{
    const struct gate_slice *slice = query->slice;
    uint8_t space[GATE_KEY_SPACE];
    struct buffer key = buffer_over(space, sizeof(space));
    struct wide_range rows = {0};
    if (slice->partition == NULL) {
        return range_tokens(schema, slice, range);
    }
    enum status status = key_encode(schema, ROW_PLAIN, slice->partition, NULL, 0, &key, error);
    if (status == STATUS_OK && slice->has_bounds) {
        status = gate__slice_range(schema, slice, arena, &rows, error);
    }
    if (status == STATUS_OK) {
        key_storage_partition(schema->space, key_partition(buffer_bytes(&key)), &range->low);
        buffer_put(&range->high, buffer_bytes(&range->low));
        buffer_put_u8(&range->low, slice->has_bounds ? ROW_PLAIN : ROW_STATIC);
        buffer_put(&range->low, rows.low);
        buffer_put_u8(&range->high, ROW_PLAIN);
        buffer_put(&range->high, rows.high);
        if (!slice->has_bounds || !rows.has_high) {
            range_end(&range->high);
        }
    }
    buffer_reset(&key);
    return status;
}

enum status gate__range(const struct schema *schema, const struct gate_query *query,
                        struct gate_range *ret_range, struct error *error)
{
    struct arena arena = {0};
    enum status status = STATUS_OK;
    if (query->slice != NULL) {
        status = range_slice(schema, query, &arena, ret_range, error);
    } else if (query->key_terms_count == 0) {
        status = range_segment(schema, query, ret_range, error);
    } else {
        status = range_partition(schema, query, &arena, &ret_range->low, error);
        if (status == STATUS_OK) {
            status = range_sort(schema, query, &arena, ret_range, error);
        }
    }
    if (status == STATUS_OK) {
        status = range_continue(query, ret_range, error);
    }
    if (status != STATUS_OK) {
        gate__range_reset(ret_range);
    }
    arena_reset(&arena);
    return status;
}
