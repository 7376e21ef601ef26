/* What CREATE and ALTER say behind WITH: options of tables and keyspaces, checked, kept with the table and told again. */
#ifndef CQL_OPTIONS_H
#define CQL_OPTIONS_H

#include "exec.h"

/* A table's properties as the door keeps them in its schema (msgpack): a map of
 *   compact   true: WITH COMPACT STORAGE; otherwise it is not there
 *   id        bytes: the table's uuid
 *   options   map: those that differ from the default: name → text, or map of texts
 *   dropped   map: name → [type as CQL writes it, microseconds since 1970, is static, id] */
struct cql_options {
    struct bytes id;
    struct value options;
    struct value dropped;
    bool is_compact;
};

void statement__options_encode(const struct cql_options *options, struct arena *arena,
                               struct bytes *ret_properties);
/* What is missing is empty. */
void statement__options_decode(struct bytes properties, struct arena *arena, struct cql_options *ret_options);
/* Takes in what a statement says. Failures in Cassandra's words. `gc_grace_seconds` is the schema's own. */
MUST_USE enum status statement__options_take(struct exec_call *call, const struct cql_properties *properties,
                                             struct cql_options *options, uint32_t *ret_gc_grace_seconds);
/* What CREATE adds to what its statement says: where compaction is leveled, another chance of false positives. */
void statement__options_complete(struct exec_call *call, struct cql_options *options);
/* WITH COMPACT STORAGE, of properties as they are kept: rows have no markers, and are there as long as some column is. */
bool statement__options_are_compact(struct bytes properties);
/* default_time_to_live, in seconds; 0: none. It is the schema's own too, for whoever writes rows. */
uint32_t statement__options_default_ttl(const struct cql_options *options);

enum {
    CQL_GC_GRACE_SECONDS_DEFAULT = 864000,
    CQL_TTL_SECONDS_MAX = 20 * 365 * 86400, /* Cassandra's */
};

#endif
