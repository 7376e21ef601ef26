/* The API models of AWS's services as tables, and the check of a request against them. The tables are made from the
 * files in models/ at build time.
 *
 * The check does what the services do before they look at a request: types first (SerializationException), then all
 * constraints at once ("2 validation errors detected: …"). */
#ifndef AWS_MODEL_H
#define AWS_MODEL_H

#include "aws/failure.h"
#include "base/arena.h"
#include "value/value.h"

enum aws_kind {
    AWS_STRING,
    AWS_INTEGER,
    AWS_LONG,
    AWS_DOUBLE,
    AWS_BOOLEAN,
    AWS_BLOB,
    AWS_TIMESTAMP,
    AWS_LIST,
    AWS_MAP,
    AWS_STRUCTURE,
};

struct aws_shape;

struct aws_member {
    struct bytes name;
    const char *path; /* as messages show it: "tableName" */
    const struct aws_shape *shape;
    bool is_required;
};

struct aws_shape {
    const char *name;
    enum aws_kind kind;
    bool has_min;
    bool has_max;
    int64_t min; /* length, or value of numbers */
    int64_t max;
    const char *pattern;       /* or NULL */
    const char *const *values; /* of an enumeration, ended by NULL; or NULL */
    const char *values_text;   /* the same as messages show it: "[HASH, RANGE]" */
    const struct aws_shape *item;
    const struct aws_shape *key; /* of maps */
    const struct aws_member *members;
    size_t members_count;
};

struct aws_operation {
    const char *name;
    const struct aws_shape *input;
};

/* The operation that the header X-Amz-Target names ("DynamoDB_20120810.GetItem"); NULL: there is none.
 * *ret_service counts from 0 in the order of aws_service_count's services. */
const struct aws_operation *aws_operation_find(struct bytes target, size_t *ret_service);

/* Walks over all operations: 0 … until NULL comes back. */
const struct aws_operation *aws_operation_at(size_t service, size_t index);

/* Whether `input` (plain JSON as a tree) is a request of that shape. Members that the model does not know are of no
 * account. False: *ret_failure tells, with its text in `arena`. */
bool aws_input_check(const struct aws_shape *shape, const struct value *input, struct arena *arena,
                     struct aws_failure *ret_failure);

/* Names of tables and indexes: 3 to 255 of [a-zA-Z0-9_.-]. */
bool aws_name_is_sound(struct bytes name);

#endif
