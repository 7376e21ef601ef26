#include "csv_items.h"

#include "base/base64.h"
#include "base/csv.h"
#include "dynamodb_private.h"

static const char *line_split(struct bytes line, uint8_t delimiter, struct arena *arena,
                              struct bytes **ret_fields, size_t *ret_count)
{
    const char *problem =
        csv_split(line, delimiter, DYNAMODB_IMPORT_COLUMNS_MAX, arena, ret_fields, ret_count);
    return problem == NULL ? NULL : arena_format(arena, "Invalid CSV: %s", problem);
}

/* --- columns ---------------------------------------------------------------------------------------------------- */

static const struct key_column *column_among(const struct key_column *columns, size_t count,
                                             struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(columns[i].name, name)) {
            return &columns[i];
        }
    }
    return NULL;
}

static const struct key_column *column_find(const struct schema *schema, struct bytes name)
{
    const struct key_column *found = column_among(schema->partition, schema->partition_count, name);
    if (found == NULL) {
        found = column_among(schema->clustering, schema->clustering_count, name);
    }
    for (size_t i = 0; i < schema->indexes_count && found == NULL; i++) {
        const struct index_schema *index = &schema->indexes[i];
        found = column_among(index->partition, index->partition_count, name);
        if (found == NULL) {
            found = column_among(index->clustering, index->clustering_count, name);
        }
    }
    return found;
}

static const char *columns_make(const struct bytes *names, size_t count, const struct schema *schema,
                                struct arena *arena, struct csv_columns *ret_columns)
{
    struct csv_columns columns = {.names = arena_create_array(arena, count, sizeof(*columns.names)),
                                  .types = arena_create_array(arena, count, sizeof(*columns.types)),
                                  .are_keys = arena_create_array(arena, count, sizeof(*columns.are_keys)),
                                  .count = count};
    for (size_t i = 0; i < count; i++) {
        const struct key_column *column = column_find(schema, names[i]);
        if (names[i].size == 0 || !bytes_are_utf8(names[i])) {
            return "A column has no name, or one that is no text";
        }
        columns.names[i] = arena_copy(arena, names[i]);
        columns.types[i] = column == NULL ? "S" : key_type_letter(column->type.kind);
        columns.are_keys[i] = column != NULL;
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(names[k], names[i])) {
                return "Two columns have the same name";
            }
        }
    }
    *ret_columns = columns;
    return NULL;
}

const char *csv_columns_read(struct bytes line, uint8_t delimiter, const struct schema *schema,
                             struct arena *arena, struct csv_columns *ret_columns)
{
    struct bytes *names = NULL;
    size_t count = 0;
    const char *problem = line_split(line, delimiter, arena, &names, &count);
    return problem != NULL ? problem : columns_make(names, count, schema, arena, ret_columns);
}

const char *csv_columns_list(const struct value *list, const struct schema *schema, struct arena *arena,
                             struct csv_columns *ret_columns)
{
    struct bytes *names = arena_create_array(arena, list->items.count, sizeof(*names));
    for (size_t i = 0; i < list->items.count; i++) {
        names[i] = list->items.at[i].bytes;
    }
    return columns_make(names, list->items.count, schema, arena, ret_columns);
}

/* --- items ------------------------------------------------------------------------------------------------------ */

static const char *field_read(struct bytes field, const char *type, struct arena *arena,
                              struct value *ret_value)
{
    const struct value_member members[] = {{type, value_of_text(field)}};
    struct value typed = value_of_members(arena, members, ARRAY_COUNT(members));
    if (!bytes_are_utf8(field)) {
        return "A field is no UTF-8";
    }
    if (strcmp(type, "B") == 0 && !base64_is_sound(field, NULL)) {
        return "A binary key attribute is not in base 64";
    }
    return attribute_read(arena, &typed, ret_value);
}

const char *csv_item_read(struct bytes line, uint8_t delimiter, const struct csv_columns *columns,
                          struct arena *arena, struct value *ret_item)
{
    struct bytes *fields = NULL;
    size_t count = 0;
    size_t kept = 0;
    const char *problem = line_split(line, delimiter, arena, &fields, &count);
    if (problem == NULL && count != columns->count) {
        problem = arena_format(arena, "The line has %zu fields, and the header %zu", count, columns->count);
    }
    if (problem != NULL) {
        return problem;
    }
    struct value *pairs = arena_create_array(arena, 2 * count, sizeof(*pairs));
    for (size_t i = 0; i < count && problem == NULL; i++) {
        if (fields[i].size > 0 || !columns->are_keys[i]) {
            pairs[2 * kept] = value_of_text(columns->names[i]);
            problem = field_read(fields[i], columns->types[i], arena, &pairs[2 * kept + 1]);
            kept++;
        }
    }
    *ret_item = (struct value){.kind = VALUE_MAP, .pairs = {.at = pairs, .count = kept}};
    CHECK(value_map_sort(ret_item) || problem != NULL);
    return problem;
}
