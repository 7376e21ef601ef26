#include "columns.h"

#include "base/csv.h"
#include "command/bounds.h"
#include "value/decimal.h"

static enum status line_split(struct bytes line, struct arena *arena, struct bytes **ret_fields,
                              size_t *ret_count, struct error *error)
{
    const char *problem = csv_split(line, ',', COMMAND_IMPORT_COLUMNS_MAX, arena, ret_fields, ret_count);
    return problem == NULL ? STATUS_OK : error_set(error, STATUS_INVALID, "%s", problem);
}

static bool have_names(const struct columns *columns)
{
    bool have = false;
    for (size_t i = 0; i < columns->count; i++) {
        have = have || columns->names[i].bytes.size > 0;
    }
    return have;
}

/* The first name that is there twice; NULL. */
static const struct value *twice(const struct columns *columns)
{
    for (size_t i = 1; i < columns->count; i++) {
        for (size_t k = 0; k < i; k++) {
            struct bytes name = columns->names[i].bytes;
            if (name.size > 0 && bytes_equal(name, columns->names[k].bytes)) {
                return &columns->names[i];
            }
        }
    }
    return NULL;
}

enum status columns_read(struct bytes line, struct arena *arena, struct columns *ret_columns,
                         struct error *error)
{
    struct bytes *names = NULL;
    struct columns columns = {0};
    enum status status = line_split(line, arena, &names, &columns.count, error);
    if (status != STATUS_OK) {
        return status;
    }
    columns.names = arena_create_array(arena, columns.count, sizeof(*columns.names));
    for (size_t i = 0; i < columns.count; i++) {
        columns.names[i] = value_of_text(arena_copy(arena, names[i]));
    }
    if (!have_names(&columns)) {
        return error_set(error, STATUS_INVALID, "the first line must name the columns, separated by commas");
    }
    const struct value *name = twice(&columns);
    *ret_columns = columns;
    return name == NULL ? STATUS_OK
                        : error_set(error, STATUS_INVALID, "two columns have the name %.*s",
                                    (int)name->bytes.size, (const char *)name->bytes.data);
}

static struct value field_value(struct bytes field, struct arena *arena)
{
    struct value value = {.kind = VALUE_DECIMAL};
    struct decimal decimal;
    if (decimal_parse(field, arena, &decimal, NULL) == STATUS_OK &&
        decimal_normalise(&decimal, arena, &value.decimal, NULL) == STATUS_OK) {
        return value;
    }
    return value_of_text(arena_copy(arena, field));
}

enum status columns_item(const struct columns *columns, struct bytes line, struct arena *arena,
                         struct value *ret_item, struct error *error)
{
    struct bytes *fields = NULL;
    size_t count = 0;
    struct value item = {.kind = VALUE_MAP};
    enum status status = line_split(line, arena, &fields, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    item.pairs.at = arena_create_array(arena, 2 * columns->count, sizeof(struct value));
    for (size_t i = 0; i < count; i++) {
        if (i >= columns->count && fields[i].size > 0) {
            return error_set(error, STATUS_INVALID,
                             "the line has more fields than the %zu columns of the first", columns->count);
        }
        if (fields[i].size > 0 && columns->names[i].bytes.size > 0) {
            item.pairs.at[2 * item.pairs.count] = columns->names[i];
            item.pairs.at[2 * item.pairs.count + 1] = field_value(fields[i], arena);
            item.pairs.count++;
        }
    }
    CHECK(value_map_sort(&item)); /* the names differ */
    *ret_item = item;
    return STATUS_OK;
}
