/* SELECT as pages of a query or a scan, and the tokens by which they go on.
 *
 * A NextToken is the base 64 of:
 *
 *   | which: 2 | hash: 16 | position … | HMAC-SHA256 of all before: 32 |
 *
 * `which` is the value of the partition key that is read, where WHERE names several; `hash` is that of statement and
 * parameters; `position` is a storage key, as gate_query.next has it. */
#include "base/base64.h"
#include "partiql.h"

enum {
    TOKEN_HEAD_BYTES = 2 + 16,
};

/* Before a token's bytes in its HMAC: the secret authenticates other things too. */
#define TOKEN_LABEL "PartiQL NextToken"

/* A SELECT under way. */
struct selection {
    struct page page; /* first: page_measure gets it as its context */
    const struct partiql_statement *statement;
    struct partiql_terms terms;
    struct key_term key_terms[KEY_TERMS_MAX];
    const struct value *partitions[EXPRESSION_OPERANDS_MAX]; /* that the first key term takes in turn */
    size_t partitions_count;                                 /* 0: a scan, or one key of several attributes */
    size_t which;
    size_t scanned_bytes;
};

/* --- keys of the table or index --------------------------------------------------------------------------------- */

static size_t key_count(const struct selection *selection, bool is_partition)
{
    const struct schema *schema = selection->page.schema;
    const struct index_schema *index = selection->page.index;
    if (is_partition) {
        return index == NULL ? schema->partition_count : index->partition_count;
    }
    return index == NULL ? schema->clustering_count : index->clustering_count;
}

static struct bytes key_name(const struct selection *selection, bool is_partition, size_t i)
{
    const struct schema *schema = selection->page.schema;
    const struct index_schema *index = selection->page.index;
    if (is_partition) {
        return index == NULL ? schema->partition[i].name : index->partition[i].name;
    }
    return index == NULL ? schema->clustering[i].name : index->clustering[i].name;
}

static bool key_has(const struct selection *selection, bool is_partition, struct bytes name)
{
    for (size_t i = 0; i < key_count(selection, is_partition); i++) {
        if (bytes_equal(key_name(selection, is_partition, i), name)) {
            return true;
        }
    }
    return false;
}

/* --- from a WHERE clause to a query ----------------------------------------------------------------------------- */

/* Makes a term on the attribute part of the key; equalities only, or (is_range) any comparison. */
static bool use_term(struct selection *selection, struct bytes name, bool is_range)
{
    for (size_t i = 0; i < selection->terms.count; i++) {
        struct key_term term;
        if (!selection->terms.is_used[i] && partiql_term_read(selection->terms.at[i], name, &term) &&
            (is_range || term.test == EXPRESSION_EQUAL)) {
            selection->terms.is_used[i] = true;
            selection->key_terms[selection->page.query.key_terms_count++] = term;
            return true;
        }
    }
    return false;
}

static bool add_partition(struct selection *selection, const struct value *value)
{
    for (size_t i = 0; i < selection->partitions_count; i++) {
        if (document_equal(selection->partitions[i], value)) {
            return true;
        }
    }
    if (selection->partitions_count == ARRAY_COUNT(selection->partitions)) {
        return false;
    }
    selection->partitions[selection->partitions_count++] = value;
    return true;
}

/* NOLINTBEGIN(misc-no-recursion): EXPRESSION_OPERATORS_MAX bounds it */

/* The values of `name IN […]`, or of `name = … OR name = …`. False: the term is something else. */
static bool partitions_read(struct selection *selection, const struct condition *term, struct bytes name)
{
    struct key_term equality;
    if (term->test == EXPRESSION_OR) {
        return partitions_read(selection, term->left, name) && partitions_read(selection, term->right, name);
    }
    if (term->test == EXPRESSION_EQUAL) {
        return partiql_term_read(term, name, &equality) && add_partition(selection, equality.values[0]);
    }
    const struct operand *operands = term->operands;
    bool is_list = term->test == EXPRESSION_IN && operands[0].kind == OPERAND_PATH &&
                   operands[0].path.count == 1 && bytes_equal(operands[0].path.elements[0].name, name);
    for (size_t i = 1; is_list && i < term->operands_count; i++) {
        is_list = operands[i].kind == OPERAND_VALUE && operands[i].value != NULL &&
                  add_partition(selection, operands[i].value);
    }
    return is_list;
}
/* NOLINTEND(misc-no-recursion) */

static bool use_partitions(struct selection *selection, struct bytes name)
{
    for (size_t i = 0; i < selection->terms.count; i++) {
        selection->partitions_count = 0;
        if (partitions_read(selection, selection->terms.at[i], name)) {
            selection->terms.is_used[i] = true;
            selection->key_terms[selection->page.query.key_terms_count++] =
                (struct key_term){.name = name, .test = EXPRESSION_EQUAL};
            return true;
        }
    }
    selection->partitions_count = 0;
    return false;
}

/* A query when every attribute of the partition key is told, otherwise a scan. What the key does not take is the
 * filter. */
static enum status plan_query(struct selection *selection)
{
    struct call *call = selection->page.call;
    size_t partition = key_count(selection, true);
    bool is_query = true;
    selection->terms = partiql_terms_of(selection->statement->where, call->arena);
    for (size_t i = 0; i < partition && is_query; i++) {
        is_query = use_term(selection, key_name(selection, true, i), false);
    }
    if (!is_query) {
        memset(selection->terms.is_used, 0, selection->terms.count * sizeof(bool));
        selection->page.query.key_terms_count = 0;
        is_query = partition == 1 && use_partitions(selection, key_name(selection, true, 0));
    }
    for (size_t i = 0; is_query && i < key_count(selection, false); i++) {
        struct bytes name = key_name(selection, false, i);
        if (!use_term(selection, name, false)) {
            (void)use_term(selection, name, true);
            break;
        }
    }
    selection->page.query.key_terms = selection->key_terms;
    selection->page.expressions.filter = partiql_terms_rest(&selection->terms, call->arena);
    return selection->partitions_count <= DYNAMODB_STATEMENT_PARTITIONS_MAX
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "IN takes at most %d values of a partition key attribute",
                           DYNAMODB_STATEMENT_PARTITIONS_MAX);
}

static enum status check_keys(struct selection *selection)
{
    struct call *call = selection->page.call;
    size_t first = selection->partitions_count > 0 ? 1 : 0; /* term 0 gets its values one by one */
    size_t count = selection->page.query.key_terms_count;
    enum status status = page_check_key_terms(call, selection->key_terms + first, count - first);
    for (size_t i = 0; i < selection->partitions_count && status == STATUS_OK; i++) {
        selection->key_terms[0].values[0] = selection->partitions[i];
        status = page_check_key_terms(call, selection->key_terms, 1);
    }
    return status;
}

/* --- order ------------------------------------------------------------------------------------------------------ */

static void order_partitions(struct selection *selection, bool is_descending)
{
    for (size_t i = 1; i < selection->partitions_count; i++) {
        for (size_t k = i; k > 0; k--) {
            const struct value **pair = &selection->partitions[k - 1];
            int order = 0;
            (void)document_order(pair[0], pair[1], &order);
            if (is_descending ? order >= 0 : order <= 0) {
                break;
            }
            const struct value *first = pair[0];
            pair[0] = pair[1];
            pair[1] = first;
        }
    }
}

static enum status plan_order(struct selection *selection)
{
    const struct partiql_statement *statement = selection->statement;
    struct call *call = selection->page.call;
    bool has_partition = false;
    if (statement->orders_count == 0) {
        return STATUS_OK;
    }
    if (statement->where == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Must have WHERE clause in the statement when using ORDER BY clause.");
    }
    if (selection->page.query.key_terms_count == 0) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Must have at least one non-optional hash key condition in WHERE clause when using "
                         "ORDER BY clause.");
    }
    for (size_t i = 0; i < statement->orders_count; i++) {
        const struct partiql_order *order = &statement->orders[i];
        bool is_partition = key_has(selection, true, order->name);
        if (!is_partition && !key_has(selection, false, order->name)) {
            return call_fail(call, AWS_FAILURE_VALIDATION,
                             "Variable reference %.*s in ORDER BY clause must be part of the primary key",
                             (int)order->name.size, (const char *)order->name.data);
        }
        if (is_partition) {
            order_partitions(selection, order->is_descending);
        } else {
            selection->page.query.is_reverse = wide_is_reverse(selection->page.schema, order->is_descending);
        }
        has_partition = has_partition || is_partition;
    }
    return has_partition || selection->partitions_count <= 1
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "ORDER BY must begin with the partition key when WHERE names several of its "
                           "values.");
}

/* --- tokens ----------------------------------------------------------------------------------------------------- */

static struct hash128 token_hash(struct call *call)
{
    const struct value *parameters = member_of(call->input, "Parameters");
    struct buffer encoded = {0};
    if (parameters != NULL) {
        codec_value_encode(&encoded, parameters);
    }
    struct hash128 hash = crypto_hash128(buffer_bytes(&encoded), text_of(call->input, "Statement"));
    buffer_reset(&encoded);
    return hash;
}

static void token_authenticate(struct call *call, struct bytes content, uint8_t ret_digest[SHA256_BYTES])
{
    struct buffer labelled = {0};
    buffer_put_text(&labelled, TOKEN_LABEL);
    buffer_put(&labelled, content);
    crypto_hmac_sha256(bytes_of(call->door->options.secret, sizeof(call->door->options.secret)),
                       buffer_bytes(&labelled), ret_digest);
    buffer_reset(&labelled);
}

static void token_put(const struct selection *selection, struct bytes position, struct buffer *body)
{
    struct call *call = selection->page.call;
    struct hash128 hash = token_hash(call);
    uint8_t digest[SHA256_BYTES];
    struct buffer token = {0};
    struct buffer text = {0};
    buffer_put_u16(&token, (uint16_t)selection->which);
    buffer_put_u64(&token, hash.high);
    buffer_put_u64(&token, hash.low);
    buffer_put(&token, position);
    token_authenticate(call, buffer_bytes(&token), digest);
    buffer_put(&token, bytes_of(digest, sizeof(digest)));
    base64_encode(buffer_bytes(&token), &text);
    json_text(body, "NextToken", buffer_bytes(&text));
    buffer_reset(&token);
    buffer_reset(&text);
}

static enum status token_read(struct selection *selection)
{
    struct call *call = selection->page.call;
    struct bytes text = text_of(call->input, "NextToken");
    struct bytes token;
    uint8_t digest[SHA256_BYTES];
    if (text.size == 0) {
        return STATUS_OK;
    }
    if (!base64_decode(text, call->arena, &token) || token.size <= TOKEN_HEAD_BYTES + SHA256_BYTES) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid NextToken");
    }
    struct bytes content = bytes_part(token, 0, token.size - SHA256_BYTES);
    token_authenticate(call, content, digest);
    if (!crypto_equal(digest, token.data + content.size, SHA256_BYTES)) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid NextToken");
    }
    struct hash128 hash = token_hash(call);
    size_t count = selection->partitions_count > 0 ? selection->partitions_count : 1;
    selection->which = bytes_get_u16(content.data);
    selection->page.query.next = bytes_from(content, TOKEN_HEAD_BYTES);
    return bytes_get_u64(content.data + 2) == hash.high && bytes_get_u64(content.data + 10) == hash.low &&
                   selection->which < count
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_VALIDATION, "NextToken does not match request");
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

static void selection_visit(void *context, const struct gate_row *row)
{
    struct selection *selection = context;
    struct page *page = &selection->page;
    struct arena arena = {0};
    struct value item = row->item != NULL ? *row->item : item_of_image(row->image, &arena);
    if (page->index != NULL && !page->is_all_projected && !page->is_fetching) {
        item = index_projected(page->schema, page->index, &page->index_properties, &item, &arena);
    }
    if (page_filters_entries(page) &&
        !condition_holds(page->expressions.filter, &(struct condition_facts){.item = &item})) {
        arena_reset(&arena);
        return;
    }
    item = partiql_project(selection->statement, &item, &arena);
    json_item(&page->items);
    attributes_put(&page->items, &item);
    page->count++;
    arena_reset(&arena);
}

/* How many rows one value of the partition key may give; 0: any number. */
static size_t selection_rows(const struct selection *selection)
{
    size_t rows_max = (size_t)integer_of(selection->page.call->input, "Limit", 0);
    bool is_bounded =
        selection->partitions_count > 1 && (rows_max == 0 || rows_max > DYNAMODB_STATEMENT_PAGE_ITEMS_MAX);
    return is_bounded ? DYNAMODB_STATEMENT_PAGE_ITEMS_MAX : rows_max;
}

/* One page, over as many values of the partition key as it holds. Thread: the view's. */
static void selection_read(struct call *call, struct gate_view *view)
{
    struct selection *selection = call->state;
    struct page *page = &selection->page;
    struct gate_query *query = &page->query;
    size_t count = selection->partitions_count > 0 ? selection->partitions_count : 1;
    size_t rows_max = selection_rows(selection);
    size_t scanned = 0;
    buffer_put_u8(&page->items, '[');
    for (; selection->which < count && page->status == STATUS_OK; selection->which++) {
        if (selection->partitions_count > 0) {
            selection->key_terms[0].values[0] = selection->partitions[selection->which];
        }
        query->rows_max = rows_max == 0 ? 0 : rows_max - scanned;
        query->bytes_max = DYNAMODB_PAGE_BYTES_MAX - selection->scanned_bytes;
        page->status = gate_query(view, query, call->arena, selection_visit, selection, &page->found, NULL,
                                  &page->error);
        scanned += page->found.scanned;
        selection->scanned_bytes += page->found.scanned_bytes;
        if (page->found.next.size > 0) { /* a full page always says where it goes on */
            break;
        }
        query->next = (struct bytes){0};
    }
    buffer_put_u8(&page->items, ']');
}

/* Sends what was read, and ends the call. */
static void selection_finish(struct call *call)
{
    struct selection *selection = call->state;
    struct page *page = &selection->page;
    struct buffer body = {0};
    if (page->status != STATUS_OK) {
        buffer_reset(&page->items);
        (void)call_fail_error(call, page->status, page->error.text);
        call_reply_failure(call);
        return;
    }
    json_open(&body, '{');
    json_name(&body, "Items");
    buffer_put(&body, buffer_bytes(&page->items));
    buffer_reset(&page->items);
    if (page->found.next.size > 0) {
        token_put(selection, page->found.next, &body);
        page_put_last_key(page, page->found.last_image, &body);
    }
    page_put_capacity(page, selection->scanned_bytes, &body);
    json_close(&body, '}');
    call_reply(call, &body);
}

static bool selection_names_items(const struct selection *selection)
{
    const struct gate_query *query = &selection->page.query;
    bool names = query->key_terms_count == key_count(selection, true) + key_count(selection, false);
    for (size_t i = 0; i < query->key_terms_count; i++) {
        names = names && query->key_terms[i].test == EXPRESSION_EQUAL;
    }
    return names;
}

/* What names its items by whole keys is read here, all else in the pool. */
static enum status selection_run(struct selection *selection)
{
    struct page *page = &selection->page;
    struct call *call = page->call;
    call->state = selection;
    page->query.table = page->schema->name;
    page->query.index = selection->statement->index;
    page->query.measure = page_measure;
    page->query.filter = page_filters_entries(page) ? NULL : page->expressions.filter;
    if (!selection_names_items(selection)) {
        return call_read_later(call, selection_read, selection_finish);
    }
    selection_read(call, call->door->view);
    selection_finish(call);
    return STATUS_OK;
}

enum status partiql_select(struct call *call, const struct partiql_statement *statement)
{
    struct selection *selection = arena_create(call->arena, sizeof(*selection));
    *selection = (struct selection){.page = {.call = call}, .statement = statement};
    selection->page.expressions.projection = statement->projection;
    enum status status = call_table(call, table_named(call, statement->table), &selection->page.schema);
    if (status == STATUS_OK) {
        status = page_index(&selection->page, statement->index);
    }
    if (status == STATUS_OK) {
        status = page_check_projected(&selection->page);
    }
    if (status == STATUS_OK) {
        status = plan_query(selection);
    }
    if (status == STATUS_OK) {
        status = check_keys(selection);
    }
    if (status == STATUS_OK && selection->page.query.key_terms_count > 0) {
        status = page_check_filtered(&selection->page);
    }
    if (status == STATUS_OK) {
        status = plan_order(selection);
    }
    if (status == STATUS_OK) {
        status = token_read(selection);
    }
    if (status == STATUS_OK) {
        status = throttle_check(call, selection->page.schema, selection->page.index, false);
    }
    return status == STATUS_OK ? selection_run(selection) : status;
}
