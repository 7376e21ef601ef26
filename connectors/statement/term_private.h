/* What the files of terms share: literals, what a term is by itself, and the preparing of each kind. */
#ifndef CQL_TERM_PRIVATE_H
#define CQL_TERM_PRIVATE_H

#include "term.h"

/* --- receiver.c --------------------------------------------------------------------------------------------------- */

/* "before", the name, "after". */
struct bytes statement__term_named(struct arena *arena, const char *before, struct bytes name,
                                   const char *after);

/* --- term_literal.c ----------------------------------------------------------------------------------------------- */

/* As it is written, for errors. */
const char *statement__term_text(const struct cql_term *term, struct arena *arena);
/* As errors name it: "STRING". */
const char *statement__literal_name(enum cql_term_kind kind);
bool statement__term_is_literal(const struct cql_term *term);
/* Which classes of literals a type takes. */
bool statement__literal_fits(enum cql_term_kind literal, enum type_kind type);
/* The type that a literal has by itself. */
struct type statement__literal_type(const struct cql_term *term, const struct type *receiver);

/* --- term_match.c ------------------------------------------------------------------------------------------------- */

/* Terms by themselves, without a receiver: each is prepared once, however often its type is asked for. Without that, calls
 * inside calls would take time that doubles with every level. */
struct memo_entry {
    const struct cql_term *term;
    enum type_kind wanted;
    enum status status;
    struct cql_expression *expression;
    const char *error;
};

bool statement__term_is_operation(const struct cql_term *term);
/* The term by itself: what it was prepared to, or why it cannot be. Sums look at the type that is wanted of them, for their
 * literals; nothing else does. */
struct memo_entry statement__term_own(struct cql_preparation *preparation, const struct cql_term *term,
                                      const struct type *wanted);
/* A term's own type, where it has one. What is wrong is told when it is prepared. */
const struct type *statement__term_own_type(struct cql_preparation *preparation, const struct cql_term *term,
                                            const struct type *wanted);
/* The field of that name of a user-defined type. */
bool statement__term_find_field(const struct type *type, struct bytes name, size_t *ret_field);
/* Cassandra's assignment tests. */
enum cql_match statement__term_match(struct cql_preparation *preparation, const struct cql_term *term,
                                     const struct type *type);

/* --- term.c ------------------------------------------------------------------------------------------------------- */

/* With room for so many parts; the type is copied. */
struct cql_expression *statement__expression_create(struct cql_preparation *preparation,
                                                    enum cql_expression_kind kind, const struct type *type,
                                                    size_t parts);
/* What does not depend on what is bound becomes a value at once. */
MUST_USE enum status statement__expression_fold(struct cql_preparation *preparation,
                                                struct cql_expression *expression);
/* "Invalid … literal for …": a term that cannot stand for the receiver at all. STATUS_INVALID. */
MUST_USE enum status statement__refuse_type(struct cql_preparation *preparation, const char *what,
                                            const struct cql_receiver *receiver);
/* Any term for a receiver, or, without one (NULL), by itself. */
MUST_USE enum status statement__prepare_term(struct cql_preparation *preparation, const struct cql_term *term,
                                             const struct cql_receiver *receiver,
                                             struct cql_expression **ret_expression);

/* --- term_container.c --------------------------------------------------------------------------------------------- */

MUST_USE enum status statement__prepare_collection(struct cql_preparation *preparation,
                                                   const struct cql_term *term,
                                                   const struct cql_receiver *receiver,
                                                   struct cql_expression **ret_expression);
MUST_USE enum status statement__prepare_tuple(struct cql_preparation *preparation,
                                              const struct cql_term *term,
                                              const struct cql_receiver *receiver,
                                              struct cql_expression **ret_expression);
/* Fields that are not there are null. A selection's {a: b} is a map whose keys are columns. */
MUST_USE enum status statement__prepare_udt(struct cql_preparation *preparation, const struct cql_term *term,
                                            const struct cql_receiver *receiver,
                                            struct cql_expression **ret_expression);

/* --- term_call.c -------------------------------------------------------------------------------------------------- */

const char *statement__term_function_text(const struct cql_qualified *name, struct arena *arena);
/* An expression of another type as the receiver wants it, which accepts it. */
MUST_USE enum status statement__prepare_converted(struct cql_preparation *preparation,
                                                  const struct cql_receiver *receiver,
                                                  struct cql_expression **expression);
MUST_USE enum status statement__prepare_arguments(struct cql_preparation *preparation,
                                                  const struct cql_terms *arguments,
                                                  struct cql_expression *call);
MUST_USE enum status statement__finish_aggregate(struct cql_preparation *preparation,
                                                 struct cql_expression *call);
MUST_USE enum status statement__prepare_call(struct cql_preparation *preparation, const struct cql_term *term,
                                             const struct cql_receiver *receiver,
                                             struct cql_expression **ret_expression);
/* A term by itself, prepared once. */
MUST_USE enum status statement__prepare_operand(struct cql_preparation *preparation,
                                                const struct cql_term *term,
                                                struct cql_expression **ret_expression);

/* --- term_operation.c --------------------------------------------------------------------------------------------- */

MUST_USE enum status statement__prepare_hint(struct cql_preparation *preparation, const struct cql_term *term,
                                             struct cql_expression **ret_expression);
MUST_USE enum status statement__prepare_cast(struct cql_preparation *preparation, const struct cql_term *term,
                                             struct cql_expression **ret_expression);
MUST_USE enum status statement__prepare_operation(struct cql_preparation *preparation,
                                                  const struct cql_term *term, const struct type *wanted,
                                                  struct cql_expression **ret_expression);
/* A term that has a type of its own, for a receiver. */
MUST_USE enum status statement__prepare_own(struct cql_preparation *preparation, const struct cql_term *term,
                                            const struct cql_receiver *receiver,
                                            struct cql_expression **ret_expression);

/* --- term_selection.c --------------------------------------------------------------------------------------------- */

/* A container in a selection has the types of what it holds. */
MUST_USE enum status statement__prepare_container(struct cql_preparation *preparation,
                                                  const struct cql_term *term,
                                                  struct cql_expression **ret_expression);
MUST_USE enum status statement__prepare_selection(struct cql_preparation *preparation,
                                                  const struct cql_term *term,
                                                  struct cql_expression **ret_expression);

#endif
