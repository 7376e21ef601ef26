#include "value/type_text.h"

#include "value/bounds.h"

/* --- reading ---------------------------------------------------------------------------------------------------- */

struct type_parser {
    struct bytes rest;
    const struct type_names *names;
    struct arena *arena;
    struct error *error;
    unsigned depth;
    size_t nodes;
};

/* A name as written, quotes resolved. */
struct type_word {
    struct bytes text;
    bool is_quoted;
};

static bool parse_is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void parse_skip(struct type_parser *parser)
{
    while (parser->rest.size > 0 && (parser->rest.data[0] == ' ' || parser->rest.data[0] == '\t' ||
                                     parser->rest.data[0] == '\n' || parser->rest.data[0] == '\r')) {
        parser->rest = bytes_from(parser->rest, 1);
    }
}

static bool parse_mark(struct type_parser *parser, uint8_t mark)
{
    parse_skip(parser);
    if (parser->rest.size == 0 || parser->rest.data[0] != mark) {
        return false;
    }
    parser->rest = bytes_from(parser->rest, 1);
    return true;
}

static enum status parse_malformed(struct type_parser *parser)
{
    size_t shown = parser->rest.size < 40 ? parser->rest.size : 40;
    return shown == 0 ? error_set(parser->error, STATUS_INVALID, "the type ends too early")
                      : error_set(parser->error, STATUS_INVALID, "a type cannot go on with '%.*s'",
                                  (int)shown, (const char *)parser->rest.data);
}

/* What is between quotes; a quote inside is written twice. */
static bool parse_quoted(struct type_parser *parser, struct bytes *ret_text)
{
    struct bytes rest = bytes_from(parser->rest, 1);
    uint8_t *text = arena_create(parser->arena, rest.size);
    size_t size = 0;
    size_t i = 0;
    while (i < rest.size && (rest.data[i] != '"' || (i + 1 < rest.size && rest.data[i + 1] == '"'))) {
        text[size++] = rest.data[i];
        i += rest.data[i] == '"' ? 2 : 1;
    }
    if (i == rest.size || size == 0) {
        return false;
    }
    *ret_text = bytes_of(text, size);
    parser->rest = bytes_from(rest, i + 1);
    return true;
}

static enum status parse_word(struct type_parser *parser, struct type_word *ret_word)
{
    parse_skip(parser);
    ret_word->is_quoted = parser->rest.size > 0 && parser->rest.data[0] == '"';
    if (ret_word->is_quoted) {
        return parse_quoted(parser, &ret_word->text) ? STATUS_OK : parse_malformed(parser);
    }
    size_t size = 0;
    while (size < parser->rest.size && parse_is_letter(parser->rest.data[size])) {
        size++;
    }
    if (size == 0) {
        return parse_malformed(parser);
    }
    uint8_t *small = arena_create(parser->arena, size);
    for (size_t i = 0; i < size; i++) {
        uint8_t c = parser->rest.data[i];
        small[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
    }
    parser->rest = bytes_from(parser->rest, size);
    ret_word->text = bytes_of(small, size);
    return STATUS_OK;
}

/* Counts into the bound on the whole tree, before any of it is copied. */
static enum status parse_count(struct type_parser *parser, size_t nodes)
{
    parser->nodes += nodes;
    return parser->nodes <= TYPE_NODES_MAX
               ? STATUS_OK
               : error_set(parser->error, STATUS_TOO_LARGE, "a type may have %d parts", TYPE_NODES_MAX);
}

/* NOLINTBEGIN(misc-no-recursion): parse_type counts the depth */
static enum status parse_type(struct type_parser *parser, struct type *ret_type);

static size_t parse_nodes(const struct type *type)
{
    size_t nodes = 1;
    for (size_t i = 0; i < type->count; i++) {
        nodes += parse_nodes(&type->parameters[i]);
    }
    return nodes;
}

static enum status parse_unknown(struct type_parser *parser, struct bytes name)
{
    int size = (int)(name.size < 64 ? name.size : 64);
    return parser->names != NULL
               ? error_set(parser->error, STATUS_INVALID, "Unknown type %.*s", size, (const char *)name.data)
               : error_set(
                     parser->error, STATUS_INVALID,
                     "no type is called %.*s; there are text, ascii, blob, number, boolean, tinyint, "
                     "smallint, int, bigint, varint, decimal, float, double, uuid, timeuuid, timestamp, "
                     "date, time, duration, inet, list<>, set<>, map<>, tuple<>, vector<> and frozen<>",
                     size, (const char *)name.data);
}

/* A scalar, or a user-defined type: what is quoted or has a keyspace is never a scalar. */
static enum status parse_named(struct type_parser *parser, const struct type_word *word,
                               struct type *ret_type)
{
    struct type_word name = *word;
    struct bytes keyspace = {0};
    bool is_qualified = parse_mark(parser, '.');
    if (!is_qualified && !word->is_quoted && type_of_name(word->text, ret_type) &&
        (parser->names == NULL || (ret_type->kind != TYPE_ANY && ret_type->kind != TYPE_NUMBER))) {
        return parse_count(parser, 1);
    }
    if (is_qualified) {
        keyspace = word->text;
        enum status status = parse_word(parser, &name);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (parser->names == NULL) {
        return parse_unknown(parser, name.text);
    }
    enum status status = parser->names->resolve(parser->names->context, keyspace, name.text, parser->arena,
                                                ret_type, parser->error);
    return status == STATUS_OK ? parse_count(parser, parse_nodes(ret_type)) : status;
}

static enum status parse_dimension(struct type_parser *parser, uint32_t *ret_dimension)
{
    uint64_t number = 0;
    size_t i = 0;
    parse_skip(parser);
    for (; i < parser->rest.size && parser->rest.data[i] >= '0' && parser->rest.data[i] <= '9'; i++) {
        number = number > TYPE_DIMENSION_MAX ? number : number * 10 + (parser->rest.data[i] - '0');
    }
    if (i == 0) {
        return parse_malformed(parser);
    }
    parser->rest = bytes_from(parser->rest, i);
    *ret_dimension = (uint32_t)number;
    return STATUS_OK;
}

/* What is between the angle brackets: types, and behind those of a vector a number. */
static enum status parse_parameters(struct type_parser *parser, struct type *type)
{
    struct buffer found = {0};
    enum status status = parse_mark(parser, '<') ? STATUS_OK : parse_malformed(parser);
    bool has_more = status == STATUS_OK;
    while (has_more && status == STATUS_OK) {
        struct type parameter = {0};
        if (type->kind == TYPE_VECTOR && type->count == 1) {
            status = parse_dimension(parser, &type->dimension);
        } else {
            status = parse_type(parser, &parameter);
            buffer_put(&found, bytes_of(&parameter, sizeof(parameter)));
            type->count++;
        }
        has_more = status == STATUS_OK && parse_mark(parser, ',');
    }
    if (status == STATUS_OK && !parse_mark(parser, '>')) {
        status = parse_malformed(parser);
    }
    type->parameters = (const void *)arena_copy(parser->arena, buffer_bytes(&found)).data;
    buffer_reset(&found);
    return status;
}

static enum status parse_frozen(struct type_parser *parser, struct type *ret_type)
{
    struct type holder = {.kind = TYPE_LIST};
    enum status status = parse_parameters(parser, &holder);
    if (status != STATUS_OK) {
        return status;
    }
    if (holder.count != 1 || !type_has_parameters(holder.parameters[0].kind)) {
        return error_set(parser->error, STATUS_INVALID,
                         "frozen<> is only allowed on collections, tuples, and user-defined types (got %s)",
                         type_name(holder.parameters[0].kind));
    }
    *ret_type = type_freeze(&holder.parameters[0], parser->arena);
    return STATUS_OK;
}

static bool parse_container(const struct type_word *word, enum type_kind *ret_kind)
{
    static const enum type_kind kinds[] = {TYPE_LIST, TYPE_SET, TYPE_MAP, TYPE_TUPLE, TYPE_VECTOR};
    for (size_t i = 0; i < ARRAY_COUNT(kinds) && !word->is_quoted; i++) {
        if (bytes_equal(word->text, bytes_of_text(type_name(kinds[i])))) {
            *ret_kind = kinds[i];
            return true;
        }
    }
    return false;
}

static enum status parse_type(struct type_parser *parser, struct type *ret_type)
{
    struct type_word word = {0};
    struct type type = {0};
    enum status status = parse_word(parser, &word);
    if (status != STATUS_OK) {
        return status;
    }
    if (parser->depth == 2 * TYPE_DEPTH_MAX) { /* with frozen<> around each */
        return error_set(parser->error, STATUS_TOO_LARGE, "a type may nest %d levels", TYPE_DEPTH_MAX);
    }
    parser->depth++;
    if (!word.is_quoted && bytes_equal(word.text, bytes_of_text("frozen"))) {
        status = parse_frozen(parser, ret_type);
    } else if (parse_container(&word, &type.kind)) {
        status = parse_count(parser, 1);
        if (status == STATUS_OK) {
            status = parse_parameters(parser, &type);
        }
        bool freezes = type.kind == TYPE_TUPLE || type.kind == TYPE_VECTOR;
        if (status == STATUS_OK) {
            *ret_type = freezes ? type_freeze(&type, parser->arena) : type;
        }
    } else {
        status = parse_named(parser, &word, ret_type);
    }
    parser->depth--;
    return status;
}

/* NOLINTEND(misc-no-recursion) */

enum status type_parse(struct bytes text, const struct type_names *names, struct arena *arena,
                       struct type *ret_type, struct error *error)
{
    struct type_parser parser = {.rest = text, .names = names, .arena = arena, .error = error};
    struct type type = {0};
    if (text.size > TYPE_TEXT_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a type of %zu characters; %d are allowed", text.size,
                         TYPE_TEXT_BYTES_MAX);
    }
    enum status status = parse_type(&parser, &type);
    parse_skip(&parser);
    if (status == STATUS_OK && parser.rest.size > 0) {
        status = parse_malformed(&parser);
    }
    if (status == STATUS_OK) {
        status = type_validate(&type, error);
    }
    if (status == STATUS_OK) {
        *ret_type = type;
    }
    return status;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* Whether CQL would take the name without quotes for a name, and for this one. */
static bool format_is_plain(struct bytes name)
{
    static const char *const reserved[] = {
        "add",      "allow",       "alter",   "and",          "apply",    "asc",          "authorize",
        "batch",    "begin",       "by",      "columnfamily", "create",   "delete",       "desc",
        "describe", "drop",        "entries", "execute",      "from",     "frozen",       "full",
        "grant",    "if",          "in",      "index",        "infinity", "insert",       "into",
        "is",       "keyspace",    "limit",   "list",         "map",      "materialized", "modify",
        "nan",      "norecursive", "not",     "null",         "of",       "on",           "or",
        "order",    "primary",     "rename",  "replace",      "revoke",   "schema",       "select",
        "set",      "table",       "to",      "token",        "truncate", "tuple",        "unlogged",
        "update",   "use",         "using",   "vector",       "view",     "where",        "with"};
    struct type scalar;
    bool is_plain =
        name.size > 0 && name.data[0] >= 'a' && name.data[0] <= 'z' && !type_of_name(name, &scalar);
    for (size_t i = 0; i < name.size && is_plain; i++) {
        is_plain = parse_is_letter(name.data[i]) && !(name.data[i] >= 'A' && name.data[i] <= 'Z');
    }
    for (size_t i = 0; i < ARRAY_COUNT(reserved) && is_plain; i++) {
        is_plain = !bytes_equal(name, bytes_of_text(reserved[i]));
    }
    return is_plain;
}

static void format_name(struct bytes name, struct buffer *buffer)
{
    if (format_is_plain(name)) {
        buffer_put(buffer, name);
        return;
    }
    buffer_put_quoted(buffer, name, '"');
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the type, which type_validate bounds by TYPE_DEPTH_MAX */
void type_format(const struct type *type, struct buffer *buffer)
{
    bool shows_frozen = type->is_frozen && type->kind != TYPE_VECTOR; /* Cassandra's vectors do not say it */
    if (shows_frozen) {
        buffer_put_text(buffer, "frozen<");
    }
    if (type->kind == TYPE_UDT) {
        format_name(type->udt->name, buffer);
    } else {
        buffer_put_text(buffer, type_name(type->kind));
    }
    bool has_brackets = type_has_parameters(type->kind) && type->kind != TYPE_UDT;
    for (size_t i = 0; i < type->count && has_brackets; i++) {
        buffer_put_text(buffer, i == 0 ? "<" : ", ");
        type_format(&type->parameters[i], buffer);
    }
    if (type->kind == TYPE_VECTOR) {
        buffer_put_format(buffer, ", %u", type->dimension);
    }
    buffer_put_text(buffer, has_brackets ? ">" : "");
    buffer_put_text(buffer, shows_frozen ? ">" : "");
}
