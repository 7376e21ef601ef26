#include "row/wide.h"

enum {
    WIDE_VERSION = 1,
};

enum wide_flag {
    WIDE_HAS_MARKER = 1,
    WIDE_HAS_DELETION = 2,
    WIDE_AGES = 4,
    WIDE_FLAGS_ALL = 7,
};

enum cell_flag {
    CELL_TOMBSTONE = 1,
    CELL_HAS_TTL = 2,
    CELL_HAS_AGE = 4,
    CELL_FLAGS_ALL = 7,
};

enum column_kind {
    COLUMN_SIMPLE = 0,
    COLUMN_MULTI = 1,
    COLUMN_MULTI_DELETED = 2,
};

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* How far a timestamp is behind the newest: 64 bits hold every distance. */
static uint64_t wide_age(int64_t newest, int64_t timestamp)
{
    return (uint64_t)newest - (uint64_t)timestamp;
}

static void encode_cell(const struct wide_cell *cell, int64_t newest, bool has_value, struct buffer *buffer)
{
    uint64_t age = wide_age(newest, cell->timestamp);
    uint8_t flags = (uint8_t)((cell->is_tombstone ? CELL_TOMBSTONE : 0) | (cell->ttl > 0 ? CELL_HAS_TTL : 0) |
                              (age > 0 ? CELL_HAS_AGE : 0));
    buffer_put_u8(buffer, flags);
    if (age > 0) {
        buffer_put_varint(buffer, age);
    }
    if (cell->ttl > 0) {
        buffer_put_varint(buffer, cell->ttl);
    }
    if (cell->ttl > 0 || cell->is_tombstone) {
        buffer_put_varint(buffer, (uint64_t)cell->expiry);
    }
    if (has_value && !cell->is_tombstone) {
        buffer_put_sized(buffer, cell->value);
    }
}

static void encode_deletion(const struct wide_deletion *deletion, int64_t newest, struct buffer *buffer)
{
    buffer_put_varint(buffer, wide_age(newest, deletion->timestamp));
    buffer_put_varint(buffer, (uint64_t)deletion->time);
}

static void encode_column(const struct wide_column *column, int64_t newest, struct buffer *buffer)
{
    buffer_put_varint(buffer, column->id);
    if (!column->is_multi) {
        buffer_put_u8(buffer, COLUMN_SIMPLE);
        encode_cell(&column->cell, newest, true, buffer);
        return;
    }
    bool is_deleted = column->deletion.timestamp != WIDE_NO_TIMESTAMP;
    buffer_put_u8(buffer, is_deleted ? COLUMN_MULTI_DELETED : COLUMN_MULTI);
    if (is_deleted) {
        encode_deletion(&column->deletion, newest, buffer);
    }
    buffer_put_varint(buffer, column->count);
    for (size_t i = 0; i < column->count; i++) {
        buffer_put_sized(buffer, column->elements[i].path);
        encode_cell(&column->elements[i].cell, newest, true, buffer);
    }
}

static bool cell_ages(const struct wide_cell *cell)
{
    return cell->is_tombstone || cell->ttl > 0;
}

static bool row_ages(const struct wide_row *row)
{
    bool ages = (row->has_marker && cell_ages(&row->marker)) || row->deletion.timestamp != WIDE_NO_TIMESTAMP;
    for (size_t i = 0; i < row->count && !ages; i++) {
        const struct wide_column *column = &row->columns[i];
        ages = column->is_multi ? column->deletion.timestamp != WIDE_NO_TIMESTAMP : cell_ages(&column->cell);
        for (size_t k = 0; k < column->count && !ages; k++) {
            ages = cell_ages(&column->elements[k].cell);
        }
    }
    return ages;
}

void wide_row_encode(const struct wide_row *row, struct buffer *buffer)
{
    int64_t newest = wide_row_newest(row);
    bool has_deletion = row->deletion.timestamp != WIDE_NO_TIMESTAMP;
    buffer_put_u8(buffer, WIDE_VERSION);
    buffer_put_u8(buffer,
                  (uint8_t)((row->has_marker ? WIDE_HAS_MARKER : 0) | (has_deletion ? WIDE_HAS_DELETION : 0) |
                            (row_ages(row) ? WIDE_AGES : 0)));
    buffer_put_u64(buffer, (uint64_t)newest);
    if (row->has_marker) {
        encode_cell(&row->marker, newest, false, buffer);
    }
    if (has_deletion) {
        encode_deletion(&row->deletion, newest, buffer);
    }
    buffer_put_varint(buffer, row->count);
    for (size_t i = 0; i < row->count; i++) {
        encode_column(&row->columns[i], newest, buffer);
    }
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static int64_t decode_timestamp(struct reader *reader, int64_t newest)
{
    return (int64_t)((uint64_t)newest - reader_varint(reader));
}

static struct wide_cell decode_cell(struct reader *reader, int64_t newest, bool has_value)
{
    struct wide_cell cell = {.timestamp = newest};
    uint8_t flags = reader_u8(reader);
    cell.is_tombstone = (flags & CELL_TOMBSTONE) != 0;
    if ((flags & CELL_HAS_AGE) != 0) {
        cell.timestamp = decode_timestamp(reader, newest);
    }
    if ((flags & CELL_HAS_TTL) != 0) {
        uint64_t ttl = reader_varint(reader);
        cell.ttl = (uint32_t)ttl;
        reader->failed |= ttl == 0 || ttl > UINT32_MAX;
    }
    if ((flags & (CELL_HAS_TTL | CELL_TOMBSTONE)) != 0) {
        cell.expiry = (int64_t)reader_varint(reader);
    }
    if (has_value && !cell.is_tombstone) {
        cell.value = reader_sized(reader);
    }
    reader->failed |= flags > CELL_FLAGS_ALL || cell.expiry < 0 ||
                      (flags & (CELL_HAS_TTL | CELL_TOMBSTONE)) == (CELL_HAS_TTL | CELL_TOMBSTONE);
    return cell;
}

static struct wide_deletion decode_deletion(struct reader *reader, int64_t newest)
{
    struct wide_deletion deletion = {.timestamp = decode_timestamp(reader, newest)};
    deletion.time = (int64_t)reader_varint(reader);
    reader->failed |= deletion.time < 0;
    return deletion;
}

/* Room for what is said to follow, each at least `bytes` long: a count that cannot be true fails. */
static void *decode_array(struct reader *reader, size_t bytes, size_t size, struct arena *arena,
                          size_t *ret_count)
{
    uint64_t count = reader_varint(reader);
    reader->failed |= count > reader->rest.size / bytes;
    *ret_count = reader->failed ? 0 : (size_t)count;
    return arena_create_array(arena, *ret_count, size);
}

static void decode_column(struct reader *reader, int64_t newest, struct arena *arena,
                          struct wide_column *column)
{
    enum {
        ELEMENT_BYTES_MIN = 2,
    };
    uint64_t id = reader_varint(reader);
    uint8_t kind = reader_u8(reader);
    column->id = (uint32_t)id;
    column->is_multi = kind != COLUMN_SIMPLE;
    column->deletion = WIDE_NO_DELETION;
    reader->failed |= id > UINT32_MAX || kind > COLUMN_MULTI_DELETED;
    if (!column->is_multi) {
        column->cell = decode_cell(reader, newest, true);
        return;
    }
    if (kind == COLUMN_MULTI_DELETED) {
        column->deletion = decode_deletion(reader, newest);
    }
    column->elements =
        decode_array(reader, ELEMENT_BYTES_MIN, sizeof(*column->elements), arena, &column->count);
    for (size_t i = 0; i < column->count && !reader->failed; i++) {
        struct wide_element *element = &column->elements[i];
        element->path = reader_sized(reader);
        element->cell = decode_cell(reader, newest, true);
        reader->failed |= i > 0 && bytes_compare(column->elements[i - 1].path, element->path) >= 0;
    }
}

enum status wide_row_decode(struct bytes image, struct arena *arena, struct wide_row *ret_row,
                            struct error *error)
{
    enum {
        COLUMN_BYTES_MIN = 3,
    };
    struct reader reader = reader_of(image);
    struct wide_row row = wide_row_empty();
    uint8_t version = reader_u8(&reader);
    uint8_t flags = reader_u8(&reader);
    int64_t newest = (int64_t)reader_u64(&reader);
    if (version > WIDE_VERSION) {
        return error_set(error, STATUS_NEWER, "a row of version %u; this program reads up to %d", version,
                         WIDE_VERSION);
    }
    row.has_marker = (flags & WIDE_HAS_MARKER) != 0;
    if (row.has_marker) {
        row.marker = decode_cell(&reader, newest, false);
    }
    if ((flags & WIDE_HAS_DELETION) != 0) {
        row.deletion = decode_deletion(&reader, newest);
    }
    row.columns = decode_array(&reader, COLUMN_BYTES_MIN, sizeof(*row.columns), arena, &row.count);
    for (size_t i = 0; i < row.count && !reader.failed; i++) {
        decode_column(&reader, newest, arena, &row.columns[i]);
        reader.failed |= i > 0 && row.columns[i - 1].id >= row.columns[i].id;
    }
    if (version != WIDE_VERSION || flags > WIDE_FLAGS_ALL || !reader_ended(&reader)) {
        return error_set(error, STATUS_CORRUPT, "a malformed row of a wide table");
    }
    *ret_row = row;
    return STATUS_OK;
}

enum status wide_row_decode_of(const struct schema *schema, struct bytes image, struct arena *arena,
                               struct wide_row *ret_row, struct error *error)
{
    enum status status = wide_row_decode(image, arena, ret_row, error);
    if (status == STATUS_OK) {
        wide_row_forget_dropped(schema, ret_row);
    }
    return status;
}

bool wide_image_ages(struct bytes image)
{
    return image.size > 1 && (image.data[1] & WIDE_AGES) != 0;
}

bool wide_row_is_empty(const struct wide_row *row)
{
    return !row->has_marker && row->deletion.timestamp == WIDE_NO_TIMESTAMP && row->count == 0;
}

const struct wide_column *wide_row_column(const struct wide_row *row, uint32_t id)
{
    for (size_t i = 0; i < row->count && row->columns[i].id <= id; i++) {
        if (row->columns[i].id == id) {
            return &row->columns[i];
        }
    }
    return NULL;
}
