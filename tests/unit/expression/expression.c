/* Conditions, updates and projections, written as JSON and text on both sides. */
#include "expression/expression.h"

#include "codec/json.h"
#include "support/test.h"
#include "value/decimal.h"

struct fixture {
    struct arena arena;
    struct placeholders placeholders;
    struct expression_options options;
};

static struct value json_of(struct arena *arena, const char *text)
{
    struct value value;
    struct error error;
    assert_ok(codec_json_decode(bytes_of_text(text), arena, &value, &error), error);
    return value;
}

static void fixture_init(struct fixture *fixture, const char *names, const char *values)
{
    *fixture = (struct fixture){0};
    struct value *maps = arena_create_array(&fixture->arena, 2, sizeof(*maps));
    maps[0] = json_of(&fixture->arena, names);
    maps[1] = json_of(&fixture->arena, values);
    fixture->placeholders.names = &maps[0];
    fixture->placeholders.values = &maps[1];
    placeholders_prepare(&fixture->placeholders, &fixture->arena);
    fixture->options.arena = &fixture->arena;
    fixture->options.placeholders = &fixture->placeholders;
}

static bool holds(bool is_native, const char *text, const char *values, const char *item)
{
    struct fixture fixture;
    struct error error;
    const struct condition *condition = NULL;
    fixture_init(&fixture, "{\"#n\":\"name\"}", values);
    fixture.options.is_native = is_native;
    struct value tree = json_of(&fixture.arena, item);
    assert_ok(condition_parse(bytes_of_text(text), &fixture.options, &condition, &error), error);
    bool result = condition_holds(condition, &(struct condition_facts){.item = &tree});
    arena_reset(&fixture.arena);
    return result;
}

static void conditions_hold(void **state)
{
    (void)state;
    const char *item = "{\"a\":1,\"b\":{\"c\":[1,\"x\",{\"d\":true}]},\"name\":\"Oxbow\",\"e\":null}";
    const char *values = "{\":one\":1.0,\":two\":2,\":x\":\"x\",\":ox\":\"Ox\",\":s\":\"S\"}";
    assert_true(holds(false, "a = :one", values, item));
    assert_false(holds(false, "a <> :one", values, item));
    assert_true(holds(false, "absent <> :one", values, item));
    assert_false(holds(false, "absent = :one", values, item));
    assert_true(holds(false, "b.c[1] = :x AND #n >= :ox", values, item));
    assert_true(holds(false, "attribute_exists(b.c[2].d) and not attribute_exists(b.c[3])", values, item));
    assert_true(
        holds(false, "begins_with(#n, :ox) AND contains(b.c, :x) AND contains(#n, :ox)", values, item));
    assert_true(holds(false, "a BETWEEN :one AND :two", values, item));
    assert_true(holds(false, "a IN (:x, :two, :one)", values, item));
    assert_true(holds(false, "size(b.c) > :two", values, item));
    assert_true(holds(false, "attribute_type(#n, :s)", values, item));
    assert_true(holds(false, "a = :two OR a = :one AND #n = :x OR a < :two", values, item));
    assert_false(holds(false, "(a = :two OR a = :one) AND #n = :x", values, item));
    assert_false(holds(false, "#n < :two", values, item));
    assert_true(holds(true, "a = 1 and name = 'Oxbow' and e = null and b.c[2].d = true", "{}", item));
    assert_true(holds(true, "a > -0.5e0 and a < 1.5", "{}", item));
}

static void errors_are_dynamodbs(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "The expression can not be empty;"},
        {"a = ", "Syntax error; token: \"<EOF>\", near: \"= \""},
        {"a = = :one", "Syntax error; token: \"=\", near: \"= = :one\""},
        {"_a = :one", "Syntax error; token: \"_\", near: \"_a\""},
        {"a = :one AND b._c = :one", "Syntax error; token: \"_\", near: \"._c\""},
        {"a = :none",
         "An expression attribute value used in expression is not defined; attribute value: :none"},
        {"#none = :one",
         "An expression attribute name used in the document path is not defined; attribute name: #none"},
        {"size = :one", "Attribute name is a reserved keyword; reserved keyword: size"},
        {"foo(a)", "Invalid function name; function: foo"},
        {"begins_with(a)", "Incorrect number of operands for operator or function; operator or function: "
                           "begins_with, number of "
                           "operands: 1"},
        {"begins_with(a, :one)", "Incorrect operand type for operator or function; operator or function: "
                                 "begins_with, operand type: N"},
        {"attribute_exists(:one)",
         "Operator or function requires a document path; operator or function: attribute_exists"},
        {"a = a",
         "The first operand must be distinct from the remaining operands for this operator or function; "
         "operator: =, first operand: [a]"},
        {"((a = :one))", "The expression has redundant parentheses;"},
        {"if_not_exists(a, :one) = :one",
         "The function is not allowed in a condition expression; function: if_not_exists"},
        {"size(a)", "The function is not allowed to be used this way in an expression; function: size"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fixture fixture;
        struct error error = {0};
        const struct condition *condition = NULL;
        fixture_init(&fixture, "{}", "{\":one\":1}");
        enum status status =
            condition_parse(bytes_of_text(cases[i].text), &fixture.options, &condition, &error);
        assert_int_not_equal(status, STATUS_OK);
        assert_string_equal(error.text, cases[i].message);
        arena_reset(&fixture.arena);
    }
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct error error;
    struct buffer text = {0};
    const struct condition *condition = NULL;
    fixture_init(&fixture, "{}", "{\":one\":1}");
    for (int i = 0; i < 1000; i++) {
        buffer_put_text(&text, i % 2 == 0 ? "NOT " : "(");
    }
    buffer_put_text(&text, "a = :one");
    assert_status(condition_parse(buffer_bytes(&text), &fixture.options, &condition, &error),
                  STATUS_TOO_LARGE, error);
    buffer_reset(&text);
    arena_reset(&fixture.arena);
}

/* The item after the update as JSON, or the error. */
static void check_update(const char *text, const char *item, const char *expected)
{
    struct fixture fixture;
    struct error error = {0};
    struct update update;
    struct buffer result = {0};
    fixture_init(&fixture, "{\"#n\":\"name\"}",
                 "{\":one\":1,\":two\":2,\":l\":[7],\":m\":{\"k\":1},\":t\":\"t\"}");
    struct value tree = json_of(&fixture.arena, item);
    enum status status = update_parse(bytes_of_text(text), &fixture.options, &update, &error);
    if (status == STATUS_OK) {
        status = update_apply(&update, &fixture.arena, &tree, &error);
    }
    if (status == STATUS_OK) {
        codec_json_encode(&result, &tree);
    } else {
        buffer_put_text(&result, error.text);
    }
    buffer_put_u8(&result, 0);
    assert_string_equal((const char *)result.data, expected);
    buffer_reset(&result);
    arena_reset(&fixture.arena);
}

static void updates_apply(void **state)
{
    (void)state;
    check_update("SET a = :one, b.c = :two", "{\"b\":{}}", "{\"a\":1,\"b\":{\"c\":2}}");
    check_update("SET a = b, b = a", "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}");
    check_update("SET a = a + :two - :one", "{\"a\":1}", "Syntax error; token: \"-\", near: \":two - :one\"");
    check_update("SET a = a - :two", "{\"a\":1}", "{\"a\":-1}");
    check_update("SET a = if_not_exists(a, :one) + :two", "{}", "{\"a\":3}");
    check_update("SET l = list_append(:l, l)", "{\"l\":[1]}", "{\"l\":[7,1]}");
    check_update("SET a = (a) + (:one)", "{\"a\":1}", "{\"a\":2}");
    check_update("SET l[9] = :one, l[5] = :two, l[0] = :t", "{\"l\":[0,0]}", "{\"l\":[\"t\",0,2,1]}");
    check_update("SET l[9] = :one, m.x = :two, l[5] = :two", "{\"l\":[0],\"m\":{}}",
                 "{\"l\":[0,2,1],\"m\":{\"x\":2}}");
    check_update("SET l[9] = :one REMOVE l[2], l[0]", "{\"l\":[0,5]}", "{\"l\":[5,1]}");
    check_update("SET m.l[1] = :one, m.z = m.l", "{\"m\":{\"l\":[0]}}", "{\"m\":{\"l\":[0,1],\"z\":[0]}}");
    check_update("REMOVE l[1], l[2], a, absent", "{\"a\":1,\"l\":[0,1,2,3]}", "{\"l\":[0,3]}");
    check_update("SET l[0] = :one REMOVE l[1]", "{\"l\":[0,1,2]}", "{\"l\":[1,2]}");
    check_update("ADD a :one", "{}", "{\"a\":1}");
    check_update("ADD a :two SET b = :one", "{\"a\":1}", "{\"a\":3,\"b\":1}");
    check_update(
        "ADD a :t", "{}",
        "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: "
        "ALLOWED_FOR_ADD_OPERAND");
    check_update("ADD a :one", "{\"a\":\"x\"}",
                 "An operand in the update expression has an incorrect data type");
    check_update("SET a = b", "{}",
                 "The provided expression refers to an attribute that does not exist in the item");
    check_update("SET a.b = :one", "{}",
                 "The document path provided in the update expression is invalid for update");
    check_update(
        "SET a = :one, a.b = :two", "{}",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path "
        "one: [a], path two: [a, b]");
    check_update("SET a = :one SET b = :two", "{}",
                 "The \"SET\" section can only be used once in an update expression;");
    check_update("SET #n = :m, b = :m", "{}", "{\"b\":{\"k\":1},\"name\":{\"k\":1}}");
}

static void projections_keep_shape(void **state)
{
    (void)state;
    struct fixture fixture;
    struct error error;
    struct projection projection;
    struct buffer result = {0};
    fixture_init(&fixture, "{}", "{}");
    struct value item =
        json_of(&fixture.arena, "{\"a\":{\"b\":1,\"c\":2},\"l\":[0,{\"x\":1,\"y\":2},5],\"z\":9}");
    assert_ok(projection_parse(bytes_of_text("l[2], l[1].y, a.c, nothing"), &fixture.options, &projection,
                               &error),
              error);
    struct value part = projection_apply(&projection, &item, &fixture.arena);
    codec_json_encode(&result, &part);
    buffer_put_u8(&result, 0);
    assert_string_equal((const char *)result.data, "{\"a\":{\"c\":2},\"l\":[{\"y\":2},5]}");
    buffer_reset(&result);
    arena_reset(&fixture.arena);
}

static void filters_of_changes(void **state)
{
    static const struct {
        const char *text;
        const char *old;
        const char *now;
        bool expected;
    } cases[] = {
        {"changed(a)", "{\"a\":1}", "{\"a\":2}", true},
        {"changed(a)", "{\"a\":1,\"b\":1}", "{\"a\":1,\"b\":2}", false},
        {"changed(a)", NULL, "{\"a\":1}", true},
        {"entered(a > 4.5)", "{\"a\":1}", "{\"a\":5}", true},
        {"entered(a > 4.5)", "{\"a\":5}", "{\"a\":6}", false},
        {"entered(a > 4.5)", NULL, "{\"a\":6}", true},
        {"left(a > 4.5)", "{\"a\":6}", NULL, true},
        {"old.a < new.a", "{\"a\":5}", "{\"a\":6}", true},
        {"a = 5", "{\"a\":5}", NULL, true},
        {"new.a = 5", "{\"a\":5}", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fixture fixture;
        struct error error;
        const struct condition *condition = NULL;
        fixture_init(&fixture, "{}", "{}");
        fixture.options.is_native = true;
        fixture.options.is_filter_of_changes = true;
        struct value old = json_of(&fixture.arena, cases[i].old == NULL ? "{}" : cases[i].old);
        struct value now = json_of(&fixture.arena, cases[i].now == NULL ? "{}" : cases[i].now);
        struct condition_facts facts = {.item = cases[i].now == NULL ? NULL : &now,
                                        .old = cases[i].old == NULL ? NULL : &old};
        assert_ok(condition_parse(bytes_of_text(cases[i].text), &fixture.options, &condition, &error), error);
        assert_int_equal(condition_holds(condition, &facts), cases[i].expected);
        arena_reset(&fixture.arena);
    }
}

/* SET of that many new names, and behind the end of the list l. */
static struct update update_of_many(int count, const struct value *value, struct arena *arena)
{
    struct update update = {0};
    struct operand *operand = arena_create(arena, sizeof(*operand));
    *operand = (struct operand){.kind = OPERAND_VALUE, .value = value};
    for (int i = 0; i < count; i++) {
        struct action *action = update_action_add(&update, arena);
        struct path_element *elements = arena_create_array(arena, 2, sizeof(*elements));
        bool is_name = i < count / 2;
        elements[0].name = bytes_of_text(is_name ? arena_format(arena, "x%d", i) : "l");
        elements[1] = (struct path_element){.is_index = true, .index = (size_t)i};
        *action = (struct action){.kind = ACTION_SET, .operand = operand};
        action->path = (struct path){.elements = elements, .count = is_name ? 1 : 2};
    }
    return update;
}

/* What they take grows with their number, not with its square. */
static void many_actions_take_little_memory(void **state)
{
    enum {
        ACTIONS = 4000,
    };
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct value one = value_of_integer(1);
    struct value item = json_of(&arena, "{\"l\":[0]}");
    struct update update = update_of_many(ACTIONS, &one, &arena);
    size_t before = arena.total;
    assert_ok(update_apply(&update, &arena, &item, &error), error);
    assert_int_equal(item.pairs.count, ACTIONS / 2 + 1);
    assert_int_equal(value_map_get(&item, bytes_of_text("l"))->items.count, ACTIONS / 2 + 1);
    struct value touched = update_touched(&update, &item, &arena);
    assert_int_equal(touched.pairs.count, ACTIONS / 2 + 1);
    assert_in_range(arena.total - before, 1, 4 * 1024 * 1024);
    arena_reset(&arena);
}

/* A text within its bounds that asks for what no memory holds: lists of lists, or the same one under many names. */
static void many_copies_are_refused(void **state)
{
    enum {
        MEMBERS = 200000,
    };
    (void)state;
    for (int nested = 0; nested < 2; nested++) {
        struct fixture fixture;
        struct error error = {0};
        struct update update;
        struct buffer text = {0};
        fixture_init(&fixture, "{}", "{}");
        struct value item = json_of(&fixture.arena, "{\"b\":[]}");
        struct value *list = (struct value *)value_map_get(&item, bytes_of_text("b"));
        list->items.at = arena_create_array(&fixture.arena, MEMBERS, sizeof(*list->items.at));
        list->items.count = MEMBERS;
        buffer_put_text(&text, "SET a = b");
        for (int k = 0; k < 150 && nested == 0; k++) {
            buffer_put_format(&text, ", x%d = b", k);
        }
        for (int k = 0; k < 149 && nested == 1; k++) {
            buffer_put_text(&text, k == 0 ? ", c = list_append(b, " : "list_append(b, ");
        }
        buffer_put_text(&text, nested == 1 ? "b" : "");
        for (int k = 0; k < 149 && nested == 1; k++) {
            buffer_put_text(&text, ")");
        }
        assert_ok(update_parse(buffer_bytes(&text), &fixture.options, &update, &error), error);
        assert_status(update_apply(&update, &fixture.arena, &item, &error), STATUS_TOO_LARGE, error);
        assert_string_equal(error.text, "Item size to update has exceeded the maximum allowed size");
        assert_in_range(fixture.arena.total, 1, 128 * 1024 * 1024);
        buffer_reset(&text);
        arena_reset(&fixture.arena);
    }
}

/* New members come among those that are there, each where its name belongs, and those that are there keep their places; also
 * in a map below, and with what is counted up, put anew and taken away. */
static void new_names_settle_among_old_ones(void **state)
{
    (void)state;
    const char *item = "{\"b\":1,\"d\":{\"k\":1,\"m\":2},\"f\":[{\"x\":0}],\"h\":9}";
    check_update("SET z=:two, a=:two, c=b, d.l=:two, d.j=h, f[0].w=:two, f[0].y=:two, f[7]=:m, b=:two, d.k=b "
                 "ADD e :two, g "
                 ":two REMOVE h",
                 item,
                 "{\"a\":2,\"b\":2,\"c\":1,\"d\":{\"j\":9,\"k\":1,\"l\":2,\"m\":2},\"e\":2,"
                 "\"f\":[{\"w\":2,\"x\":0,\"y\":2},{\"k\":1}],\"g\":2,\"z\":2}");
    check_update("SET l=:two ADD a :one, m :one, c :one", "{\"b\":0}",
                 "{\"a\":1,\"b\":0,\"c\":1,\"l\":2,\"m\":1}");
}

/* Of several values that cannot be computed the first one of the expression is told. */
static void the_first_wrong_value_is_told(void **state)
{
    (void)state;
    const char *item = "{\"s\":\"text\"}";
    check_update("SET b = nothing, a = s + :one", item,
                 "The provided expression refers to an attribute that does not exist in the item");
    check_update("SET b = s + :one, a = nothing", item,
                 "An operand in the update expression has an incorrect data type");
}

/* More names than items hold, before as many old ones: they move once; moved for each one it takes a minute. */
static void many_names_come_before_many(void **state)
{
    enum {
        OLD = 100000,
        NEW = 20000,
    };
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct value one = value_of_integer(1);
    struct update update = update_of_many(2 * NEW, &one, &arena);
    update.count = NEW; /* the names */
    struct value item = {.kind = VALUE_MAP, .pairs = {.count = OLD}};
    item.pairs.at = arena_create_array(&arena, (size_t)2 * OLD, sizeof(*item.pairs.at));
    for (size_t i = 0; i < OLD; i++) {
        item.pairs.at[2 * i] = value_of_text(bytes_of_text(arena_format(&arena, "y%06zu", i)));
        item.pairs.at[2 * i + 1] = one;
    }
    assert_ok(update_apply(&update, &arena, &item, &error), error);
    assert_int_equal(item.pairs.count, OLD + NEW);
    for (size_t i = 1; i < item.pairs.count; i++) {
        assert_true(value_compare(&item.pairs.at[2 * i - 2], &item.pairs.at[2 * i]) < 0);
    }
    arena_reset(&arena);
}

static struct value set_of_many(int64_t first, size_t count, bool is_decimal, struct arena *arena)
{
    struct value set = {.kind = VALUE_SET, .items = {.count = count}};
    set.items.at = arena_create_array(arena, count, sizeof(*set.items.at));
    for (size_t i = 0; i < count; i++) {
        set.items.at[i] = value_of_integer(first + (int64_t)i);
        if (is_decimal) {
            set.items.at[i] = (struct value){.kind = VALUE_DECIMAL,
                                             .decimal = decimal_of_integer(first + (int64_t)i, arena)};
        }
    }
    return set;
}

/* As large as items can hold: what compared each member with each would not end in minutes. */
static void large_sets_are_sought_in_order(void **state)
{
    enum {
        MEMBERS = 120000,
    };
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct value item = json_of(&arena, "{\"s\":0}");
    struct value set = set_of_many(0, MEMBERS, true, &arena);
    struct value upper =
        set_of_many(MEMBERS / 2, MEMBERS, false, &arena); /* the same numbers as another kind */
    const struct path_element name = {.name = bytes_of_text("s")};
    const struct operand operand = {.kind = OPERAND_VALUE, .value = &upper};
    struct action action = {.kind = ACTION_ADD, .path = {.elements = &name, .count = 1}, .operand = &operand};
    const struct update update = {.actions = &action, .count = 1};
    item.pairs.at[1] = set;
    assert_ok(update_apply(&update, &arena, &item, &error), error);
    assert_int_equal(item.pairs.at[1].items.count, MEMBERS + MEMBERS / 2);
    struct value whole = set_of_many(0, MEMBERS + MEMBERS / 2, true, &arena);
    assert_true(document_equal(&item.pairs.at[1], &whole));
    assert_false(document_equal(&item.pairs.at[1], &set));
    action.kind = ACTION_DELETE;
    assert_ok(update_apply(&update, &arena, &item, &error), error);
    assert_int_equal(item.pairs.at[1].items.count, MEMBERS / 2);
    arena_reset(&arena);
}

static void long_projections_take_little_memory(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error error;
    struct projection projection;
    char text[4096] = "n0";
    for (int i = 1; i < 500; i++) {
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof(text) - size, ",n%d", i);
    }
    const struct expression_options options = {.arena = &arena};
    assert_ok(projection_parse(bytes_of_text(text), &options, &projection, &error), error);
    assert_int_equal(projection.count, 500);
    assert_in_range(arena.total, 1, 256 * 1024);
    struct value item = json_of(&arena, "{\"n1\":1,\"n10\":2,\"n2\":3,\"n499\":4,\"n500\":5}");
    struct value part = projection_apply(&projection, &item, &arena);
    assert_int_equal(part.pairs.count, 4);
    assert_non_null(value_map_get(&part, bytes_of_text("n499")));
    arena_reset(&arena);
}

static void sizes_are_as_documented(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct value item = json_of(&arena, "{\"a\":\"text\",\"n\":123,\"l\":[1,true],\"m\":{\"k\":null}}");
    /* a 1+4; n 1+(2+1); l 1+3+(1+2)+(1+1); m 1+3+(1+1+1) */
    assert_int_equal(document_bytes(&item), 5 + 4 + 9 + 7);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_hold),
        cmocka_unit_test(errors_are_dynamodbs),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(updates_apply),
        cmocka_unit_test(projections_keep_shape),
        cmocka_unit_test(filters_of_changes),
        cmocka_unit_test(sizes_are_as_documented),
        cmocka_unit_test(many_copies_are_refused),
        cmocka_unit_test(many_actions_take_little_memory),
        cmocka_unit_test(new_names_settle_among_old_ones),
        cmocka_unit_test(the_first_wrong_value_is_told),
        cmocka_unit_test(many_names_come_before_many),
        cmocka_unit_test(large_sets_are_sought_in_order),
        cmocka_unit_test(long_projections_take_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
