#include "base/csv.h"

bool csv_scan_ends(struct csv_scan *scan, uint8_t character)
{
    if (character == '\n' && !scan->is_open) {
        return true;
    }
    if (!scan->is_begun) {
        scan->is_quoted = character == '"';
        scan->is_open = scan->is_quoted;
    } else if (scan->is_quoted && character == '"') {
        scan->is_open = !scan->is_open;
    }
    scan->is_begun = character != scan->delimiter || scan->is_open;
    return false;
}

size_t csv_record_size(struct bytes text, uint8_t delimiter)
{
    struct csv_scan scan = {.delimiter = delimiter};
    size_t size = 0;
    while (size < text.size && !csv_scan_ends(&scan, text.data[size])) {
        size++;
    }
    return size;
}

/* Takes a quoted field off the front of *record; the text comes without its quotes. */
static const char *field_quoted(struct bytes *record, uint8_t delimiter, struct arena *arena,
                                struct bytes *ret_field)
{
    uint8_t *field = arena_create(arena, record->size);
    size_t size = 0;
    size_t i = 1;
    for (; i < record->size; i++) {
        if (record->data[i] != '"') {
            field[size++] = record->data[i];
        } else if (i + 1 < record->size && record->data[i + 1] == '"') {
            field[size++] = '"';
            i++;
        } else {
            break;
        }
    }
    if (i >= record->size) {
        return "a quoted field does not end";
    }
    *ret_field = bytes_of(field, size);
    *record = bytes_from(*record, i + 1);
    return record->size == 0 || record->data[0] == delimiter
               ? NULL
               : "a quoted field is followed by something else than the delimiter";
}

/* Takes a field off the front of *record, up to the delimiter. */
static const char *field_take(struct bytes *record, uint8_t delimiter, struct arena *arena,
                              struct bytes *ret_field)
{
    if (record->size > 0 && record->data[0] == '"') {
        return field_quoted(record, delimiter, arena, ret_field);
    }
    const uint8_t *end = bytes_find_byte(*record, delimiter);
    size_t size = end == NULL ? record->size : (size_t)(end - record->data);
    *ret_field = bytes_part(*record, 0, size);
    *record = bytes_from(*record, size);
    return NULL;
}

/* No more than so many. */
static size_t fields_bound(struct bytes record, uint8_t delimiter, size_t fields_max)
{
    size_t bound = 1;
    for (size_t i = 0; i < record.size && bound < fields_max; i++) {
        bound += record.data[i] == delimiter;
    }
    return bound;
}

const char *csv_split(struct bytes record, uint8_t delimiter, size_t fields_max, struct arena *arena,
                      struct bytes **ret_fields, size_t *ret_count)
{
    struct bytes *fields =
        arena_create_array(arena, fields_bound(record, delimiter, fields_max), sizeof(*fields));
    size_t count = 0;
    for (bool has_more = true; has_more; count++) {
        if (count == fields_max) {
            return arena_format(arena, "the line has more than %zu fields", fields_max);
        }
        const char *problem = field_take(&record, delimiter, arena, &fields[count]);
        if (problem != NULL) {
            return problem;
        }
        has_more = record.size > 0;
        record = bytes_from(record, has_more ? 1 : 0);
    }
    *ret_fields = fields;
    *ret_count = count;
    return NULL;
}
