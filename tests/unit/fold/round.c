/* What the writer takes for a round of writes: as many as came lately, and one alone soon after the others are gone. */
#include "fold_private.h"
#include "support/test.h"

static size_t round_after_batches(size_t eighths, size_t writes, int batches)
{
    for (int i = 0; i < batches; i++) {
        eighths = fold__round_after(eighths, writes);
    }
    return eighths;
}

static void test_a_round_follows_the_batches(void **state)
{
    (void)state;
    assert_int_equal(fold__round_after(0, 64), 8 * 64);
    assert_int_equal(fold__round_after(8 * 64, 64), 8 * 64);
    assert_in_range(fold__round_after(8 * 64, 30), 8 * 50, 8 * 63);
    assert_in_range(round_after_batches(8 * 4, 3, 2), 8 * 3 + 1, 8 * 4);
}

static void test_who_writes_alone_waits_for_nobody(void **state)
{
    static const size_t rounds[] = {4, 5, 7, 8, 9, 64, FOLD_BATCH_WRITES_MAX};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rounds); i++) {
        assert_int_equal(round_after_batches(8 * rounds[i], 1, 64), 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_round_follows_the_batches),
        cmocka_unit_test(test_who_writes_alone_waits_for_nobody),
    };
    return cmocka_run_group_tests_name("fold/round", tests, NULL, NULL);
}
