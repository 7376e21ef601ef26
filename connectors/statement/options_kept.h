/* Table options in the form in which Cassandra keeps and tells them, however they were written: classes with their packages,
 * sub-options that were left out, one spelling of each policy. */
#ifndef CQL_OPTIONS_KEPT_H
#define CQL_OPTIONS_KEPT_H

#include "exec.h"

extern const char statement__compaction_package[];
extern const char statement__compression_package[];

/* Maps of sub-options that were found to be right (options_check.c). */
struct value statement__compaction_kept(struct arena *arena, const struct value *map);
struct value statement__compression_kept(struct arena *arena, const struct value *map);
struct value statement__caching_kept(struct arena *arena, const struct value *map);

/* "ALWAYS", "99p", "50ms", "MIN(99p,50ms)": checks a policy of retries, in Cassandra's words, and puts it into this form. */
MUST_USE enum status statement__retry_kept(struct exec_call *call, struct value *policy);

#endif
