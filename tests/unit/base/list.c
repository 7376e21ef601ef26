/* Lists: random joining and leaving against an array of who is in. */
#include "base/list.h"

#include "base/random.h"
#include "support/test.h"

enum {
    OBJECTS = 7
};

struct object {
    int number;
    struct list_entry entry;
};

/* The list holds just those that `is_in` tells, each once. */
static void assert_holds(const struct list *list, const struct object *objects, const bool *is_in)
{
    bool is_met[OBJECTS] = {false};
    for (const struct list_entry *at = list->first; at != NULL; at = at->next) {
        const struct object *object = at->object;
        assert_false(is_met[object->number]);
        is_met[object->number] = true;
        assert_ptr_equal(*at->at, at);
    }
    for (int i = 0; i < OBJECTS; i++) {
        assert_int_equal(is_met[i], is_in[i]);
        assert_int_equal(list_has(&objects[i].entry), is_in[i]);
    }
}

static void test_joining_and_leaving(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 1);
    struct object objects[OBJECTS] = {{0}};
    bool is_in[OBJECTS] = {false};
    struct list list = {0};
    for (int i = 0; i < OBJECTS; i++) {
        objects[i].number = i;
    }
    for (int step = 0; step < 10000; step++) {
        struct object *object = &objects[random_below(&random, OBJECTS)];
        if (is_in[object->number]) {
            list_remove(&object->entry);
        } else {
            list_add(&list, &object->entry, object);
            assert_ptr_equal(list_first(&list), object);
        }
        is_in[object->number] = !is_in[object->number];
        assert_holds(&list, objects, is_in);
    }
}

static void test_leaving_twice(void **state)
{
    (void)state;
    struct list list = {0};
    struct object one = {0};
    list_add(&list, &one.entry, &one);
    list_remove(&one.entry);
    list_remove(&one.entry);
    assert_null(list_first(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joining_and_leaving),
        cmocka_unit_test(test_leaving_twice),
    };
    return cmocka_run_group_tests_name("base/list", tests, NULL, NULL);
}
