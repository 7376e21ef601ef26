#include "class_type.h"

#include <ctype.h>

#include "cql/column.h"
#include "value/bounds.h"

/* Between the quotes, on its way. */
struct class_text {
    struct exec_call *call;
    struct bytes whole;
    struct bytes rest;
    struct buffer *type; /* as CQL writes it, as far as it is read */
    unsigned depth;
};

/* Cassandra's classes that are no type of CQL's. */
static const char *const class_others[] = {"CompositeType", "DynamicCompositeType", "EmptyType", "UserType"};

static enum status class_fail(const struct class_text *class, const char *format, struct bytes name)
{
    struct buffer text = {0};
    buffer_put_format(&text, format, (int)name.size, (const char *)name.data);
    enum status status =
        exec_fail(class->call, CQL_SYNTAX_ERROR, "Error setting type %.*s: %.*s", (int)class->whole.size,
                  (const char *)class->whole.data, (int)text.size, (const char *)text.data);
    buffer_reset(&text);
    return status;
}

static enum status class_unexpected(const struct class_text *class)
{
    return class->rest.size == 0
               ? class_fail(class, "Syntax error: the name ends too early%.*s", (struct bytes){0})
               : class_fail(class, "Syntax error: unexpected character '%.*s'",
                            bytes_part(class->rest, 0, 1));
}

static void class_skip(struct class_text *class)
{
    while (class->rest.size > 0 && isspace(class->rest.data[0])) {
        class->rest = bytes_from(class->rest, 1);
    }
}

static bool class_mark(struct class_text *class, char mark)
{
    class_skip(class);
    if (class->rest.size == 0 || class->rest.data[0] != (uint8_t)mark) {
        return false;
    }
    class->rest = bytes_from(class->rest, 1);
    class_skip(class);
    return true;
}

/* A name with its package, or a number. */
static struct bytes class_word(struct class_text *class)
{
    size_t size = 0;
    class_skip(class);
    while (size < class->rest.size && (isalnum(class->rest.data[size]) || class->rest.data[size] == '.' ||
                                       class->rest.data[size] == '_' || class->rest.data[size] == '$')) {
        size++;
    }
    struct bytes word = bytes_part(class->rest, 0, size);
    class->rest = bytes_from(class->rest, size);
    return word;
}

static struct bytes class_short(struct bytes name)
{
    static const char package[] = CQL_CLASS_PACKAGE;
    size_t size = sizeof(package) - 1;
    return name.size > size && memcmp(name.data, package, size) == 0 ? bytes_from(name, size) : name;
}

/* NOLINTBEGIN(misc-no-recursion): class_type counts the depth */
static enum status class_type(struct class_text *class);

/* "(A, B)" as "<a, b>"; the last one of a vector is a number. */
static enum status class_parameters(struct class_text *class, bool is_vector)
{
    enum status status = STATUS_OK;
    if (!class_mark(class, '(')) {
        return STATUS_OK;
    }
    buffer_put_text(class->type, "<");
    status = class_type(class);
    while (status == STATUS_OK && class_mark(class, ',')) {
        buffer_put_text(class->type, ", ");
        if (is_vector) {
            buffer_put(class->type, class_word(class));
        } else {
            status = class_type(class);
        }
    }
    buffer_put_text(class->type, ">");
    return status == STATUS_OK && !class_mark(class, ')') ? class_unexpected(class) : status;
}

static enum status class_reversed(struct class_text *class)
{
    enum status status = class_mark(class, '(')
                             ? class_type(class)
                             : class_fail(class, "Missing argument%.*s", (struct bytes){0});
    return status == STATUS_OK && !class_mark(class, ')') ? class_unexpected(class) : status;
}

static enum status class_named(struct class_text *class, struct bytes name)
{
    struct bytes small = class_short(name);
    if (bytes_equal(small, bytes_of_text("ReversedType"))) {
        return class_reversed(class); /* of a descending column: the order is not part of CQL's type */
    }
    const char *known = cql_class_type_name(small);
    if (known != NULL) {
        buffer_put_text(class->type, known);
        return class_parameters(class, strcmp(known, "vector") == 0);
    }
    for (size_t i = 0; i < ARRAY_COUNT(class_others); i++) {
        if (bytes_equal(small, bytes_of_text(class_others[i]))) {
            return exec_fail(class->call, CQL_INVALID,
                             "Columns of class %s are not served: use a type of CQL's, a tuple or a blob",
                             class_others[i]);
        }
    }
    bool has_package = bytes_find_byte(name, '.') != NULL;
    return class_fail(class,
                      has_package ? "Unable to find abstract-type class '%.*s'"
                                  : "Unable to find abstract-type class '" CQL_CLASS_PACKAGE "%.*s'",
                      name);
}

static enum status class_type(struct class_text *class)
{
    struct bytes name = class_word(class);
    if (++class->depth > TYPE_DEPTH_MAX) {
        return class_fail(class, "too many types inside each other%.*s", (struct bytes){0});
    }
    enum status status = class_named(class, name);
    class->depth--;
    return status;
}
/* NOLINTEND(misc-no-recursion) */

static enum status class_write(struct exec_call *call, struct bytes name, struct buffer *type)
{
    struct class_text class = {.call = call, .whole = name, .rest = name, .type = type};
    enum status status = class_type(&class);
    class_skip(&class);
    return status == STATUS_OK && class.rest.size > 0 ? class_unexpected(&class) : status;
}

enum status statement__class_resolve(struct exec_call *call, struct bytes text, struct bytes *ret_text)
{
    struct buffer type = {0};
    enum status status = STATUS_OK;
    const uint8_t *quote = bytes_find_byte(text, '\'');
    *ret_text = text;
    if (quote == NULL) {
        return STATUS_OK;
    }
    while (quote != NULL && status == STATUS_OK) {
        size_t before = (size_t)(quote - text.data);
        const uint8_t *end = bytes_find_byte(bytes_from(text, before + 1), '\'');
        CHECK(end != NULL); /* the grammar's */
        size_t size = (size_t)(end - quote - 1);
        buffer_put(&type, bytes_part(text, 0, before));
        status = class_write(call, bytes_of(quote + 1, size), &type);
        text = bytes_from(text, before + size + 2);
        quote = bytes_find_byte(text, '\'');
    }
    buffer_put(&type, text);
    *ret_text = arena_copy(call->arena, buffer_bytes(&type));
    buffer_reset(&type);
    return status;
}
