#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/check.h"

static uint64_t random_splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

void random_init(struct random *random, uint64_t seed)
{
    for (size_t i = 0; i < ARRAY_COUNT(random->state); i++) {
        random->state[i] = random_splitmix(&seed);
    }
}

static uint64_t random_rotate(uint64_t number, unsigned bits)
{
    return (number << bits) | (number >> (64 - bits));
}

uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = random_rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = random_rotate(s[3], 45);
    return result;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    CHECK(bound > 0);
    uint64_t threshold = (0 - bound) % bound;
    uint64_t number = random_next(random);
    while (number < threshold) {
        number = random_next(random);
    }
    return number % bound;
}

void random_fill(struct random *random, void *data, size_t size)
{
    uint8_t *at = data;
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)random_next(random);
    }
}

void random_secret(void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        CHECK(got > 0 || errno == EINTR);
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}
