/* Cassandra's Murmur3 token of a partition key, and the shard it falls into. MODEL "Keys". */
#ifndef VALUE_TOKEN_H
#define VALUE_TOKEN_H

#include "base/bytes.h"

/* With sign-extended tail bytes, as Cassandra's Murmur3Partitioner; the minimum is mapped to the maximum. */
int64_t token_of(struct bytes partition);
/* As stored: big-endian with the sign bit flipped, so that memcmp order is token order. */
void token_store(int64_t token, uint8_t ret_stored[8]);
uint8_t token_shard(int64_t token); /* 0 … 15: top four bits of the stored form */

#endif
