/* Queries and scans: a page of a table or an index, now or as of a moment. */
#include "base/memory.h"
#include "native/bounds.h"
#include "native_private.h"

/* A page under construction. */
struct item_list {
    struct buffer items;
    uint32_t count;
    const struct projection *projection; /* or NULL */
    struct arena arena;
};

static void list_item(void *context, const struct gate_row *row)
{
    struct item_list *list = context;
    struct value item;
    list->count++;
    if (list->projection == NULL) {
        buffer_put(&list->items, row->image);
        return;
    }
    arena_clear(&list->arena);
    if (row->item != NULL) {
        item = *row->item;
    } else if (codec_value_decode(row->image, &list->arena, &item, NULL) != STATUS_OK) {
        item = (struct value){.kind = VALUE_MAP}; /* a stored row is always sound: its checksum was checked */
    }
    struct value part = projection_apply(list->projection, &item, &list->arena);
    codec_value_encode(&list->items, &part);
}

static const struct key_term *scan_terms_of_item(struct native_request *request, const struct value *item)
{
    struct key_term *terms = arena_create_array(&request->arena, item->pairs.count, sizeof(*terms));
    for (size_t i = 0; i < item->pairs.count; i++) {
        terms[i] = (struct key_term){.name = item->pairs.at[2 * i].bytes,
                                     .test = EXPRESSION_EQUAL,
                                     .values = {&item->pairs.at[2 * i + 1]}};
    }
    return terms;
}

static enum status scan_expressions(struct native_request *request, struct gate_query *query,
                                    struct item_list *list, struct error *error)
{
    struct placeholders placeholders;
    struct expression_options options;
    struct bytes projection = {0};
    const struct condition *key_condition = NULL;
    struct key_term *terms = arena_create_array(&request->arena, KEY_TERMS_MAX, sizeof(*terms));
    const struct value *key = native__item(request, WIRE_FIELD_KEY);
    enum status status =
        native__expression_options(&request->body, &request->arena, &placeholders, &options, error);
    if (status == STATUS_OK) {
        status = native__condition(&request->body, WIRE_FIELD_FILTER, &options, &query->filter, error);
    }
    if (status == STATUS_OK) {
        status = native__condition(&request->body, WIRE_FIELD_KEY_CONDITION, &options, &key_condition, error);
    }
    if (status == STATUS_OK && key_condition != NULL) {
        query->key_terms = terms;
        status = condition_key_terms(key_condition, terms, &query->key_terms_count, error);
    } else if (status == STATUS_OK && key != NULL) {
        query->key_terms = scan_terms_of_item(request, key);
        query->key_terms_count = key->pairs.count;
    }
    if (status == STATUS_OK) {
        status = codec_field_text(&request->body, WIRE_FIELD_PROJECTION, &projection, error);
    }
    if (status == STATUS_OK && projection.size > 0) {
        struct projection *parsed = arena_create(&request->arena, sizeof(*parsed));
        status = projection_parse(projection, &options, parsed, error);
        list->projection = parsed;
    }
    return status;
}

static enum status scan_parse(struct native_door *door, struct native_request *request,
                              struct gate_query *query, struct error *error)
{
    const struct value *body = &request->body;
    const struct value *from = codec_field(body, WIRE_FIELD_NEXT);
    uint64_t limit = 0;
    uint64_t segment = 0;
    uint64_t segments = 0;
    enum status status = codec_field_text(body, WIRE_FIELD_TABLE, &query->table, error);
    if (status == STATUS_OK) {
        status = codec_field_text(body, WIRE_FIELD_INDEX, &query->index, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(body, WIRE_FIELD_LIMIT, 0, &limit, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(body, WIRE_FIELD_SEGMENT, 0, &segment, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(body, WIRE_FIELD_SEGMENTS, 0, &segments, error);
    }
    if (status == STATUS_OK) {
        status = codec_field_boolean(body, WIRE_FIELD_REVERSE, false, &query->is_reverse, error);
    }
    if (status == STATUS_OK) {
        status = native__as_of(door, body, &query->as_of, error);
    }
    if (status == STATUS_OK && from != NULL && from->kind != VALUE_BYTES) {
        status = error_set(error, STATUS_INVALID, "the page position must be bytes");
    }
    if (status == STATUS_OK && (segment > UINT32_MAX || segments > UINT32_MAX)) {
        status = error_set(error, STATUS_INVALID, "a scan has at most %u segments", UINT32_MAX);
    }
    query->next = status == STATUS_OK && from != NULL ? from->bytes : (struct bytes){0};
    query->rows_max = limit;
    query->segment = (uint32_t)segment;
    query->segments = (uint32_t)segments;
    return status;
}

/* A scan under way; one that takes long is the reader pool's until its reply is sent. */
struct scan {
    struct native_later later;
    struct native_request request;
    struct gate_query query;
    struct item_list list;
};

static void scan_destroy(struct native_later *later)
{
    struct scan *scan = (struct scan *)later;
    buffer_reset(&scan->list.items);
    arena_reset(&scan->list.arena);
    arena_reset(&scan->request.arena);
    memory_destroy(scan);
}

static void put_page(struct buffer *body, const struct item_list *list, const struct gate_page *page)
{
    codec_put_map(body, 3);
    native__put_field(body, WIRE_FIELD_ITEMS);
    codec_put_array(body, list->count);
    buffer_put(body, buffer_bytes(&list->items));
    native__put_field(body, WIRE_FIELD_NEXT);
    codec_put_bytes(body, page->next);
    native__put_field(body, WIRE_FIELD_SCANNED);
    codec_put_unsigned(body, page->scanned);
}

static enum status scan_read(struct scan *scan, struct gate_view *view, struct gate_page *ret_page,
                             struct error *error)
{
    scan->list.count = 0;
    buffer_clear(&scan->list.items);
    return gate_query(view, &scan->query, &scan->request.arena, list_item, &scan->list, ret_page, NULL,
                      error);
}

/* Thread: the pool's. */
static void scan_run(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside)
{
    struct scan *scan = (struct scan *)reading;
    struct native_reply *reply = scan->later.reply;
    struct gate_page page = {0};
    struct error error;
    (void)aside;
    gate_view_show_plain(view, false);
    reply->status = scan_read(scan, view, &page, &error);
    if (reply->status == STATUS_OK) {
        put_page(&reply->body, &scan->list, &page);
    } else {
        native__put_error(&reply->body, reply->status, error.text);
    }
    native__later_done(&scan->later);
}

/* Reads what is little here; false: there is more, and nothing was answered. */
static bool scan_now(struct native_door *door, struct scan *scan)
{
    struct gate_query *query = &scan->query;
    struct gate_page page = {0};
    struct error error;
    size_t wanted = query->rows_max;
    query->rows_max = wanted > 0 && wanted < NATIVE_INLINE_ROWS ? wanted : NATIVE_INLINE_ROWS;
    query->passed_max = NATIVE_INLINE_ROWS;
    query->bytes_max = NATIVE_INLINE_BYTES;
    enum status status = scan_read(scan, door->view, &page, &error);
    query->rows_max = wanted;
    query->passed_max = 0;
    query->bytes_max = 0;
    if (status == STATUS_OK && page.next.size > 0 && (wanted == 0 || page.scanned < wanted)) {
        return false;
    }
    if (status == STATUS_OK) {
        struct buffer body = {0};
        put_page(&body, &scan->list, &page);
        native__reply(door, &scan->request.peer, &body);
        buffer_reset(&body);
    } else {
        native__answer_error(door, &scan->request.peer, status, error.text);
    }
    return true;
}

void native__serve_scan(struct native_door *door, struct native_request *request)
{
    struct scan *scan = memory_create(sizeof(*scan));
    struct error error;
    scan->request = *request;
    request->arena = (struct arena){0}; /* the scan's */
    enum status status = scan_parse(door, &scan->request, &scan->query, &error);
    if (status == STATUS_OK) {
        status = scan_expressions(&scan->request, &scan->query, &scan->list, &error);
    }
    if (status != STATUS_OK) {
        native__answer_error(door, &scan->request.peer, status, error.text);
    } else if (scan->query.as_of > 0 || !scan_now(door, scan)) {
        scan->later.reading.run = scan_run;
        scan->later.destroy = scan_destroy;
        native__later(door, &scan->request.peer, &scan->later);
        return;
    }
    scan_destroy(&scan->later);
}
