/* CSV: a header, then lines; an item of texts, written with quotes, is read as the same item. */
#include "base/csv.h"

#include "base/buffer.h"
#include "csv_items.h"
#include "support/fuzz.h"

static void line_put(const struct csv_columns *columns, const struct value *item, struct buffer *line)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct value *value = value_map_get(item, columns->names[i]);
        buffer_put_text(line, i > 0 ? ",\"" : "\"");
        for (size_t k = 0; value != NULL && k < value->bytes.size; k++) {
            buffer_put_text(line, value->bytes.data[k] == '"' ? "\"" : "");
            buffer_put_u8(line, value->bytes.data[k]);
        }
        buffer_put_u8(line, '"');
    }
}

static void line_check(const struct csv_columns *columns, struct bytes text, uint8_t delimiter,
                       struct arena *arena)
{
    struct value item;
    struct value again;
    struct buffer line = {0};
    if (csv_item_read(text, delimiter, columns, arena, &item) != NULL) {
        return;
    }
    CHECK(item.pairs.count <= columns->count);
    for (size_t i = 0; i < item.pairs.count; i++) {
        if (item.pairs.at[2 * i + 1].kind != VALUE_TEXT) {
            return;
        }
    }
    line_put(columns, &item, &line);
    CHECK(csv_record_size(buffer_bytes(&line), (uint8_t)',') == line.size);
    CHECK(csv_item_read(buffer_bytes(&line), ',', columns, arena, &again) == NULL);
    CHECK(value_equal(&item, &again));
    buffer_reset(&line);
}

void fuzz_one(struct bytes input)
{
    struct key_column keys[] = {{.name = bytes_of_text("s"), .type = {.kind = TYPE_TEXT}},
                                {.name = bytes_of_text("n"), .type = {.kind = TYPE_DECIMAL}},
                                {.name = bytes_of_text("b"), .type = {.kind = TYPE_BLOB}}};
    struct schema schema = {.partition = keys,
                            .partition_count = 1,
                            .clustering = keys + 1,
                            .clustering_count = 2};
    struct arena arena = {0};
    struct csv_columns columns;
    uint8_t delimiter = input.size > 0 ? (uint8_t) ",;:|\t "[input.data[0] % 6] : (uint8_t)',';
    struct bytes text = bytes_from(input, input.size > 0 ? 1 : 0);
    size_t end = csv_record_size(text, delimiter);
    if (csv_columns_read(bytes_part(text, 0, end), delimiter, &schema, &arena, &columns) == NULL) {
        while (end < text.size) {
            text = bytes_from(text, end + 1);
            end = csv_record_size(text, delimiter);
            line_check(&columns, bytes_part(text, 0, end), delimiter, &arena);
        }
    }
    arena_reset(&arena);
}
