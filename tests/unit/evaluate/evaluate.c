/* Functions of values in real worker processes: calls, folds, long folds in pieces; what fails; stopping. This program is its own
 * worker: the launcher starts it again with the argument `worker`. */
#include "evaluate/evaluate.h"

#include <semaphore.h>
#include <stdio.h>

#include "pool/pool.h"
#include "support/test.h"
#include "worker/worker.h"

struct fixture {
    struct launcher *launcher;
    struct pool *pool;
    struct evaluator *evaluator;
};

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): made in main, before cmocka does anything */
static struct fixture fixture;

static void job_done(struct evaluate_job *job)
{
    (void)sem_post(job->context);
}

static void job_run(struct evaluate_job *job)
{
    struct error error;
    sem_t done;
    assert_int_equal(sem_init(&done, 0, 0), 0);
    job->done = job_done;
    job->context = &done;
    assert_ok(evaluate_submit(fixture.evaluator, job, &error), error);
    assert_int_equal(sem_wait(&done), 0);
    (void)sem_destroy(&done);
}

static struct bytes source_of(const char *body, size_t arguments, bool is_called_on_null,
                              struct buffer *source)
{
    const struct bytes names[] = {bytes_of_text("a"), bytes_of_text("b"), bytes_of_text("c")};
    const struct evaluate_function function = {.name = bytes_of_text("ks.f"),
                                               .arguments = names,
                                               .arguments_count = arguments,
                                               .body = bytes_of_text(body),
                                               .is_called_on_null = is_called_on_null};
    evaluate_source(&function, source);
    return buffer_bytes(source);
}

static void put_integer(struct buffer *message, int64_t integer)
{
    buffer_put_u8(message, 'I');
    buffer_put_u64(message, (uint64_t)integer);
}

static void put_text(struct buffer *message, const char *text)
{
    buffer_put_u8(message, 'S');
    buffer_put_u32(message, (uint32_t)strlen(text));
    buffer_put_text(message, text);
}

/* One call with one integer; what came of it is the answer, or the failure's text. */
static enum status call(const char *body, int64_t argument, struct evaluate_job *job, struct buffer *answer)
{
    struct buffer source = {0};
    struct buffer message = {0};
    buffer_put_u8(&message, EVALUATE_CALLS);
    buffer_put_u32(&message, 1);
    put_integer(&message, argument);
    struct bytes bytes = buffer_bytes(&message);
    struct evaluate_task task = {.name = bytes_of_text("ks.f"),
                                 .source = source_of(body, 1, true, &source),
                                 .messages = &bytes,
                                 .count = 1};
    *job = (struct evaluate_job){.tasks = &task, .count = 1};
    job_run(job);
    *answer = task.answer;
    buffer_reset(&message);
    buffer_reset(&source);
    return job->status;
}

static void assert_answer(const char *body, int64_t argument, const struct buffer *expected)
{
    struct evaluate_job job;
    struct buffer answer = {0};
    if (call(body, argument, &job, &answer) != STATUS_OK) {
        fail_msg("%s: %s", body, job.text);
    }
    assert_true(bytes_equal(buffer_bytes(&answer), buffer_bytes(expected)));
    buffer_reset(&answer);
}

static void calls_answer(void **state)
{
    struct buffer expected = {0};
    (void)state;
    put_integer(&expected, 42);
    assert_answer("return a + 1", 41, &expected);
    assert_answer("return a + 1 -- ]=]]==]", 41, &expected);
    assert_answer("return a + 1 -- ]=", 41, &expected);
    assert_answer("return 42, 43", 0, &expected);
    buffer_clear(&expected);
    put_text(&expected, "]]=]");
    assert_answer("return ']]=]'", 0, &expected);
    buffer_clear(&expected);
    buffer_put_u8(&expected, 'N');
    assert_answer("", 0, &expected);
    buffer_clear(&expected);
    buffer_put_u8(&expected, 'M');
    buffer_put_u32(&expected, 1);
    put_text(&expected, "k");
    buffer_put_u8(&expected, 'T');
    assert_answer("return {k = a == 0}", 0, &expected);
    buffer_reset(&expected);
}

/* Two messages, of calls of two arguments each: the answer is one behind the other, and no call sees another's globals. */
static void many_calls_answer_in_order(void **state)
{
    struct buffer source = {0};
    struct buffer messages[2] = {{0}, {0}};
    struct bytes bytes[2];
    struct buffer expected = {0};
    (void)state;
    for (int64_t i = 0; i < 2; i++) {
        buffer_put_u8(&messages[i], EVALUATE_CALLS);
        buffer_put_u32(&messages[i], 3);
        for (int64_t k = 0; k < 3; k++) {
            put_integer(&messages[i], i);
            buffer_put_u8(&messages[i], 'L');
            buffer_put_u32(&messages[i], 2);
            buffer_put_u8(&messages[i], 'N');
            put_integer(&messages[i], k);
            put_integer(&expected, 100 * i + 10 * k + 1);
        }
        bytes[i] = buffer_bytes(&messages[i]);
    }
    struct evaluate_task task = {.name = bytes_of_text("ks.f"),
                                 .source = source_of("n = (n or 0) + 1 return 100 * a + 10 * b[2] + n", 2,
                                                     true, &source),
                                 .messages = bytes,
                                 .count = 2};
    struct evaluate_job job = {.tasks = &task, .count = 1};
    job_run(&job);
    assert_int_equal(job.status, STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&task.answer), buffer_bytes(&expected)));
    buffer_reset(&task.answer);
    buffer_reset(&expected);
    buffer_reset(&source);
    buffer_reset(&messages[0]);
    buffer_reset(&messages[1]);
}

static void put_rows(struct buffer *message, const char *const *texts, uint32_t count)
{
    buffer_put_u32(message, count);
    for (size_t i = 0; i < count; i++) {
        if (texts[i] == NULL) {
            buffer_put_u8(message, 'N');
        } else {
            put_text(message, texts[i]);
        }
    }
}

/* Rows in one message, and the same in pieces; with and without calls for nil. */
static void folds_go_through_rows(void **state)
{
    static const char *const texts[] = {"x", NULL, "y", "z"};
    static const char *const expected[] = {">xyz", ">xnilyz"};
    (void)state;
    for (int k = 0; k < 4; k++) {
        bool is_chain = k >= 2;
        struct buffer source = {0};
        struct buffer pieces[2] = {{0}, {0}};
        struct buffer start = {0};
        struct buffer result = {0};
        put_text(&start, ">");
        if (is_chain) {
            put_rows(&pieces[0], texts, 3);
            put_rows(&pieces[1], texts + 3, 1);
        } else {
            buffer_put_u8(&pieces[0], EVALUATE_FOLDS);
            buffer_put_u32(&pieces[0], 1);
            buffer_put(&pieces[0], buffer_bytes(&start));
            put_rows(&pieces[0], texts, 4);
        }
        struct bytes messages[] = {buffer_bytes(&pieces[0]), buffer_bytes(&pieces[1])};
        struct evaluate_task task = {.name = bytes_of_text("ks.f"),
                                     .source = source_of("return a .. tostring(b)", 2, k % 2 == 1, &source),
                                     .messages = messages,
                                     .count = is_chain ? 2 : 1,
                                     .is_chain = is_chain,
                                     .state = buffer_bytes(&start)};
        struct evaluate_job job = {.tasks = &task, .count = 1};
        job_run(&job);
        put_text(&result, expected[k % 2]);
        assert_int_equal(job.status, STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&task.answer), buffer_bytes(&result)));
        buffer_reset(&task.answer);
        buffer_reset(&source);
        buffer_reset(&pieces[0]);
        buffer_reset(&pieces[1]);
        buffer_reset(&start);
        buffer_reset(&result);
    }
}

static void failures_are_told(void **state)
{
    static const struct {
        const char *body;
        const char *text;
    } cases[] = {
        {"error('why')", "ks.f:1: why"},
        {"error({})", "table: "},
        {"error('why\\nmore')", "ks.f:1: why"},
        {"return x.y", "ks.f:1: attempt to index a nil value (global 'x')"},
        {"return oxbow.get('t', {})", "ks.f:1: attempt to index a nil value (global 'oxbow')"},
        {"return function() end", "a function is no value that can be returned"},
        {"local t = {} t.t = t return t", "a table that nests more than 32 levels, or holds itself"},
        {"return a +", "ks.f:1: unexpected symbol near <eof>"},
        {"while true do end", "time budget used up at ks.f:1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct evaluate_job job;
        struct buffer answer = {0};
        assert_int_equal(call(cases[i].body, 1, &job, &answer), STATUS_FUNCTION);
        if (!bytes_start_with(bytes_of_text(job.text), bytes_of_text(cases[i].text)) ||
            strchr(job.text, '\n') != NULL) {
            fail_msg("%s:\n  %s\n  not %s", cases[i].body, job.text, cases[i].text);
        }
        buffer_reset(&answer);
    }
}

/* The second task fails: the third is not run. */
static void a_job_ends_where_it_fails(void **state)
{
    struct buffer sources[3] = {{0}, {0}, {0}};
    struct buffer message = {0};
    struct evaluate_task tasks[3];
    (void)state;
    buffer_put_u8(&message, EVALUATE_CALLS);
    buffer_put_u32(&message, 1);
    struct bytes bytes = buffer_bytes(&message);
    for (size_t i = 0; i < 3; i++) {
        tasks[i] = (struct evaluate_task){.name = bytes_of_text("ks.f"),
                                          .source = source_of(i == 1 ? "error('no', 0)" : "return 1", 0, true,
                                                              &sources[i]),
                                          .messages = &bytes,
                                          .count = 1};
    }
    struct evaluate_job job = {.tasks = tasks, .count = 3};
    job_run(&job);
    assert_int_equal(job.status, STATUS_FUNCTION);
    assert_int_equal(job.failed, 1);
    assert_string_equal(job.text, "no");
    assert_true(tasks[0].answer.size > 0 && tasks[2].answer.size == 0);
    for (size_t i = 0; i < 3; i++) {
        buffer_reset(&tasks[i].answer);
        buffer_reset(&sources[i]);
    }
    buffer_reset(&message);
}

static void sources_are_checked(void **state)
{
    static const char *const bodies[] = {"return a", "return a +", "end x = function()", "goto nowhere"};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct buffer source = {0};
        struct evaluate_task task = {.name = bytes_of_text("ks.f"),
                                     .source = source_of(bodies[i], 3, false, &source)};
        struct evaluate_job job = {.tasks = &task, .count = 1, .is_check = true};
        job_run(&job);
        assert_int_equal(job.status, i == 0 ? STATUS_OK : STATUS_FUNCTION);
        assert_true(i == 0 || bytes_start_with(bytes_of_text(job.text), bytes_of_text("ks.f:1: ")));
        buffer_reset(&source);
    }
    assert_true(evaluate_name_is_sound(bytes_of_text("a_1")));
    static const char *const names[] = {"", "1a", "end", "_ENV", "a b", "a-b", "\xc3\xa9", "nil"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_false(evaluate_name_is_sound(bytes_of_text(names[i])));
    }
}

/* Whatever was taken is answered; what comes later is not taken. */
static void stopping_answers(void **state)
{
    struct error error;
    struct buffer source = {0};
    struct buffer message = {0};
    struct evaluate_task tasks[8];
    struct evaluate_job jobs[8];
    sem_t done;
    (void)state;
    assert_int_equal(sem_init(&done, 0, 0), 0);
    buffer_put_u8(&message, EVALUATE_CALLS);
    buffer_put_u32(&message, 1);
    struct bytes bytes = buffer_bytes(&message);
    struct bytes text = source_of("local n = 0 for i = 1, 1e7 do n = n + i end return n", 0, true, &source);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
        tasks[i] = (struct evaluate_task){.name = bytes_of_text("ks.f"),
                                          .source = text,
                                          .messages = &bytes,
                                          .count = 1};
        jobs[i] = (struct evaluate_job){.tasks = &tasks[i], .count = 1, .done = job_done, .context = &done};
        assert_ok(evaluate_submit(fixture.evaluator, &jobs[i], &error), error);
    }
    evaluate_stop(fixture.evaluator);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
        assert_int_equal(sem_trywait(&done), 0);
        assert_true(jobs[i].status == STATUS_OK || jobs[i].status == STATUS_CLOSED);
        buffer_reset(&tasks[i].answer);
    }
    assert_int_equal(evaluate_submit(fixture.evaluator, &jobs[0], &error), STATUS_CLOSED);
    (void)sem_destroy(&done);
    buffer_reset(&message);
    buffer_reset(&source);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_answer),
        cmocka_unit_test(many_calls_answer_in_order),
        cmocka_unit_test(folds_go_through_rows),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(a_job_ends_where_it_fails),
        cmocka_unit_test(sources_are_checked),
        cmocka_unit_test(stopping_answers),
    };
    struct error error;
    if (count == 2 && strcmp(arguments[1], "worker") == 0) {
        return worker_main();
    }
    if (launcher_start(NULL, &fixture.launcher, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    fixture.pool = pool_create(fixture.launcher);
    if (evaluate_open(fixture.pool, &fixture.evaluator, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    evaluate_close(&fixture.evaluator);
    pool_destroy(&fixture.pool);
    launcher_stop(&fixture.launcher);
    return failed;
}
