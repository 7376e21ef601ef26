/* What table options may be, in Cassandra 4.1's words: maps of sub-options, booleans, policies. */
#ifndef CQL_OPTIONS_CHECK_H
#define CQL_OPTIONS_CHECK_H

#include "exec.h"

/* Whether a text is a whole number, or one with a fraction. */
bool statement__text_is_number(struct bytes text, bool has_fraction, double *ret_number);
/* "true", "yes", "1" and their opposites. */
MUST_USE enum status statement__option_boolean(struct exec_call *call, const char *name,
                                               const struct value *value, bool *ret_is_set);
/* The name of a class of Java without its package, when it is written with that. */
struct bytes statement__class_name(struct bytes class, const char *package);
/* Whether the name, as above, is one of `known`. */
bool statement__class_is_known(struct bytes name, const char *const *known, size_t count);
/* Of "compaction", "compression", "caching", "speculative_retry", "additional_write_policy" and "read_repair" what is inside,
 * which is put into the form in which it is kept (options_kept.h); others are as they are. `value` is a text, or a map of texts. */
MUST_USE enum status statement__option_check_inside(struct exec_call *call, const char *name,
                                                    struct value *value);

#endif
