/* What the generated tables give. */
#ifndef MODEL_PRIVATE_H
#define MODEL_PRIVATE_H

#include "aws/model.h"

struct aws_service {
    const char *prefix; /* of X-Amz-Target */
    const struct aws_operation *operations;
    size_t operations_count;
};

extern const struct aws_service aws__services[];
extern const size_t aws__services_count;

/* The first pass: types. False: *ret_failure. */
bool aws__types_check(const struct aws_shape *shape, const struct value *value,
                      struct aws_failure *ret_failure, struct arena *arena);

#endif
