/* A page of Query or Scan, of a table or an index: what is asked of it, where it begins, its rows and its answer. */
#include "dynamodb_private.h"

#define INVALID "One or more parameter values were invalid: "

/* --- projections of indexes ------------------------------------------------------------------------------------- */

static bool index_projects_all(const struct value *properties)
{
    const struct value *projection = member_of(properties, "Projection");
    return projection == NULL || text_is(text_of(projection, "ProjectionType"), "ALL");
}

static bool is_key_of(const struct key_column *columns, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(columns[i].name, name)) {
            return true;
        }
    }
    return false;
}

bool index_holds_attribute(const struct schema *schema, const struct index_schema *index,
                           const struct value *properties, struct bytes name)
{
    const struct value *projection = member_of(properties, "Projection");
    const struct value *names = member_of(projection, "NonKeyAttributes");
    if (index_projects_all(properties) || schema_is_key(schema, name) ||
        is_key_of(index->partition, index->partition_count, name) ||
        is_key_of(index->clustering, index->clustering_count, name)) {
        return true;
    }
    for (size_t i = 0; names != NULL && i < names->items.count; i++) {
        if (bytes_equal(names->items.at[i].bytes, name)) {
            return true;
        }
    }
    return false;
}

struct value index_projected(const struct schema *schema, const struct index_schema *index,
                             const struct value *properties, const struct value *item, struct arena *arena)
{
    struct value part = {.kind = VALUE_MAP};
    part.pairs.at = arena_create_array(arena, 2 * item->pairs.count, sizeof(struct value));
    for (size_t i = 0; i < item->pairs.count; i++) {
        if (index_holds_attribute(schema, index, properties, item->pairs.at[2 * i].bytes)) {
            part.pairs.at[2 * part.pairs.count] = item->pairs.at[2 * i];
            part.pairs.at[2 * part.pairs.count + 1] = item->pairs.at[2 * i + 1];
            part.pairs.count++;
        }
    }
    return part;
}

/* --- what a request wants --------------------------------------------------------------------------------------- */

enum status page_index(struct page *page, struct bytes name)
{
    struct call *call = page->call;
    if (name.size == 0) {
        return STATUS_OK;
    }
    page->index = schema_index(page->schema, name);
    if (page->index == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "The table does not have the specified index: %.*s",
                         (int)name.size, (const char *)name.data);
    }
    page->index_properties = properties_decode(page->index->properties, call->arena);
    page->is_all_projected = index_projects_all(&page->index_properties);
    bool is_local = boolean_of(&page->index_properties, "IsLocal");
    if (!is_local && boolean_of(call->input, "ConsistentRead")) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         member_of(call->input, "Statement") != NULL
                             ? "Strongly consistent read is not supported on Global Secondary Indexes"
                             : "Consistent reads are not supported on global secondary indexes");
    }
    if (page->index->state != INDEX_ACTIVE) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Cannot read from backfilling global secondary index: %.*s", (int)name.size,
                         (const char *)name.data);
    }
    return STATUS_OK;
}

enum status page_check_select(struct page *page)
{
    struct call *call = page->call;
    const struct value *input = call->input;
    struct bytes select = text_of(input, "Select");
    bool has_projection =
        member_of(input, "ProjectionExpression") != NULL || member_of(input, "AttributesToGet") != NULL;
    const char *parameter =
        member_of(input, "ProjectionExpression") != NULL ? "ProjectionExpression" : "AttributesToGet";
    page->is_count = text_is(select, "COUNT");
    if (select.size > 0 && has_projection && !text_is(select, "SPECIFIC_ATTRIBUTES")) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Cannot specify the %s when choosing to get %s",
                         parameter,
                         text_is(select, "COUNT")            ? "only the Count"
                         : text_is(select, "ALL_ATTRIBUTES") ? "ALL_ATTRIBUTES"
                                                             : "ALL_PROJECTED_ATTRIBUTES");
    }
    if (text_is(select, "SPECIFIC_ATTRIBUTES") && !has_projection) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
                         "SPECIFIC_ATTRIBUTES");
    }
    if (text_is(select, "ALL_PROJECTED_ATTRIBUTES") && text_of(input, "IndexName").size == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
    }
    return STATUS_OK;
}

enum status page_check_projected(struct page *page)
{
    struct call *call = page->call;
    const struct projection *projection = page->expressions.projection;
    bool wants_all = text_is(text_of(call->input, "Select"), "ALL_ATTRIBUTES");
    if (page->index == NULL || page->is_all_projected) {
        return STATUS_OK;
    }
    bool is_local = boolean_of(&page->index_properties, "IsLocal");
    page->is_fetching = wants_all;
    if (wants_all && !is_local) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         INVALID
                         "Select type ALL_ATTRIBUTES is not supported for global secondary index %.*s "
                         "because its projection type is not ALL",
                         (int)page->index->name.size, (const char *)page->index->name.data);
    }
    struct buffer missing = {0};
    for (size_t i = 0; projection != NULL && i < projection->count; i++) {
        struct bytes name = projection->paths[i].elements[0].name;
        if (!index_holds_attribute(page->schema, page->index, &page->index_properties, name)) {
            buffer_put_text(&missing, missing.size > 0 ? ", " : "");
            buffer_put(&missing, name);
        }
    }
    enum status status = STATUS_OK;
    if (missing.size > 0 && !is_local) {
        status = call_fail(call, AWS_FAILURE_VALIDATION,
                           INVALID "Global secondary index %.*s does not project [%.*s]",
                           (int)page->index->name.size, (const char *)page->index->name.data,
                           (int)missing.size, (const char *)missing.data);
    }
    page->is_fetching = page->is_fetching || missing.size > 0;
    buffer_reset(&missing);
    return status;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

bool page_filters_entries(const struct page *page)
{
    return page->expressions.filter != NULL && page->index != NULL && !page->is_all_projected &&
           !boolean_of(&page->index_properties, "IsLocal");
}

static void page_visit(void *context, const struct gate_row *row)
{
    struct page *page = context;
    struct arena arena = {0};
    struct value item;
    bool is_filtered = page_filters_entries(page);
    if (page->is_count && !is_filtered) {
        page->count++;
        return;
    }
    item = row->item != NULL ? *row->item : item_of_image(row->image, &arena);
    if (page->index != NULL && !page->is_all_projected && !page->is_fetching) {
        item = index_projected(page->schema, page->index, &page->index_properties, &item, &arena);
    }
    bool holds =
        !is_filtered || condition_holds(page->expressions.filter, &(struct condition_facts){.item = &item});
    page->count += holds ? 1U : 0U;
    if (!holds || page->is_count) {
        arena_reset(&arena);
        return;
    }
    if (page->expressions.projection != NULL) {
        item = projection_apply(page->expressions.projection, &item, &arena);
    }
    json_item(&page->items);
    attributes_put(&page->items, &item);
    arena_reset(&arena);
}

size_t page_measure(void *context, const struct value *item)
{
    struct page *page = context;
    struct arena arena = {0};
    size_t bytes = 0;
    if (page->index != NULL && !page->is_all_projected) {
        struct value part = index_projected(page->schema, page->index, &page->index_properties, item, &arena);
        bytes = document_bytes(&part);
    } else {
        bytes = document_bytes(item);
    }
    if (page->is_fetching) {
        page->fetched_units += (size_t)capacity_read_units(document_bytes(item), true);
    }
    arena_reset(&arena);
    return bytes;
}

void page_put_last_key(struct page *page, struct bytes image, struct buffer *body)
{
    struct call *call = page->call;
    struct value item = item_of_image(image, call->arena);
    struct value key = key_of_item(page->schema, &item, call->arena);
    for (size_t i = 0;
         page->index != NULL && i < page->index->partition_count + page->index->clustering_count; i++) {
        const struct key_column *column = index_key_column(page->index, i);
        map_set_member(&key, arena_copy_text(call->arena, column->name), value_map_get(&item, column->name),
                       call->arena);
    }
    json_name(body, "LastEvaluatedKey");
    attributes_put(body, &key);
}

void page_put_capacity(struct page *page, size_t bytes, struct buffer *body)
{
    struct call *call = page->call;
    bool is_consistent = boolean_of(call->input, "ConsistentRead");
    struct bytes asked = text_of(call->input, "TableName"); /* a PartiQL statement has none */
    struct capacity capacity = {.table = asked.size > 0 ? asked : page->schema->name, .schema = page->schema};
    double units = capacity_read_units(bytes, is_consistent);
    if (!capacity_is_wanted(call)) {
        return;
    }
    if (page->index == NULL) {
        capacity.table_units = units;
    } else {
        capacity.index_units = arena_create_array(call->arena, page->schema->indexes_count, sizeof(double));
        capacity.index_units[page->index - page->schema->indexes] = units;
        capacity.table_units = (double)page->fetched_units * (is_consistent ? 1 : 0.5);
    }
    capacity_put_one(call, &capacity, body);
}

/* Looks at rows from where the query begins. Thread: the view's. */
static void page_read(struct call *call, struct gate_view *view)
{
    struct page *page = call->state;
    page->count = 0;
    page->fetched_units = 0;
    page->found = (struct gate_page){0};
    buffer_clear(&page->items);
    buffer_put_u8(&page->items, '[');
    page->status =
        gate_query(view, &page->query, call->arena, page_visit, page, &page->found, NULL, &page->error);
    buffer_put_u8(&page->items, ']');
}

/* Sends what was read, and ends the call with its page; or the failure is the call's. */
static enum status page_answer(struct page *page)
{
    struct call *call = page->call;
    struct buffer body = {0};
    if (page->status == STATUS_INVALID && page->query.segments > 0 && page->query.next.size > 0) {
        buffer_reset(&page->items);
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
                         "ExclusiveStartKey with correct Segment. TotalSegments: %u Segment: %u",
                         page->query.segments, page->query.segment);
    }
    if (page->status != STATUS_OK) {
        buffer_reset(&page->items);
        return call_fail_error(call, page->status, page->error.text);
    }
    json_open(&body, '{');
    json_integer(&body, "Count", (int64_t)page->count);
    json_integer(&body, "ScannedCount", (int64_t)page->found.scanned);
    if (!page->is_count) {
        json_name(&body, "Items");
        buffer_put(&body, buffer_bytes(&page->items));
    }
    if (page->found.next.size > 0) {
        page_put_last_key(page, page->found.last_image, &body);
    }
    page_put_capacity(page, page->found.scanned_bytes, &body);
    json_close(&body, '}');
    buffer_reset(&page->items);
    call_reply(call, &body);
    return STATUS_OK;
}

static void page_finish(struct call *call)
{
    if (page_answer(call->state) != STATUS_OK) {
        call_reply_failure(call);
    }
}

enum status page_run(struct page *page)
{
    struct call *call = page->call;
    struct gate_query *query = &page->query;
    size_t limit = (size_t)integer_of(call->input, "Limit", 0);
    call->state = page;
    query->table = page->schema->name;
    query->index = page->index == NULL ? (struct bytes){0} : page->index->name;
    query->filter = page_filters_entries(page) ? NULL : page->expressions.filter;
    query->measure = page_measure;
    enum status status = throttle_check(call, page->schema, page->index, false);
    if (status == STATUS_OK) {
        status = call_as_of(call, &query->as_of);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool is_short = query->as_of == 0;
    if (is_short) {
        query->rows_max = limit > 0 && limit < DYNAMODB_INLINE_ROWS ? limit : DYNAMODB_INLINE_ROWS;
        query->passed_max = DYNAMODB_INLINE_ROWS;
        query->bytes_max = DYNAMODB_INLINE_BYTES;
        page_read(call, call->door->view);
        is_short = page->status != STATUS_OK || page->found.next.size == 0 ||
                   (limit > 0 && page->found.scanned == limit);
    }
    query->rows_max = limit;
    query->passed_max = 0;
    query->bytes_max = DYNAMODB_PAGE_BYTES_MAX;
    if (is_short) {
        return page_answer(page);
    }
    status = call_read_later(call, page_read, page_finish);
    if (status != STATUS_OK) {
        buffer_reset(&page->items);
    }
    return status;
}

/* --- where a page begins ---------------------------------------------------------------------------------------- */

/* Whether the start key has the key attributes of table and index, and no others. */
static enum status start_check(struct page *page, const struct value *key, bool is_query)
{
    struct call *call = page->call;
    size_t index_keys =
        page->index == NULL ? 0 : page->index->partition_count + page->index->clustering_count;
    size_t wanted = schema_key_count(page->schema);
    bool is_sound = true;
    for (size_t i = 0; i < schema_key_count(page->schema) + index_keys; i++) {
        bool is_tables = i < schema_key_count(page->schema);
        size_t k = is_tables ? i : i - schema_key_count(page->schema);
        const struct key_column *column =
            is_tables ? schema_key_column(page->schema, i) : index_key_column(page->index, k);
        const struct value *value = value_map_get(key, column->name);
        bool is_new = !is_tables && !schema_is_key(page->schema, column->name);
        wanted += is_new ? 1U : 0U;
        is_sound = is_sound && value != NULL &&
                   strcmp(document_type(value), key_type_letter(column->type.kind)) == 0;
    }
    if (is_sound && key->pairs.count == wanted) {
        return STATUS_OK;
    }
    return is_query || page->index != NULL
               ? call_fail(call, AWS_FAILURE_VALIDATION, "The provided starting key is invalid")
               : call_fail(
                     call, AWS_FAILURE_VALIDATION,
                     "The provided starting key is invalid: The provided key element does not match the "
                     "schema");
}

/* Whether a key that a query is to go on from is one that it could have found. */
static enum status start_check_terms(struct page *page, const struct value *key)
{
    const struct condition_facts facts = {.item = key};
    for (size_t i = 0; i < page->expressions.key_terms_count; i++) {
        const struct key_term *term = &page->expressions.key_terms[i];
        const struct value *value = value_map_get(key, term->name);
        if (value == NULL || strcmp(document_type(value), document_type(term->values[0])) != 0) {
            continue; /* a condition that the schema refuses */
        }
        struct path_element element = {.name = term->name};
        struct operand operands[] = {
            {.kind = OPERAND_PATH, .path = {.elements = &element, .count = 1}},
            {.kind = OPERAND_VALUE, .value = term->values[0]},
            {.kind = OPERAND_VALUE, .value = term->values[1]},
        };
        const struct condition condition = {.test = term->test,
                                            .operands = operands,
                                            .operands_count = term->values[1] == NULL ? 2 : 3};
        bool is_partition =
            page->index == NULL
                ? is_key_of(page->schema->partition, page->schema->partition_count, term->name)
                : is_key_of(page->index->partition, page->index->partition_count, term->name);
        if (!condition_holds(&condition, &facts)) {
            return call_fail(page->call, AWS_FAILURE_VALIDATION,
                             is_partition ? "The provided starting key is outside query boundaries based on "
                                            "provided conditions"
                                          : "The provided starting key does not match the range key "
                                            "predicate");
        }
    }
    return STATUS_OK;
}

enum status page_start(struct page *page, const struct value *key, bool is_query)
{
    struct error error;
    if (key == NULL) {
        return STATUS_OK;
    }
    enum status status = start_check(page, key, is_query);
    if (status == STATUS_OK) {
        status = start_check_terms(page, key);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = gate_position(page->call->door->view, page->schema->name,
                           page->index == NULL ? (struct bytes){0} : page->index->name, key,
                           page->call->arena, &page->query.next, &error);
    return status == STATUS_OK
               ? status
               : call_fail(page->call, AWS_FAILURE_VALIDATION, "The provided starting key is invalid");
}

enum status page_read_start(struct call *call, const struct value **ret_key)
{
    const struct value *json = member_of(call->input, "ExclusiveStartKey");
    *ret_key = NULL;
    if (json == NULL) {
        return STATUS_OK;
    }
    struct value *key = arena_create(call->arena, sizeof(*key));
    const char *problem = NULL;
    *key = (struct value){.kind = VALUE_MAP, .pairs = {.count = json->pairs.count}};
    key->pairs.at = arena_create_array(call->arena, 2 * json->pairs.count, sizeof(struct value));
    for (size_t i = 0; i < json->pairs.count && problem == NULL; i++) {
        key->pairs.at[2 * i] = json->pairs.at[2 * i];
        problem = attribute_read(call->arena, &json->pairs.at[2 * i + 1], &key->pairs.at[2 * i + 1]);
    }
    *ret_key = key;
    return problem == NULL
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION, "The provided starting key is invalid: %s", problem);
}
