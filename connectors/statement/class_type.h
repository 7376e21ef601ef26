/* Types given by the name of the class that Cassandra has for them: 'Int32Type', 'org.apache.cassandra.db.marshal.ListType(…)'. */
#ifndef CQL_CLASS_TYPE_H
#define CQL_CLASS_TYPE_H

#include "exec.h"

/* `text` with each class name in quotes written as CQL's type, in the call's arena; itself when there is none. Fails with a
 * syntax error for classes that nobody has, as Cassandra does, and an invalid request for those that have no type of CQL. */
MUST_USE enum status statement__class_resolve(struct exec_call *call, struct bytes text,
                                              struct bytes *ret_text);

#endif
