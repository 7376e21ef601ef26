/* Positions in a stream as clients hold them. */
#ifndef DYNAMODB_ITERATOR_H
#define DYNAMODB_ITERATOR_H

#include "dynamodb_private.h"

/* Where a consumer stands. */
struct iterator {
    uint32_t table;
    uint32_t version; /* first schema version of the stream: names it */
    uint8_t shard;
    uint64_t lsn; /* the next one */
};

const char *sequence_format(struct call *call, uint64_t term, uint64_t lsn);
enum status sequence_parse(struct call *call, struct bytes text, uint64_t *ret_lsn);

const char *iterator_format(struct call *call, struct bytes arn, const struct iterator *iterator);
/* The failure is ValidationException or ExpiredIteratorException. */
enum status iterator_parse(struct call *call, struct bytes text, struct iterator *ret_iterator,
                           struct bytes *ret_arn);

#endif
