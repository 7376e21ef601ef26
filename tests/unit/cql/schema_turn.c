/* Turns of changes of the schema: one after the other, and none is begun any more once all were stopped. */
#include "schema_turn.h"

#include <sched.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "support/test.h"

struct turn_facts {
    struct schema_turn turn;
    struct schema_turns *turns;
    struct thread *stopper;
    atomic_bool has_stopped;
    bool has_begun;
    bool was_early; /* the stop was over before this had begun */
};

static struct turn_facts *facts_of(struct schema_turn *turn)
{
    return (struct turn_facts *)((char *)turn - offsetof(struct turn_facts, turn));
}

static void begin(struct schema_turn *turn)
{
    facts_of(turn)->has_begun = true;
}

static void test_one_after_the_other(void **state)
{
    struct schema_turns *turns = statement__schema_turns_create();
    struct turn_facts facts[4] = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
        facts[i].turn.begin = begin;
        assert_int_equal(statement__schema_turn_take(turns, &facts[i].turn), i == 0);
    }
    statement__schema_turn_end(turns, &facts[0].turn);
    assert_true(facts[1].has_begun && !facts[2].has_begun);
    statement__schema_turns_stop(turns);
    assert_true(facts[2].has_begun && facts[3].has_begun);
    for (size_t i = ARRAY_COUNT(facts) - 1; i > 0; i--) { /* in any order from now on */
        statement__schema_turn_end(turns, &facts[i].turn);
    }
    assert_true(statement__schema_turn_take(turns, &facts[0].turn));
    statement__schema_turn_end(turns, &facts[0].turn);
    statement__schema_turns_destroy(&turns);
}

static void stop(void *context)
{
    struct turn_facts *facts = context;
    statement__schema_turns_stop(facts->turns);
    atomic_store(&facts->has_stopped, true);
}

/* Gives a stop all the time it needs, if it does not wait for the beginning. */
static void begin_slowly(struct schema_turn *turn)
{
    struct turn_facts *facts = facts_of(turn);
    struct error error;
    assert_ok(thread_create("stopper", stop, facts, &facts->stopper, &error), error);
    for (size_t i = 0; i < 10000; i++) {
        (void)sched_yield();
    }
    facts->was_early = atomic_load(&facts->has_stopped);
}

/* A door is closed after the stop: what is begun later would be given to a door that is gone. */
static void test_a_stop_waits(void **state)
{
    struct schema_turns *turns = statement__schema_turns_create();
    struct turn_facts first = {.turn = {.begin = begin}};
    struct turn_facts second = {.turn = {.begin = begin_slowly}, .turns = turns};
    (void)state;
    assert_true(statement__schema_turn_take(turns, &first.turn));
    assert_false(statement__schema_turn_take(turns, &second.turn));
    statement__schema_turn_end(turns, &first.turn);
    thread_join(&second.stopper);
    assert_false(second.was_early);
    statement__schema_turn_end(turns, &second.turn);
    statement__schema_turns_destroy(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_a_stop_waits),
    };
    return cmocka_run_group_tests_name("cql/schema_turn", tests, NULL, NULL);
}
