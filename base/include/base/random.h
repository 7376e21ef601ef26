/* Random numbers: a seeded generator whose seed reproduces a run, and the system's own for secrets. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* xoshiro256**; fast, repeatable, not for secrets. */
struct random {
    uint64_t state[4];
};

void random_init(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound); /* uniform in [0, bound); bound > 0 */
void random_fill(struct random *random, void *data, size_t size);

/* From the kernel (getrandom). Any thread. */
void random_secret(void *data, size_t size);

#endif
