/* Query and Scan. */
#include "dynamodb_private.h"

#define INVALID "One or more parameter values were invalid: "

/* --- Query ------------------------------------------------------------------------------------------------------ */

/* NOLINTBEGIN(misc-no-recursion): EXPRESSION_OPERATORS_MAX bounds it */
static bool operand_names(const struct operand *operand, struct bytes name)
{
    return (operand->kind == OPERAND_PATH || operand->kind == OPERAND_SIZE) && operand->path.count > 0 &&
           bytes_equal(operand->path.elements[0].name, name);
}

static bool condition_names(const struct condition *condition, struct bytes name)
{
    for (size_t i = 0; i < condition->operands_count; i++) {
        if (operand_names(&condition->operands[i], name)) {
            return true;
        }
    }
    return (condition->left != NULL && condition_names(condition->left, name)) ||
           (condition->right != NULL && condition_names(condition->right, name));
}
/* NOLINTEND(misc-no-recursion) */

/* A filter of a query may not name the keys that the query goes by. */
static enum status query_check_filter(struct page *page)
{
    struct call *call = page->call;
    const struct schema *schema = page->schema;
    const struct index_schema *index = page->index;
    size_t partition = index == NULL ? schema->partition_count : index->partition_count;
    size_t count = partition + (index == NULL ? schema->clustering_count : index->clustering_count);
    for (size_t i = 0; i < count && page->expressions.filter != NULL; i++) {
        const struct key_column *column =
            i < partition
                ? (index == NULL ? &schema->partition[i] : &index->partition[i])
                : (index == NULL ? &schema->clustering[i - partition] : &index->clustering[i - partition]);
        if (condition_names(page->expressions.filter, column->name)) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             "%s can only contain non-primary key attributes: Primary key attribute: %.*s",
                             member_of(call->input, "FilterExpression") != NULL ? "Filter Expression"
                                                                                : "QueryFilter",
                             (int)column->name.size, (const char *)column->name.data);
        }
    }
    return STATUS_OK;
}

/* An attribute that a filter names and the index does not hold. */
struct missing_name {
    struct bytes name;
    struct missing_name *next;
};

/* NOLINTBEGIN(misc-no-recursion): EXPRESSION_OPERATORS_MAX bounds it */
/* Adds those that the condition names to the end of the list, each once. */
static void condition_gather_missing(const struct page *page, const struct condition *condition,
                                     struct missing_name **list)
{
    for (size_t i = 0; i < condition->operands_count; i++) {
        const struct path *path = &condition->operands[i].path;
        if (path->count == 0 || index_holds_attribute(page->schema, page->index, &page->index_properties,
                                                      path->elements[0].name)) {
            continue;
        }
        struct missing_name **at = list;
        while (*at != NULL && !bytes_equal((*at)->name, path->elements[0].name)) {
            at = &(*at)->next;
        }
        if (*at == NULL) {
            *at = arena_create(page->call->arena, sizeof(**at));
            **at = (struct missing_name){.name = path->elements[0].name};
        }
    }
    if (condition->left != NULL) {
        condition_gather_missing(page, condition->left, list);
    }
    if (condition->right != NULL) {
        condition_gather_missing(page, condition->right, list);
    }
}
/* NOLINTEND(misc-no-recursion) */

enum status page_check_filtered(struct page *page)
{
    struct missing_name *missing = NULL;
    struct buffer names = {0};
    if (page->index == NULL || page->is_all_projected || page->expressions.filter == NULL) {
        return STATUS_OK;
    }
    condition_gather_missing(page, page->expressions.filter, &missing);
    for (const struct missing_name *at = missing; at != NULL; at = at->next) {
        buffer_put_text(&names, at == missing ? "" : ", ");
        buffer_put(&names, at->name);
    }
    enum status status =
        missing == NULL
            ? STATUS_OK
            : call_fail(page->call, AWS_FAILURE_VALIDATION,
                        INVALID "Secondary index %.*s does not project one or more filter attributes: [%.*s]",
                        (int)page->index->name.size, (const char *)page->index->name.data, (int)names.size,
                        (const char *)names.data);
    buffer_reset(&names);
    return status;
}

enum status page_check_key_terms(struct call *call, const struct key_term *terms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct key_term *term = &terms[i];
        for (size_t k = 0; k < (term->test == EXPRESSION_BETWEEN ? 2 : 1); k++) {
            const struct value *value = term->values[k];
            bool is_bytes = value->kind == VALUE_TEXT || value->kind == VALUE_BYTES;
            if (is_bytes && value->bytes.size == 0) {
                return call_fail(call, AWS_FAILURE_VALIDATION,
                                 "One or more parameter values are not valid. The AttributeValue for a key "
                                 "attribute cannot contain an empty %s value. Key: %.*s",
                                 value->kind == VALUE_TEXT ? "string" : "binary", (int)term->name.size,
                                 (const char *)term->name.data);
            }
        }
    }
    return STATUS_OK;
}

static enum status query_check_keys(struct page *page)
{
    struct call *call = page->call;
    if (!page->expressions.has_key_condition) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Either the KeyConditions or KeyConditionExpression parameter must be specified in "
                         "the request.");
    }
    return page_check_key_terms(call, page->expressions.key_terms, page->expressions.key_terms_count);
}

static bool query_has_term(const struct page *page, struct bytes name)
{
    for (size_t i = 0; i < page->expressions.key_terms_count; i++) {
        if (bytes_equal(page->expressions.key_terms[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* With more conditions than partition keys, the sort key must be among them. */
static enum status query_check_sort_key(struct page *page)
{
    const struct schema *schema = page->schema;
    const struct index_schema *index = page->index;
    size_t partition = index == NULL ? schema->partition_count : index->partition_count;
    size_t clustering = index == NULL ? schema->clustering_count : index->clustering_count;
    bool is_complete = page->expressions.key_terms_count <= partition || clustering == 0;
    if (partition == 1 && clustering <= 1 && page->expressions.key_terms_count > 2) {
        return call_fail(page->call, AWS_FAILURE_VALIDATION, "Conditions can be of length 1 or 2 only");
    }
    for (size_t i = 0; i <= partition && !is_complete; i++) {
        const struct key_column *column =
            i < partition ? (index == NULL ? &schema->partition[i] : &index->partition[i])
                          : (index == NULL ? &schema->clustering[0] : &index->clustering[0]);
        if (!query_has_term(page, column->name)) {
            return call_fail(page->call, AWS_FAILURE_VALIDATION,
                             "Query condition missed key schema element: %.*s", (int)column->name.size,
                             (const char *)column->name.data);
        }
    }
    return STATUS_OK;
}

static struct page *page_create(struct call *call)
{
    struct page *page = arena_create(call->arena, sizeof(*page));
    *page = (struct page){.call = call};
    return page;
}

enum status pages_query(struct call *call)
{
    const unsigned kinds = EXPRESSION_KIND_PROJECTION | EXPRESSION_KIND_FILTER | EXPRESSION_KIND_KEY;
    struct page *page = page_create(call);
    const struct value *start = NULL;
    const struct value *forward = member_of(call->input, "ScanIndexForward");
    enum status status = expressions_prepare(call, call->input, kinds, &page->expressions);
    if (status == STATUS_OK) {
        status = page_read_start(call, &start);
    }
    if (status == STATUS_OK) {
        status = page_check_select(page);
    }
    if (status == STATUS_OK) {
        status = expressions_parse(call, call->input, kinds, &page->expressions);
    }
    if (status == STATUS_OK) {
        status = query_check_keys(page);
    }
    if (status == STATUS_OK) {
        status = call_table(call, call_table_name(call, call->input), &page->schema);
    }
    if (status == STATUS_OK) {
        status = page_index(page, text_of(call->input, "IndexName"));
    }
    if (status == STATUS_OK) {
        status = query_check_sort_key(page);
    }
    if (status == STATUS_OK) {
        status = query_check_filter(page);
    }
    if (status == STATUS_OK) {
        status = page_check_projected(page);
    }
    if (status == STATUS_OK) {
        status = page_check_filtered(page);
    }
    if (status == STATUS_OK) {
        status = page_start(page, start, true);
    }
    page->query.key_terms = page->expressions.key_terms;
    page->query.key_terms_count = page->expressions.key_terms_count;
    if (status == STATUS_OK) {
        page->query.is_reverse = wide_is_reverse(page->schema, forward != NULL && !forward->boolean);
    }
    return status == STATUS_OK ? page_run(page) : status;
}

/* --- Scan ------------------------------------------------------------------------------------------------------- */

static enum status scan_check_segments(struct call *call, struct gate_query *query)
{
    const struct value *segment = member_of(call->input, "Segment");
    const struct value *segments = member_of(call->input, "TotalSegments");
    int64_t which = integer_of(call->input, "Segment", 0);
    int64_t count = integer_of(call->input, "TotalSegments", 0);
    if (segment != NULL && segments == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "The TotalSegments parameter is required but was not present in the request when "
                         "Segment parameter is present");
    }
    if (segments != NULL && segment == NULL) {
        return call_fail(
            call, AWS_FAILURE_VALIDATION,
            "The Segment parameter is required but was not present in the request when parameter "
            "TotalSegments is present");
    }
    if (segment != NULL && which >= count) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                         "Segment: %lld is not less than TotalSegments: %lld",
                         (long long)which, (long long)count);
    }
    query->segment = (uint32_t)which;
    query->segments = (uint32_t)count;
    return STATUS_OK;
}

enum status pages_scan(struct call *call)
{
    const unsigned kinds = EXPRESSION_KIND_PROJECTION | EXPRESSION_KIND_FILTER;
    struct page *page = page_create(call);
    const struct value *start = NULL;
    enum status status = expressions_prepare(call, call->input, kinds, &page->expressions);
    if (status == STATUS_OK) {
        status = page_check_select(page);
    }
    if (status == STATUS_OK) {
        status = scan_check_segments(call, &page->query);
    }
    if (status == STATUS_OK) {
        status = page_read_start(call, &start);
    }
    if (status == STATUS_OK) {
        status = expressions_parse(call, call->input, kinds, &page->expressions);
    }
    if (status == STATUS_OK) {
        status = call_table(call, call_table_name(call, call->input), &page->schema);
    }
    if (status == STATUS_OK) {
        status = page_index(page, text_of(call->input, "IndexName"));
    }
    if (status == STATUS_OK) {
        status = page_check_projected(page);
    }
    if (status == STATUS_OK) {
        status = page_start(page, start, false);
    }
    return status == STATUS_OK ? page_run(page) : status;
}
