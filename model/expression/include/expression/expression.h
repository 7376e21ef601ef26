/* Expressions over items: conditions, updates, projections, key conditions. The compiled form, its text grammar
 * (DynamoDB's, Developer Guide "Using expressions in DynamoDB", and three words more) and its evaluator.
 *
 * Grammar, beyond DynamoDB's, where options.is_native: literals in place of values (12.5, 'text', "text", true, false,
 * null), no reserved words, `changed(path)`, `entered(condition)`, `left(condition)` and paths that begin with `old.`
 * or `new.` in filters of changes.
 *
 * Everything compiled lives in the arena given and borrows names and values from the request. */
#ifndef EXPRESSION_EXPRESSION_H
#define EXPRESSION_EXPRESSION_H

#include "base/error.h"
#include "expression/path.h"

enum expression_test {
    EXPRESSION_AND,
    EXPRESSION_OR,
    EXPRESSION_NOT,
    EXPRESSION_EQUAL,
    EXPRESSION_NOT_EQUAL,
    EXPRESSION_LESS,
    EXPRESSION_LESS_EQUAL,
    EXPRESSION_GREATER,
    EXPRESSION_GREATER_EQUAL,
    EXPRESSION_BETWEEN,
    EXPRESSION_IN,
    EXPRESSION_EXISTS,
    EXPRESSION_NOT_EXISTS,
    EXPRESSION_TYPE,
    EXPRESSION_BEGINS_WITH,
    EXPRESSION_CONTAINS,     /* a text, a list or a set; in CQL a map too: one of its values */
    EXPRESSION_CONTAINS_KEY, /* CQL's, of maps */
    EXPRESSION_CHANGED,      /* the value at a path differs between old and new */
    EXPRESSION_ENTERED,      /* the condition holds of new and did not of old */
    EXPRESSION_LEFT,
};

enum operand_kind {
    OPERAND_PATH,
    OPERAND_VALUE,
    OPERAND_SIZE,          /* size(path) */
    OPERAND_IF_NOT_EXISTS, /* updates only: if_not_exists(path, operand) */
    OPERAND_LIST_APPEND,   /* updates only */
    OPERAND_PLUS,          /* updates only */
    OPERAND_MINUS,         /* updates only */
};

enum operand_image {
    IMAGE_NEW,      /* the item; in filters of changes the new one, or the old one of a remove */
    IMAGE_OLD,      /* `old.` */
    IMAGE_ONLY_NEW, /* `new.` */
};

struct operand {
    enum operand_kind kind;
    enum operand_image image;
    struct path path;
    const struct value *value;
    const struct operand *left; /* of the kinds for updates */
    const struct operand *right;
};

/* Whose rules a comparison follows. MODEL "Reconciliation". */
enum expression_dialect {
    DIALECT_DOCUMENT, /* DynamoDB's: a mismatch is false, what is missing is unequal to everything */
    DIALECT_CQL, /* Cassandra's: values of one type in its order; what is missing is null, and null equals null */
};

struct condition {
    enum expression_test test;
    enum expression_dialect dialect; /* of EQUAL to GREATER_EQUAL, IN and CONTAINS */
    const struct condition *left;    /* of AND, OR, NOT, ENTERED, LEFT */
    const struct condition *right;
    const struct operand *operands; /* of all others */
    size_t operands_count;
};

enum action_kind {
    ACTION_SET,
    ACTION_REMOVE,
    ACTION_ADD,
    ACTION_DELETE,
};

struct action {
    enum action_kind kind;
    struct path path;
    const struct operand *operand; /* NULL for REMOVE */
};

struct update {
    struct action *actions;
    size_t count;
};

struct projection {
    struct path *paths;
    size_t count;
    const struct path *names; /* the paths in the order of their bytes; NULL: not each is a name alone */
};

/* What `#name` and `:value` stand for; several expressions of a request share one, so that what none of them used can
 * be told. */
struct placeholders {
    const struct value *names;  /* map "#name" → text; NULL: none */
    const struct value *values; /* map ":value" → value; NULL: none */
    bool *names_used;           /* one per pair of `names`; placeholders_prepare makes them */
    bool *values_used;
};

struct expression_options {
    struct arena *arena;
    struct placeholders *placeholders; /* NULL: there are none */
    bool is_native;
    bool is_filter_of_changes; /* `old.`, `new.`, changed, entered, left are known */
};

void placeholders_prepare(struct placeholders *placeholders, struct arena *arena);
/* The first name or value that no expression used; empty when all were. */
struct bytes placeholders_unused(const struct placeholders *placeholders, bool of_values);

/* The messages are DynamoDB's, without the "Invalid ConditionExpression: " that a door puts before.
 * STATUS_INVALID, STATUS_TOO_LARGE. */
MUST_USE enum status condition_parse(struct bytes text, const struct expression_options *options,
                                     const struct condition **ret_condition, struct error *error);
MUST_USE enum status update_parse(struct bytes text, const struct expression_options *options,
                                  struct update *ret_update, struct error *error);
MUST_USE enum status projection_parse(struct bytes text, const struct expression_options *options,
                                      struct projection *ret_projection, struct error *error);

/* What a condition is asked of. */
struct condition_facts {
    const struct value *item; /* a map, or NULL: there is none */
    const struct value *old;  /* filters of changes only */
};

/* A comparison of values of different types, or with something missing, is false; `<>` is then true. */
bool condition_holds(const struct condition *condition, const struct condition_facts *facts);

/* Applies the update to *item (a map; changed in place, new parts in `arena`). On failure *item is spoilt.
 * STATUS_INVALID with DynamoDB's message: wrong types, missing operands, paths that do not exist. */
MUST_USE enum status update_apply(const struct update *update, struct arena *arena, struct value *item,
                                  struct error *error);

/* The parts of `item` at the paths, as a map in `arena`. */
struct value projection_apply(const struct projection *projection, const struct value *item,
                              struct arena *arena);
/* Makes a projection of its paths, which it takes. */
struct projection projection_of_paths(struct path *paths, size_t count, struct arena *arena);
/* The parts of `item` that an update touched (DynamoDB's UPDATED_OLD and UPDATED_NEW). */
struct value update_touched(const struct update *update, const struct value *item, struct arena *arena);

/* A new action at the end of the update, zeroed. The pointer holds until the next one. */
struct action *update_action_add(struct update *update, struct arena *arena);

/* The comparison with its sides changed: 5 < a is a > 5. */
enum expression_test expression_test_mirrored(enum expression_test test);

/* One comparison of a key condition: `test` is EQUAL, LESS … GREATER_EQUAL, BETWEEN or BEGINS_WITH. */
struct key_term {
    struct bytes name;
    enum expression_test test;
    const struct value *values[2]; /* two for BETWEEN */
};

enum {
    KEY_TERMS_MAX = 16,
};

/* Takes a condition apart into comparisons of top-level attributes with values, joined by AND; each attribute once.
 * STATUS_INVALID with DynamoDB's message when it is something else. */
MUST_USE enum status condition_key_terms(const struct condition *condition,
                                         struct key_term ret_terms[KEY_TERMS_MAX], size_t *ret_count,
                                         struct error *error);

/* DynamoDB's short name of a value's type: "S", "N", "B", "SS", "NS", "BS", "BOOL", "NULL", "L", "M". Kinds that
 * DynamoDB lacks have the name of the one that is nearest. */
const char *document_type(const struct value *value);
/* Equality and order as expressions see them: numbers by what they are, whatever their kind. */
bool document_equal(const struct value *a, const struct value *b);
/* False when the two have no order. */
bool document_order(const struct value *a, const struct value *b, int *ret_order);
/* Size of an item in bytes, as DynamoDB computes it (Developer Guide, "Item sizes and formats"). */
size_t document_bytes(const struct value *item);

/* DynamoDB's reserved words, any case. */
bool expression_is_reserved(struct bytes word);

#endif
