/* Types as CQL writes them: "frozen<map<text, list<int>>>", "vector<float, 3>", "ks.address". */
#ifndef VALUE_TYPE_TEXT_H
#define VALUE_TYPE_TEXT_H

#include "base/buffer.h"
#include "value/type.h"

/* How the names of user-defined types are found. `keyspace` is empty when the text names none. STATUS_INVALID or
 * STATUS_NOT_FOUND when there is no such type; *ret_type is borrowed or made in `arena`. */
struct type_names {
    enum status (*resolve)(void *context, struct bytes keyspace, struct bytes name, struct arena *arena,
                           struct type *ret_type, struct error *error);
    void *context;
};

/* Reads a type; names are case-insensitive unless quoted. `names` NULL: there are no user-defined types, and Oxbow's own
 * "number" and "any" are known. What is inside frozen<> or a tuple is frozen all the way down, as is what a vector holds.
 * The tree is in `arena`. STATUS_INVALID in Cassandra's words; STATUS_TOO_LARGE: beyond TYPE_DEPTH_MAX or the other
 * bounds. */
MUST_USE enum status type_parse(struct bytes text, const struct type_names *names, struct arena *arena,
                                struct type *ret_type, struct error *error);
/* Appends the type as Cassandra's system_schema shows it: "frozen<list<frozen<set<int>>>>"; UDTs by name, without their
 * keyspace, quoted when they must be. */
void type_format(const struct type *type, struct buffer *buffer);

#endif
