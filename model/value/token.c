#include "value/token.h"

static uint64_t token_rotate(uint64_t number, unsigned bits)
{
    return (number << bits) | (number >> (64 - bits));
}

static uint64_t token_mix(uint64_t k)
{
    k ^= k >> 33;
    k *= 0xFF51AFD7ED558CCDU;
    k ^= k >> 33;
    k *= 0xC4CEB9FE1A85EC53U;
    return k ^ (k >> 33);
}

static uint64_t token_little_endian(const uint8_t *at)
{
    uint64_t number = 0;
    memcpy(&number, at, sizeof(number));
    return number;
}

/* The tail's bytes are taken as signed, which is what sets Cassandra's hash apart from MurmurHash3_x64_128. */
static uint64_t token_tail(const uint8_t *tail, size_t from, size_t until)
{
    uint64_t k = 0;
    for (size_t i = until; i > from; i--) {
        k ^= (uint64_t)(int64_t)(int8_t)tail[i - 1] << ((i - 1 - from) * 8);
    }
    return k;
}

int64_t token_of(struct bytes partition)
{
    static const uint64_t c1 = 0x87C37B91114253D5U;
    static const uint64_t c2 = 0x4CF5AD432745937FU;
    uint64_t h1 = 0;
    uint64_t h2 = 0;
    size_t blocks = partition.size / 16;
    for (size_t i = 0; i < blocks; i++) {
        uint64_t k1 = token_little_endian(partition.data + i * 16);
        uint64_t k2 = token_little_endian(partition.data + i * 16 + 8);
        h1 ^= token_rotate(k1 * c1, 31) * c2;
        h1 = (token_rotate(h1, 27) + h2) * 5 + 0x52DCE729;
        h2 ^= token_rotate(k2 * c2, 33) * c1;
        h2 = (token_rotate(h2, 31) + h1) * 5 + 0x38495AB5;
    }
    const uint8_t *tail = partition.data + (partition.size == 0 ? 0 : blocks * 16);
    size_t left = partition.size % 16;
    if (left > 8) {
        h2 ^= token_rotate(token_tail(tail, 8, left) * c2, 33) * c1;
    }
    if (left > 0) {
        h1 ^= token_rotate(token_tail(tail, 0, left < 8 ? left : 8) * c1, 31) * c2;
    }
    h1 ^= partition.size;
    h2 ^= partition.size;
    h1 += h2;
    h2 += h1;
    h1 = token_mix(h1);
    h2 = token_mix(h2);
    h1 += h2;
    int64_t token = (int64_t)h1;
    return token == INT64_MIN ? INT64_MAX : token;
}

void token_store(int64_t token, uint8_t ret_stored[8])
{
    bytes_put_u64(ret_stored, (uint64_t)token ^ (1ULL << 63));
}

uint8_t token_shard(int64_t token)
{
    return (uint8_t)(((uint64_t)token ^ (1ULL << 63)) >> 60);
}
