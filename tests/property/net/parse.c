/* Requests, damaged at random and cut at random: the parser makes the same of them however they are cut, and never more
 * than its bounds allow. */
#include "parse.h"

#include "base/random.h"
#include "requests.h"
#include "support/test.h"
#include "transcript.h"

enum {
    PARSE_BODY_BYTES_MAX = 4096,
};

static size_t whole(void *context, size_t left)
{
    (void)context;
    return left;
}

static size_t random_piece(void *context, size_t left)
{
    struct random *random = context;
    uint64_t most = random_below(random, 3) == 0 ? 1 : 1 + random_below(random, left);
    return 1 + (size_t)random_below(random, most);
}

static void test_cuts_change_nothing(void **state)
{
    (void)state;
    struct random random;
    struct buffer input = {0};
    uint64_t requests = 0;
    random_init(&random, test_seed());
    for (uint64_t round = 0; round < test_rounds(20000); round++) {
        requests_make(&random, &input);
        struct buffer expected = transcript_of(buffer_bytes(&input), whole, NULL, PARSE_BODY_BYTES_MAX);
        for (int i = 0; i < 3; i++) {
            struct buffer text =
                transcript_of(buffer_bytes(&input), random_piece, &random, PARSE_BODY_BYTES_MAX);
            if (!bytes_equal(buffer_bytes(&text), buffer_bytes(&expected))) {
                fail_msg("round %llu: %.*s\nwhole: %.*s\nin pieces: %.*s", (unsigned long long)round,
                         (int)input.size, (const char *)input.data, (int)expected.size,
                         (const char *)expected.data, (int)text.size, (const char *)text.data);
            }
            buffer_reset(&text);
        }
        requests += expected.size > 0 && expected.data[0] >= 'A' && expected.data[0] <= 'Z';
        buffer_reset(&expected);
    }
    print_message("%llu began with a request\n", (unsigned long long)requests);
    assert_true(requests > test_rounds(20000) / 3);
    buffer_reset(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts_change_nothing),
    };
    return cmocka_run_group_tests_name("net/parse property", tests, NULL, NULL);
}
