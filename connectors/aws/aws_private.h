/* The inside of the library. */
#ifndef AWS_PRIVATE_H
#define AWS_PRIVATE_H

#include "aws/signature.h"
#include "base/buffer.h"

/* A parameter of a query, percent-decoded. */
struct aws_parameter {
    struct bytes name;
    struct bytes value;
};

/* Takes the next parameter off *rest; false at the end. Empty pieces ("a&&b") are passed over. */
bool aws__parameter_next(struct bytes *rest, struct arena *arena, struct aws_parameter *ret_parameter);
/* No query has more than that. */
size_t aws__parameters_most(struct bytes query);
/* Takes what stands before the first of the characters of `separators` off *rest. False: nothing is left. */
bool aws__piece_next(struct bytes *rest, const char *separators, struct bytes *ret_piece);
struct bytes aws__trim(struct bytes text);

#endif
