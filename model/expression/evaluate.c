/* Values as expressions see them, and whether a condition holds. */
#include "expression_private.h"
#include "value/bounds.h"
#include "value/decimal.h"
#include "value/order.h"

bool value_is_number(const struct value *value)
{
    return value->kind == VALUE_INTEGER || value->kind == VALUE_DECIMAL || value->kind == VALUE_FLOAT ||
           value->kind == VALUE_DOUBLE;
}

static const char *document_set_type(const struct value *value)
{
    const struct value *first = value->items.count > 0 ? &value->items.at[0] : NULL;
    if (first == NULL || first->kind == VALUE_TEXT) {
        return "SS";
    }
    return value_is_number(first) ? "NS" : "BS";
}

const char *document_type(const struct value *value)
{
    static const char *const names[] = {
        [VALUE_NULL] = "NULL", [VALUE_EMPTY] = "NULL", [VALUE_BOOLEAN] = "BOOL", [VALUE_INTEGER] = "N",
        [VALUE_DECIMAL] = "N", [VALUE_FLOAT] = "N",    [VALUE_DOUBLE] = "N",     [VALUE_TEXT] = "S",
        [VALUE_BYTES] = "B",   [VALUE_UUID] = "S",     [VALUE_TIMEUUID] = "S",   [VALUE_TIMESTAMP] = "N",
        [VALUE_DATE] = "N",    [VALUE_TIME] = "N",     [VALUE_DURATION] = "S",   [VALUE_INET] = "S",
        [VALUE_LIST] = "L",    [VALUE_SET] = "SS",     [VALUE_MAP] = "M",        [VALUE_TUPLE] = "L",
        [VALUE_UDT] = "L",     [VALUE_VECTOR] = "L",
    };
    return value->kind == VALUE_SET ? document_set_type(value) : names[value->kind];
}

static struct decimal number_decimal(const struct value *value, struct arena *arena)
{
    return value->kind == VALUE_DECIMAL ? value->decimal : decimal_of_integer(value->integer, arena);
}

static double number_double(const struct value *value)
{
    switch ((int)value->kind) {
    case VALUE_INTEGER:
        return (double)value->integer;
    case VALUE_DECIMAL:
        return decimal_to_double(&value->decimal);
    case VALUE_FLOAT:
        return (double)value->float32;
    default:
        return value->float64;
    }
}

static bool number_is_exact(const struct value *value)
{
    return value->kind == VALUE_INTEGER || value->kind == VALUE_DECIMAL;
}

static bool number_order(const struct value *a, const struct value *b, int *ret_order)
{
    if (a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER) {
        *ret_order = a->integer < b->integer ? -1 : a->integer > b->integer;
        return true;
    }
    if (number_is_exact(a) && number_is_exact(b)) {
        struct arena arena = {0};
        struct decimal left = number_decimal(a, &arena);
        struct decimal right = number_decimal(b, &arena);
        *ret_order = decimal_compare(&left, &right);
        arena_reset(&arena);
        return true;
    }
    double left = number_double(a);
    double right = number_double(b);
    *ret_order = left < right ? -1 : left > right;
    return left == left && right == right; /* NaN has no order */
}

bool document_order(const struct value *a, const struct value *b, int *ret_order)
{
    if (value_is_number(a) && value_is_number(b)) {
        return number_order(a, b, ret_order);
    }
    bool is_ordered = a->kind == b->kind && a->kind != VALUE_NULL && a->kind != VALUE_EMPTY &&
                      a->kind != VALUE_LIST && a->kind != VALUE_SET && a->kind != VALUE_MAP &&
                      a->kind != VALUE_BOOLEAN;
    *ret_order = is_ordered ? value_compare(a, b) : 0;
    return is_ordered;
}

/* NOLINTBEGIN(misc-no-recursion): at most VALUE_DEPTH_MAX deep */
static bool sequence_equal(const struct value *a, const struct value *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!document_equal(&a[i], &b[i])) {
            return false;
        }
    }
    return true;
}

static bool set_equal(const struct value *a, const struct value *b)
{
    struct arena arena = {0};
    struct value_items left = members_of(a, &arena);
    struct value_items right = members_of(b, &arena);
    bool is_equal = left.count == right.count && sequence_equal(left.at, right.at, left.count);
    arena_reset(&arena);
    return is_equal;
}

bool document_equal(const struct value *a, const struct value *b)
{
    int order = 0;
    if (value_is_number(a) && value_is_number(b)) {
        return number_order(a, b, &order) && order == 0;
    }
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == VALUE_LIST) {
        return a->items.count == b->items.count && sequence_equal(a->items.at, b->items.at, a->items.count);
    }
    if (a->kind == VALUE_MAP) {
        return a->pairs.count == b->pairs.count &&
               sequence_equal(a->pairs.at, b->pairs.at, 2 * a->pairs.count);
    }
    return a->kind == VALUE_SET ? set_equal(a, b) : value_equal(a, b);
}

/* NOLINTEND(misc-no-recursion) */

/* DynamoDB counts UTF-16 code units: a character beyond the basic plane, of four bytes here, is two. */
static size_t text_units(struct bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += (text.data[i] & 0xC0) == 0x80 ? 0U : text.data[i] >= 0xF0 ? 2U : 1U;
    }
    return count;
}

static bool size_of(const struct value *value, struct value *ret_size)
{
    switch ((int)value->kind) {
    case VALUE_TEXT:
        *ret_size = value_of_integer((int64_t)text_units(value->bytes));
        return true;
    case VALUE_BYTES:
        *ret_size = value_of_integer((int64_t)value->bytes.size);
        return true;
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_TUPLE:
    case VALUE_VECTOR:
        *ret_size = value_of_integer((int64_t)value->items.count);
        return true;
    case VALUE_MAP:
        *ret_size = value_of_integer((int64_t)value->pairs.count);
        return true;
    default:
        return false;
    }
}

static const struct value *facts_image(const struct condition_facts *facts, enum operand_image image)
{
    if (image == IMAGE_OLD) {
        return facts->old;
    }
    return image == IMAGE_NEW && facts->item == NULL ? facts->old : facts->item;
}

/* What an operand stands for; NULL: nothing. `room` holds a computed one. */
static const struct value *operand_value(const struct operand *operand, const struct condition_facts *facts,
                                         struct value *room)
{
    if (operand->kind == OPERAND_VALUE) {
        return operand->value;
    }
    const struct value *item = facts_image(facts, operand->image);
    const struct value *found = operand->value != NULL ? operand->value
                                : item == NULL         ? NULL
                                                       : path_find(&operand->path, item);
    if (operand->kind == OPERAND_SIZE && found != NULL) {
        return size_of(found, room) ? room : NULL;
    }
    return found;
}

static bool order_holds(enum expression_test test, int order)
{
    switch ((int)test) {
    case EXPRESSION_EQUAL:
        return order == 0;
    case EXPRESSION_NOT_EQUAL:
        return order != 0;
    case EXPRESSION_LESS:
        return order < 0;
    case EXPRESSION_LESS_EQUAL:
        return order <= 0;
    case EXPRESSION_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool compare_holds(enum expression_test test, const struct value *a, const struct value *b)
{
    int order = 0;
    if (test == EXPRESSION_EQUAL) {
        return a != NULL && b != NULL && document_equal(a, b);
    }
    if (test == EXPRESSION_NOT_EQUAL) {
        return a == NULL || b == NULL || !document_equal(a, b);
    }
    return a != NULL && b != NULL && document_order(a, b, &order) && order_holds(test, order);
}

/* CQL reference, "Lightweight transactions": null is equal to null only, and before or after nothing. */
static bool cql_compare_holds(enum expression_test test, const struct value *a, const struct value *b)
{
    bool lacks_a = a == NULL || a->kind == VALUE_NULL;
    bool lacks_b = b == NULL || b->kind == VALUE_NULL;
    if (lacks_a || lacks_b) {
        return test == EXPRESSION_EQUAL ? lacks_a == lacks_b
                                        : test == EXPRESSION_NOT_EQUAL && lacks_a != lacks_b;
    }
    return order_holds(test, value_order(a, b));
}

static bool contains_bytes(struct bytes whole, struct bytes part)
{
    return part.size == 0 || bytes_find(whole, part) != NULL;
}

static bool contains_holds(const struct value *whole, const struct value *part)
{
    if (whole == NULL || part == NULL) {
        return false;
    }
    if (whole->kind == part->kind && (whole->kind == VALUE_TEXT || whole->kind == VALUE_BYTES)) {
        return contains_bytes(whole->bytes, part->bytes);
    }
    if (whole->kind != VALUE_LIST && whole->kind != VALUE_SET) {
        return false;
    }
    for (size_t i = 0; i < whole->items.count; i++) {
        if (document_equal(&whole->items.at[i], part)) {
            return true;
        }
    }
    return false;
}

/* An element of a list or set; of a map a value, or a key. */
static bool cql_contains_holds(const struct value *whole, const struct value *part, bool is_key)
{
    if (whole == NULL || part == NULL || whole->kind == VALUE_NULL) {
        return false;
    }
    bool is_map = whole->kind == VALUE_MAP;
    size_t width = is_map ? 2 : 1;
    size_t count = is_map ? whole->pairs.count : whole->items.count;
    const struct value *at = is_map ? whole->pairs.at : whole->items.at;
    for (size_t i = 0; i < count; i++) {
        if (value_order(&at[width * i + (is_map && !is_key ? 1 : 0)], part) == 0) {
            return true;
        }
    }
    return false;
}

static bool begins_with_holds(const struct value *whole, const struct value *prefix)
{
    return whole != NULL && prefix != NULL && whole->kind == prefix->kind &&
           (whole->kind == VALUE_TEXT || whole->kind == VALUE_BYTES) &&
           bytes_start_with(whole->bytes, prefix->bytes);
}

static bool in_holds(const struct condition *condition, const struct condition_facts *facts,
                     const struct value *sought)
{
    for (size_t i = 1; i < condition->operands_count; i++) {
        struct value room;
        const struct value *member = operand_value(&condition->operands[i], facts, &room);
        if (condition->dialect == DIALECT_CQL ? cql_compare_holds(EXPRESSION_EQUAL, sought, member)
                                              : compare_holds(EXPRESSION_EQUAL, sought, member)) {
            return true;
        }
    }
    return false;
}

static bool changed_holds(const struct condition *condition, const struct condition_facts *facts)
{
    const struct path *path = &condition->operands[0].path;
    const struct value *old = facts->old == NULL ? NULL : path_find(path, facts->old);
    const struct value *now = facts->item == NULL ? NULL : path_find(path, facts->item);
    if (old == NULL || now == NULL) {
        return old != now;
    }
    return !document_equal(old, now);
}

static bool leaf_holds(const struct condition *condition, const struct condition_facts *facts)
{
    struct value rooms[3];
    const struct value *values[3] = {NULL, NULL, NULL};
    for (size_t i = 0; i < condition->operands_count && i < 3; i++) {
        values[i] = operand_value(&condition->operands[i], facts, &rooms[i]);
    }
    switch ((int)condition->test) {
    case EXPRESSION_BETWEEN:
        return compare_holds(EXPRESSION_GREATER_EQUAL, values[0], values[1]) &&
               compare_holds(EXPRESSION_LESS_EQUAL, values[0], values[2]);
    case EXPRESSION_IN:
        return in_holds(condition, facts, values[0]);
    case EXPRESSION_EXISTS:
        return values[0] != NULL;
    case EXPRESSION_NOT_EXISTS:
        return values[0] == NULL;
    case EXPRESSION_TYPE:
        return values[0] != NULL && values[1] != NULL &&
               bytes_equal(values[1]->bytes, bytes_of_text(document_type(values[0])));
    case EXPRESSION_BEGINS_WITH:
        return begins_with_holds(values[0], values[1]);
    case EXPRESSION_CONTAINS:
        return condition->dialect == DIALECT_CQL ? cql_contains_holds(values[0], values[1], false)
                                                 : contains_holds(values[0], values[1]);
    case EXPRESSION_CONTAINS_KEY:
        return cql_contains_holds(values[0], values[1], true);
    case EXPRESSION_CHANGED:
        return changed_holds(condition, facts);
    default:
        return condition->dialect == DIALECT_CQL ? cql_compare_holds(condition->test, values[0], values[1])
                                                 : compare_holds(condition->test, values[0], values[1]);
    }
}

/* NOLINTBEGIN(misc-no-recursion): EXPRESSION_OPERATORS_MAX bounds it */
bool condition_holds(const struct condition *condition, const struct condition_facts *facts)
{
    const struct condition_facts before = {.item = facts->old};
    const struct condition_facts after = {.item = facts->item};
    switch ((int)condition->test) {
    case EXPRESSION_AND:
        return condition_holds(condition->left, facts) && condition_holds(condition->right, facts);
    case EXPRESSION_OR:
        return condition_holds(condition->left, facts) || condition_holds(condition->right, facts);
    case EXPRESSION_NOT:
        return !condition_holds(condition->left, facts);
    case EXPRESSION_ENTERED:
        return facts->item != NULL && condition_holds(condition->left, &after) &&
               (facts->old == NULL || !condition_holds(condition->left, &before));
    case EXPRESSION_LEFT:
        return facts->old != NULL && condition_holds(condition->left, &before) &&
               (facts->item == NULL || !condition_holds(condition->left, &after));
    default:
        return leaf_holds(condition, facts);
    }
}

/* NOLINTEND(misc-no-recursion) */

static enum status number_range_error(const struct decimal *number, struct error *error)
{
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    int64_t exponent = 0;
    bool is_negative = false;
    decimal_digits(number, &digits, &exponent, &is_negative);
    size_t significant = digits.size;
    buffer_reset(&digits);
    if (exponent - 1 > NUMBER_EXPONENT_MAX) {
        return error_set(
            error, STATUS_TOO_LARGE,
            "Number overflow. Attempting to store a number with magnitude larger than supported range");
    }
    return error_set(
        error, STATUS_TOO_LARGE, "%s",
        significant > NUMBER_DIGITS_MAX
            ? "Attempting to store more than 38 significant digits in a Number"
            : "Number underflow. Attempting to store a number with magnitude smaller than supported range");
}

/* Decimals of CQL may be so far from 1 that a sum would have billions of zeros: they are no numbers that are added. A zero is one,
 * whatever its scale. */
static bool number_is_near(struct decimal *number, struct arena *arena)
{
    bool is_near = number->scale <= DECIMAL_EXPONENT_MAX && number->scale >= -DECIMAL_EXPONENT_MAX;
    if (!is_near && decimal_is_zero(number)) {
        *number = decimal_of_integer(0, arena);
        is_near = true;
    }
    return is_near;
}

enum status number_add(const struct value *a, const struct value *b, bool is_minus, struct arena *arena,
                       struct value *ret_value, struct error *error)
{
    int64_t whole = 0;
    bool are_whole = a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER;
    if (are_whole && !(is_minus ? __builtin_sub_overflow(a->integer, b->integer, &whole)
                                : __builtin_add_overflow(a->integer, b->integer, &whole))) {
        *ret_value = value_of_integer(whole);
        return STATUS_OK;
    }
    if (!number_is_exact(a) || !number_is_exact(b)) {
        double right = number_double(b);
        *ret_value =
            (struct value){.kind = VALUE_DOUBLE, .float64 = number_double(a) + (is_minus ? -right : right)};
        return STATUS_OK;
    }
    struct decimal left = number_decimal(a, arena);
    struct decimal right = number_decimal(b, arena);
    if (!number_is_near(&left, arena)) {
        return number_range_error(&left, error);
    }
    if (!number_is_near(&right, arena)) {
        return number_range_error(&right, error);
    }
    struct decimal sum = decimal_add(&left, &right, is_minus, arena);
    struct value value = {.kind = VALUE_DECIMAL};
    if (decimal_normalise(&sum, arena, &value.decimal, NULL) != STATUS_OK) {
        return number_range_error(&sum, error);
    }
    *ret_value = value;
    return STATUS_OK;
}

/* A number takes a byte for each two significant digits, one more, and another one when negative. */
static size_t number_bytes(const struct value *value)
{
    struct arena arena = {0};
    uint8_t space[DECIMAL_SPACE];
    struct buffer digits = buffer_over(space, sizeof(space));
    int64_t exponent = 0;
    bool is_negative = false;
    struct decimal decimal = number_decimal(value, &arena);
    decimal_digits(&decimal, &digits, &exponent, &is_negative);
    size_t significant = digits.size + ((exponent % 2) != 0 && digits.size > 0 ? 1 : 0);
    size_t bytes = digits.size == 0 ? 1 : (significant + 1) / 2 + 1 + (is_negative ? 1 : 0);
    buffer_reset(&digits);
    arena_reset(&arena);
    return bytes;
}

/* NOLINTBEGIN(misc-no-recursion): at most VALUE_DEPTH_MAX deep */
static size_t value_bytes(const struct value *value)
{
    size_t bytes = 3; /* of a list or map itself */
    switch ((int)value->kind) {
    case VALUE_NULL:
    case VALUE_EMPTY:
    case VALUE_BOOLEAN:
        return 1;
    case VALUE_INTEGER:
    case VALUE_DECIMAL:
        return number_bytes(value);
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_UUID:
    case VALUE_TIMEUUID:
    case VALUE_INET:
        return value->bytes.size;
    case VALUE_SET:
        bytes = 0;
        for (size_t i = 0; i < value->items.count; i++) {
            bytes += value_bytes(&value->items.at[i]);
        }
        return bytes;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_UDT:
    case VALUE_VECTOR:
        for (size_t i = 0; i < value->items.count; i++) {
            bytes += 1 + value_bytes(&value->items.at[i]);
        }
        return bytes;
    case VALUE_MAP:
        for (size_t i = 0; i < value->pairs.count; i++) {
            bytes += 1 + value->pairs.at[2 * i].bytes.size + value_bytes(&value->pairs.at[2 * i + 1]);
        }
        return bytes;
    default:
        return 8;
    }
}

/* NOLINTEND(misc-no-recursion) */

size_t document_bytes(const struct value *item)
{
    size_t bytes = 0;
    for (size_t i = 0; item->kind == VALUE_MAP && i < item->pairs.count; i++) {
        bytes += item->pairs.at[2 * i].bytes.size + value_bytes(&item->pairs.at[2 * i + 1]);
    }
    return bytes;
}
