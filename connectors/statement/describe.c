#include "describe.h"

#include <inttypes.h>
#include <stddef.h>

#include "cql/notation.h"
#include "describe_text.h"
#include "select.h"
#include "syntax/syntax.h"
#include "system_rows.h"
#include "value/scalar_text.h"
#include "value/serial.h"

/* --- columns -------------------------------------------------------------------------------------------------------- */

enum {
    NAMES = 3,      /* of keyspace_name, type, name */
    STATEMENTS = 4, /* and create_statement */
    CLUSTER = 3,    /* of cluster, partitioner, snitch */
    OWNERSHIP = 4,  /* and range_ownership */
};

static const struct type text_type = {.kind = TYPE_TEXT};
static const struct type ranges_type = {
    .kind = TYPE_MAP,
    .count = 2,
    .parameters =
        (struct type[]){{.kind = TYPE_TEXT},
                        {.kind = TYPE_LIST, .count = 1, .parameters = (struct type[]){{.kind = TYPE_TEXT}}}}};

static bool is_listing(enum cql_describe_kind kind)
{
    return kind == CQL_DESCRIBE_KEYSPACES || kind == CQL_DESCRIBE_TABLES || kind == CQL_DESCRIBE_TYPES ||
           kind == CQL_DESCRIBE_FUNCTIONS || kind == CQL_DESCRIBE_AGGREGATES;
}

static bool shows_ranges(const struct exec_call *call)
{
    struct bytes keyspace = call->keyspace;
    return keyspace.size > 0 && !exec_keyspace_is_system(keyspace);
}

struct cql_metadata statement__describe_result(const struct exec_call *call,
                                               const struct cql_describe *statement)
{
    static const char *const elements[] = {"keyspace_name", "type", "name", "create_statement"};
    static const char *const cluster[] = {"cluster", "partitioner", "snitch", "range_ownership"};
    bool is_cluster = statement->kind == CQL_DESCRIBE_CLUSTER;
    size_t count = is_listing(statement->kind) ? NAMES : STATEMENTS;
    if (is_cluster) {
        count = shows_ranges(call) ? OWNERSHIP : CLUSTER;
    }
    struct cql_column_spec *columns = arena_create_array(call->arena, count, sizeof(*columns));
    for (size_t i = 0; i < count; i++) {
        columns[i] =
            (struct cql_column_spec){.keyspace = bytes_of_text("system"),
                                     .table = bytes_of_text("describe"),
                                     .name = bytes_of_text(is_cluster ? cluster[i] : elements[i]),
                                     .type = is_cluster && i + 1 == OWNERSHIP ? &ranges_type : &text_type};
    }
    return (struct cql_metadata){.columns = columns, .count = count};
}

/* --- what there is -------------------------------------------------------------------------------------------------- */

/* A keyspace; its name comes first, as statement__described_order wants it. */
struct space {
    struct bytes name;
    const struct described_keyspace *keyspace;
    bool is_system;
    bool is_virtual;
};

struct describe {
    struct exec_call *call;
    const struct cql_describe *statement;
    const struct described *described;
    const struct space **spaces; /* by name */
    size_t spaces_count;
    struct buffer cells;
    size_t rows;
};

static void spaces_add(struct space *spaces, size_t *count, const struct described_keyspace *keyspaces,
                       size_t added, bool is_system, bool is_virtual)
{
    for (size_t i = 0; i < added; i++) {
        spaces[(*count)++] = (struct space){.name = keyspaces[i].name,
                                            .keyspace = &keyspaces[i],
                                            .is_system = is_system,
                                            .is_virtual = is_virtual};
    }
}

static enum status describe_begin(struct describe *describe)
{
    struct arena *arena = describe->call->arena;
    size_t ordinary_count = 0;
    size_t virtual_count = 0;
    size_t count = 0;
    enum status status = statement__describe_catalog(describe->call, &describe->described);
    if (status != STATUS_OK) {
        return status;
    }
    const struct described *described = describe->described;
    const struct described_keyspace *ordinary = statement__system_describe(arena, false, &ordinary_count);
    const struct described_keyspace *virtual_ones = statement__system_describe(arena, true, &virtual_count);
    struct space *spaces =
        arena_create_array(arena, described->keyspaces_count + ordinary_count + virtual_count,
                           sizeof(*spaces));
    spaces_add(spaces, &count, described->keyspaces, described->keyspaces_count, false, false);
    for (size_t i = 0; i < count; i++) {
        spaces[i].is_system =
            exec_keyspace_is_system(spaces[i].name); /* that of documents: nobody makes it */
    }
    spaces_add(spaces, &count, ordinary, ordinary_count, true, false);
    spaces_add(spaces, &count, virtual_ones, virtual_count, true, true);
    describe->spaces =
        (const struct space **)statement__described_order(spaces, count, sizeof(*spaces), arena);
    describe->spaces_count = count;
    return STATUS_OK;
}

static enum status describe_fail(struct describe *describe, const char *format, struct bytes name,
                                 struct bytes keyspace)
{
    return exec_fail(describe->call, CQL_INVALID, format, (int)name.size, (const char *)name.data,
                     (int)keyspace.size, (const char *)keyspace.data);
}

static const struct space *space_find(const struct describe *describe, struct bytes name)
{
    for (size_t i = 0; i < describe->spaces_count; i++) {
        if (bytes_equal(describe->spaces[i]->name, name)) {
            return describe->spaces[i];
        }
    }
    return NULL;
}

/* The keyspace that is named, or the one in use. NULL: the failure is set. */
static const struct space *space_of(struct describe *describe, struct bytes named)
{
    struct bytes name = named.size > 0 ? named : describe->call->keyspace;
    const struct space *space = space_find(describe, name);
    enum status status = STATUS_OK;
    if (name.size == 0) {
        status = exec_fail(describe->call, CQL_INVALID, "No keyspace specified and no current keyspace");
    } else if (space == NULL) {
        status = exec_fail_name(describe->call, "'%.*s' not found in keyspaces", name);
    }
    return status == STATUS_OK ? space : NULL;
}

/* --- sorts of elements ---------------------------------------------------------------------------------------------- */

/* Elements of a keyspace: an array whose elements begin with their name. */
struct sort {
    const char *type;
    const char *missing; /* with the element's name and the keyspace's */
    size_t array;        /* where struct described_keyspace has it … */
    size_t count;        /* … and how many there are */
    size_t size;
    void (*write)(const struct described_keyspace *keyspace, const void *element,
                  const struct describe_style *style, struct buffer *buffer);
    size_t arguments; /* where an element has the types of its arguments, which its name then shows; or 0 */
};

#define SORT_ARRAY(member)                                                                                   \
    .array = offsetof(struct described_keyspace, member),                                                    \
    .count = offsetof(struct described_keyspace, member##_count),                                            \
    .size = sizeof(*((struct described_keyspace *)NULL)->member)

static const struct sort sort_table = {.type = "table",
                                       .missing = "Table '%.*s' not found in keyspace '%.*s'",
                                       SORT_ARRAY(tables),
                                       .write = statement__describe_table};
static const struct sort sort_view = {.type = "materialized_view",
                                      .missing = "Materialized view '%.*s' not found in '%.*s'",
                                      SORT_ARRAY(views),
                                      .write = statement__describe_view};
static const struct sort sort_type = {.type = "type",
                                      .missing = "User defined type '%.*s' not found in '%.*s'",
                                      SORT_ARRAY(types),
                                      .write = statement__describe_type};
static const struct sort sort_function = {.type = "function",
                                          .missing = "User defined function '%.*s' not found in '%.*s'",
                                          SORT_ARRAY(functions),
                                          .write = statement__describe_function,
                                          .arguments = offsetof(struct described_function, argument_types)};
static const struct sort sort_aggregate = {.type = "aggregate",
                                           .missing = "User defined aggregate '%.*s' not found in '%.*s'",
                                           SORT_ARRAY(aggregates),
                                           .write = statement__describe_aggregate,
                                           .arguments = offsetof(struct described_aggregate, argument_types)};

static const void **sort_elements(const struct describe *describe, const struct sort *sort,
                                  const struct space *space, size_t *ret_count)
{
    const uint8_t *keyspace = (const uint8_t *)space->keyspace;
    const void *array = NULL;
    memcpy(&array, keyspace + sort->array, sizeof(array));
    memcpy(ret_count, keyspace + sort->count, sizeof(*ret_count));
    return statement__described_order(array, *ret_count, sort->size, describe->call->arena);
}

static struct bytes element_name(const void *element)
{
    return *(const struct bytes *)element;
}

/* --- rows ----------------------------------------------------------------------------------------------------------- */

/* The name is quoted when it must be; `arguments` NULL: it has none. */
static void put_row(struct describe *describe, const struct space *space, const char *type, struct bytes name,
                    const struct described_texts *arguments, const struct buffer *statement)
{
    struct buffer text = {0};
    cql_name_format(space->name, &text);
    cql_put_bytes(&describe->cells, buffer_bytes(&text));
    cql_put_bytes(&describe->cells, bytes_of_text(type));
    buffer_clear(&text);
    cql_name_format(name, &text);
    if (arguments != NULL) {
        buffer_put_u8(&text, '(');
        statement__describe_texts(arguments, &text);
        buffer_put_u8(&text, ')');
    }
    cql_put_bytes(&describe->cells, buffer_bytes(&text));
    if (statement != NULL) {
        cql_put_bytes(&describe->cells, buffer_bytes(statement));
    }
    buffer_reset(&text);
    describe->rows++;
}

static struct describe_style style_of(const struct describe *describe, const struct space *space)
{
    return (struct describe_style){.is_virtual = space->is_virtual,
                                   .has_internals = describe->statement->has_internals,
                                   .arena = describe->call->arena};
}

static void put_keyspace(struct describe *describe, const struct space *space)
{
    struct buffer text = {0};
    const struct describe_style style = style_of(describe, space);
    statement__describe_keyspace(space->keyspace, &style, &text);
    put_row(describe, space, "keyspace", space->name, NULL, &text);
    buffer_reset(&text);
}

static void put_element(struct describe *describe, const struct space *space, const struct sort *sort,
                        const void *element, bool has_statement)
{
    struct buffer text = {0};
    const struct describe_style style = style_of(describe, space);
    const struct described_texts *arguments =
        sort->arguments == 0 ? NULL : (const void *)((const uint8_t *)element + sort->arguments);
    if (has_statement) {
        sort->write(space->keyspace, element, &style, &text);
    }
    put_row(describe, space, sort->type, element_name(element), arguments, has_statement ? &text : NULL);
    buffer_reset(&text);
}

static void put_index(struct describe *describe, const struct space *space,
                      const struct described_table *table, const struct described_index *index)
{
    struct buffer text = {0};
    const struct describe_style style = style_of(describe, space);
    statement__describe_index(space->keyspace, table->name, index, &style, &text);
    put_row(describe, space, "index", index->name, NULL, &text);
    buffer_reset(&text);
}

/* A table, then its indexes and its views. */
static void put_table(struct describe *describe, const struct space *space,
                      const struct described_table *table)
{
    size_t count = 0;
    put_element(describe, space, &sort_table, table, true);
    const void **indexes = statement__described_order(table->indexes, table->indexes_count,
                                                      sizeof(*table->indexes), describe->call->arena);
    for (size_t i = 0; i < table->indexes_count; i++) {
        put_index(describe, space, table, indexes[i]);
    }
    const void **views = sort_elements(describe, &sort_view, space, &count);
    for (size_t i = 0; i < count; i++) {
        const struct described_table *view = views[i];
        if (bytes_equal(view->base_name, table->name)) {
            put_element(describe, space, &sort_view, view, true);
        }
    }
}

static void put_all(struct describe *describe, const struct space *space, const struct sort *sort,
                    bool has_statement)
{
    size_t count = 0;
    const void **elements = sort_elements(describe, sort, space, &count);
    for (size_t i = 0; i < count; i++) {
        put_element(describe, space, sort, elements[i], has_statement);
    }
}

/* --- types before those that use them ------------------------------------------------------------------------------- */

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether a type as it is written names another one. Names of types have no other characters. */
static bool text_names(struct bytes text, struct bytes name)
{
    for (size_t i = 0; i + name.size <= text.size; i++) {
        bool begins = i == 0 || !is_letter(text.data[i - 1]);
        bool ends = i + name.size == text.size || !is_letter(text.data[i + name.size]);
        if (begins && ends && bytes_equal(bytes_part(text, i, name.size), name)) {
            return true;
        }
    }
    return false;
}

static bool type_uses(const struct described_type *type, struct bytes name)
{
    for (size_t i = 0; i < type->field_types.count; i++) {
        if (text_names(type->field_types.at[i], name)) {
            return true;
        }
    }
    return false;
}

/* The first of the types that are left which uses no other of them; they are all there before it. */
static size_t types_next(const void *const *types, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t other = 0;
        while (other < count && (other == i || !type_uses(types[i], element_name(types[other])))) {
            other++;
        }
        if (other == count) {
            return i;
        }
    }
    return 0;
}

static void put_types(struct describe *describe, const struct space *space)
{
    size_t count = 0;
    const void **types = sort_elements(describe, &sort_type, space, &count);
    while (count > 0) {
        size_t next = types_next(types, count);
        put_element(describe, space, &sort_type, types[next], true);
        count--;
        for (size_t i = next; i < count; i++) {
            types[i] = types[i + 1];
        }
    }
}

static void put_space(struct describe *describe, const struct space *space, bool is_only)
{
    size_t count = 0;
    put_keyspace(describe, space);
    if (is_only) {
        return;
    }
    put_types(describe, space);
    put_all(describe, space, &sort_function, true);
    put_all(describe, space, &sort_aggregate, true);
    const void **tables = sort_elements(describe, &sort_table, space, &count);
    for (size_t i = 0; i < count; i++) {
        put_table(describe, space, tables[i]);
    }
}

/* --- statements ----------------------------------------------------------------------------------------------------- */

/* DESCRIBE CLUSTER's map: the end of each range, and who has it. */
static struct value cluster_ranges(struct describe *describe)
{
    struct arena *arena = describe->call->arena;
    const struct described_node *node = &describe->described->node;
    struct value *pairs = arena_create_array(arena, (size_t)2 * SYSTEM_TOKENS, sizeof(*pairs));
    struct value *owner = arena_create(arena, sizeof(*owner));
    struct buffer address = {0};
    scalar_format(&(struct value){.kind = VALUE_INET, .bytes = node->broadcast_address}, &address);
    *owner = value_of_text(bytes_of_text(
        arena_format(arena, "%.*s:%d", (int)address.size, (const char *)address.data, node->broadcast_port)));
    buffer_reset(&address);
    for (size_t i = 0; i < SYSTEM_TOKENS; i++) {
        pairs[2 * i] =
            value_of_text(bytes_of_text(arena_format(arena, "%" PRId64, statement__system_token(i))));
        pairs[2 * i + 1] = (struct value){.kind = VALUE_LIST, .items = {.at = owner, .count = 1}};
    }
    struct value map = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = SYSTEM_TOKENS}};
    CHECK(value_map_sort(&map));
    return map;
}

static enum status describe_cluster(struct describe *describe)
{
    static const char partitioner[] = SYSTEM_PARTITIONER;
    struct error error;
    struct buffer bytes = {0};
    enum status status = STATUS_OK;
    cql_put_bytes(&describe->cells, describe->described->node.cluster_name);
    cql_put_bytes(&describe->cells, bytes_of_text(strrchr(partitioner, '.') + 1));
    cql_put_bytes(&describe->cells, bytes_of_text("SimpleSnitch"));
    if (shows_ranges(describe->call)) {
        const struct value ranges = cluster_ranges(describe);
        status = serial_encode(&ranges_type, &ranges, &bytes, &error);
        cql_put_bytes(&describe->cells, buffer_bytes(&bytes));
        buffer_reset(&bytes);
    }
    describe->rows++;
    return status == STATUS_OK ? status : exec_fail_status(describe->call, status, error.text);
}

static enum status describe_schema(struct describe *describe)
{
    bool is_full = describe->statement->kind == CQL_DESCRIBE_FULL_SCHEMA;
    for (size_t i = 0; i < describe->spaces_count; i++) {
        if (is_full || !describe->spaces[i]->is_system) {
            put_space(describe, describe->spaces[i], false);
        }
    }
    return STATUS_OK;
}

static enum status describe_keyspaces(struct describe *describe)
{
    for (size_t i = 0; i < describe->spaces_count; i++) {
        put_row(describe, describe->spaces[i], "keyspace", describe->spaces[i]->name, NULL, NULL);
    }
    return STATUS_OK;
}

static enum status describe_keyspace(struct describe *describe)
{
    const struct space *space = space_of(describe, describe->statement->name.name);
    if (space == NULL) {
        return STATUS_INVALID;
    }
    put_space(describe, space, describe->statement->is_only);
    return STATUS_OK;
}

/* Names, in the keyspace in use, or in all. */
static enum status describe_listing(struct describe *describe, const struct sort *sort)
{
    bool is_one = describe->call->keyspace.size > 0;
    const struct space *space = is_one ? space_of(describe, (struct bytes){0}) : NULL;
    for (size_t i = 0; i < describe->spaces_count && !is_one; i++) {
        put_all(describe, describe->spaces[i], sort, false);
    }
    if (space != NULL) {
        put_all(describe, space, sort, false);
    }
    return is_one && space == NULL ? STATUS_INVALID : STATUS_OK;
}

/* All elements of that name: functions may share one. */
static bool describe_named(struct describe *describe, const struct space *space, const struct sort *sort)
{
    size_t count = 0;
    size_t rows = describe->rows;
    const void **elements = sort_elements(describe, sort, space, &count);
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal(element_name(elements[i]), describe->statement->name.name)) {
            continue;
        }
        if (sort == &sort_table) {
            put_table(describe, space, elements[i]);
        } else {
            put_element(describe, space, sort, elements[i], true);
        }
    }
    return describe->rows > rows;
}

static enum status describe_element(struct describe *describe, const struct sort *sort)
{
    const struct cql_qualified *named = &describe->statement->name;
    const struct space *space = space_of(describe, named->keyspace);
    if (space == NULL) {
        return STATUS_INVALID;
    }
    if (describe_named(describe, space, sort)) {
        return STATUS_OK;
    }
    bool is_view = sort == &sort_table && describe_named(describe, space, &sort_view); /* as of a table */
    return is_view ? STATUS_OK : describe_fail(describe, sort->missing, named->name, space->name);
}

static bool describe_named_index(struct describe *describe, const struct space *space)
{
    struct bytes name = describe->statement->name.name;
    for (size_t i = 0; i < space->keyspace->tables_count; i++) {
        const struct described_table *table = &space->keyspace->tables[i];
        for (size_t k = 0; k < table->indexes_count; k++) {
            if (bytes_equal(table->indexes[k].name, name)) {
                put_index(describe, space, table, &table->indexes[k]);
                return true;
            }
        }
    }
    return false;
}

static enum status describe_index(struct describe *describe)
{
    const struct cql_qualified *named = &describe->statement->name;
    const struct space *space = space_of(describe, named->keyspace);
    if (space == NULL) {
        return STATUS_INVALID;
    }
    return describe_named_index(describe, space)
               ? STATUS_OK
               : describe_fail(describe, "Table for existing index '%.*s' not found in '%.*s'", named->name,
                               space->name);
}

/* A keyspace, or in a keyspace a table, an index or a view, in this order. */
static enum status describe_any(struct describe *describe)
{
    const struct cql_qualified *named = &describe->statement->name;
    const struct space *space = named->keyspace.size == 0 ? space_find(describe, named->name) : NULL;
    bool has_keyspace = named->keyspace.size > 0 || describe->call->keyspace.size > 0;
    if (space != NULL) {
        put_space(describe, space, false);
        return STATUS_OK;
    }
    if (!has_keyspace) {
        return exec_fail_name(describe->call, "'%.*s' not found in keyspaces", named->name);
    }
    space = space_of(describe, named->keyspace);
    if (space == NULL) {
        return STATUS_INVALID;
    }
    bool is_told = describe_named(describe, space, &sort_table) || describe_named_index(describe, space) ||
                   describe_named(describe, space, &sort_view);
    return is_told ? STATUS_OK
                   : describe_fail(describe, "'%.*s' not found in keyspace '%.*s'", named->name, space->name);
}

static enum status describe_run(struct describe *describe)
{
    switch (describe->statement->kind) {
    case CQL_DESCRIBE_CLUSTER:
        return describe_cluster(describe);
    case CQL_DESCRIBE_SCHEMA:
    case CQL_DESCRIBE_FULL_SCHEMA:
        return describe_schema(describe);
    case CQL_DESCRIBE_KEYSPACES:
        return describe_keyspaces(describe);
    case CQL_DESCRIBE_KEYSPACE:
        return describe_keyspace(describe);
    case CQL_DESCRIBE_TABLES:
        return describe_listing(describe, &sort_table);
    case CQL_DESCRIBE_TYPES:
        return describe_listing(describe, &sort_type);
    case CQL_DESCRIBE_FUNCTIONS:
        return describe_listing(describe, &sort_function);
    case CQL_DESCRIBE_AGGREGATES:
        return describe_listing(describe, &sort_aggregate);
    case CQL_DESCRIBE_TABLE:
        return describe_element(describe, &sort_table);
    case CQL_DESCRIBE_VIEW:
        return describe_element(describe, &sort_view);
    case CQL_DESCRIBE_TYPE:
        return describe_element(describe, &sort_type);
    case CQL_DESCRIBE_FUNCTION:
        return describe_element(describe, &sort_function);
    case CQL_DESCRIBE_AGGREGATE:
        return describe_element(describe, &sort_aggregate);
    case CQL_DESCRIBE_INDEX:
        return describe_index(describe);
    case CQL_DESCRIBE_ANY:
        break;
    }
    return describe_any(describe);
}

/* The cells of `count` rows from row `first` on. */
static struct bytes page_cells(struct bytes cells, size_t columns, size_t first, size_t count)
{
    struct reader reader = reader_of(cells);
    size_t begin = 0;
    for (size_t i = 0; i < (first + count) * columns; i++) {
        begin = i == first * columns ? cells.size - reader.rest.size : begin;
        int32_t size = (int32_t)reader_u32(&reader);
        (void)reader_bytes(&reader, size > 0 ? (size_t)size : 0);
    }
    CHECK(!reader.failed);
    return count == 0 ? (struct bytes){0} : bytes_part(cells, begin, cells.size - reader.rest.size - begin);
}

/* Answers with the page that is asked for. All rows are made for each; positions hold as long as the schema does. */
static enum status describe_answer(struct describe *describe, const struct cql_metadata *metadata)
{
    struct exec_call *call = describe->call;
    const struct cql_parameters *parameters = &call->request->message->parameters;
    uint8_t version[CQL_UUID_BYTES];
    struct select_position position = {0};
    enum status status = STATUS_OK;
    exec_schema_version(call->exec, version);
    if (parameters->has_paging_state) {
        status = statement__position_decode(call, parameters->paging_state, &position);
        if (status == STATUS_OK && !bytes_equal(position.key, bytes_of(version, sizeof(version)))) {
            return exec_fail(
                call, CQL_INVALID,
                "The schema has changed since the previous page of the DESCRIBE statement result. "
                "Please retry the DESCRIBE statement.");
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    size_t first = position.range < describe->rows ? position.range : describe->rows;
    size_t count = describe->rows - first;
    size_t most = parameters->page_rows > 0 ? (size_t)parameters->page_rows : count;
    bool has_more = most < count;
    count = has_more ? most : count;
    struct cql_answer answer = {.kind = CQL_ANSWER_ROWS,
                                .rows = {.metadata = metadata,
                                         .count = count,
                                         .has_more = has_more,
                                         .cells = page_cells(buffer_bytes(&describe->cells), metadata->count,
                                                             first, count)}};
    if (has_more) {
        position =
            (struct select_position){.range = first + count, .key = bytes_of(version, sizeof(version))};
        answer.rows.paging_state = statement__position_encode(call, &position);
    }
    exec_answer(call, &answer);
    return STATUS_OK;
}

enum status exec_describe(struct exec_call *call, const struct cql_describe *statement)
{
    struct describe describe = {.call = call, .statement = statement};
    const struct cql_metadata metadata = statement__describe_result(call, statement);
    enum status status = describe_begin(&describe);
    if (status == STATUS_OK) {
        status = describe_run(&describe);
    }
    if (status == STATUS_OK) {
        status = describe_answer(&describe, &metadata);
    }
    buffer_reset(&describe.cells);
    return status;
}
