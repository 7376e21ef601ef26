/* Turns come in the order in which they were asked for; after the stop nobody waits. */
#include "base/turn.h"

#include <sched.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "support/test.h"

/* A turn that notes when it began. */
struct noted {
    struct turn turn;
    int *count;
    int begun; /* as which; 0: not yet */
};

static void noted_begin(struct turn *turn)
{
    struct noted *noted = (struct noted *)turn;
    assert_int_equal(noted->begun, 0);
    noted->begun = ++*noted->count;
}

static void test_turns(void **state)
{
    (void)state;
    struct turns turns;
    int count = 0;
    struct noted each[6];
    turns_init(&turns);
    for (size_t i = 0; i < ARRAY_COUNT(each); i++) {
        each[i] = (struct noted){.turn.begin = noted_begin, .count = &count};
    }
    for (size_t i = 0; i < 5; i++) {
        assert_true(turn_take(&turns, &each[i].turn) == (i == 0));
    }
    assert_int_equal(count, 0); /* who has it at once is not told */
    turn_end(&turns, &each[0].turn);
    assert_true(count == 1 && each[1].begun == 1);
    turn_end(&turns, &each[1].turn);
    assert_true(count == 2 && each[2].begun == 2);
    turns_stop(&turns);
    assert_true(count == 4 && each[3].begun == 3 && each[4].begun == 4);
    turn_end(&turns, &each[4].turn);
    turn_end(&turns, &each[2].turn);
    turn_end(&turns, &each[3].turn);
    assert_true(turn_take(&turns, &each[5].turn));
    turn_end(&turns, &each[5].turn);
    assert_int_equal(count, 4);
    turns_reset(&turns);
}

struct slow {
    struct turn turn;
    struct turns *turns;
    struct thread *stopper;
    atomic_bool has_stopped;
    bool was_early; /* the stop was over before this had begun */
};

static void slow_stop(void *context)
{
    struct slow *slow = context;
    turns_stop(slow->turns);
    atomic_store(&slow->has_stopped, true);
}

/* Gives a stop all the time it needs, if it does not wait for the beginning. */
static void slow_begin(struct turn *turn)
{
    struct slow *slow = (struct slow *)turn;
    struct error error;
    assert_ok(thread_create("stopper", slow_stop, slow, &slow->stopper, &error), error);
    for (size_t i = 0; i < 10000; i++) {
        (void)sched_yield();
    }
    slow->was_early = atomic_load(&slow->has_stopped);
}

/* What is begun after the stop would be given to who is gone. */
static void test_a_stop_waits(void **state)
{
    struct turns turns;
    struct turn first = {0};
    struct slow second = {.turn = {.begin = slow_begin}, .turns = &turns};
    (void)state;
    turns_init(&turns);
    assert_true(turn_take(&turns, &first));
    assert_false(turn_take(&turns, &second.turn));
    turn_end(&turns, &first);
    thread_join(&second.stopper);
    assert_false(second.was_early);
    turn_end(&turns, &second.turn);
    turns_reset(&turns);
}

static void test_a_turn_may_be_taken_again(void **state)
{
    (void)state;
    struct turns turns;
    struct turn turn = {0};
    turns_init(&turns);
    for (int i = 0; i < 3; i++) {
        assert_true(turn_take(&turns, &turn));
        turn_end(&turns, &turn);
    }
    turns_stop(&turns);
    turns_stop(&turns);
    turns_reset(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_turns), cmocka_unit_test(test_a_stop_waits),
                                       cmocka_unit_test(test_a_turn_may_be_taken_again)};
    return cmocka_run_group_tests_name("base/turn", tests, NULL, NULL);
}
