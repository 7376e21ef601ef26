/* A mailbox keeps each sender's order, refuses what is over its bound, and drains after it was closed. */
#include "base/mailbox.h"

#include "base/memory.h"
#include "base/thread.h"
#include "support/test.h"

enum {
    SENDERS = 3,
    MESSAGES = 5000,
};

struct numbered {
    struct message message;
    int sender;
    int number;
};

struct sender {
    struct mailbox *mailbox;
    int id;
};

static void sender_run(void *context)
{
    struct sender *sender = context;
    for (int i = 0; i < MESSAGES; i++) {
        struct numbered *numbered = memory_create(sizeof(*numbered));
        numbered->sender = sender->id;
        numbered->number = i;
        while (mailbox_send(sender->mailbox, &numbered->message) == STATUS_BUSY) {
        }
    }
}

static void test_senders_keep_their_order(void **state)
{
    (void)state;
    struct error error;
    struct mailbox *mailbox = mailbox_create(64);
    struct sender senders[SENDERS];
    struct thread *threads[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.mailbox = mailbox, .id = i};
        assert_ok(thread_create("sender", sender_run, &senders[i], &threads[i], &error), error);
    }
    int next[SENDERS] = {0};
    int received = 0;
    while (received < SENDERS * MESSAGES) {
        struct message *message = mailbox_receive(mailbox, -1);
        while (message != NULL) {
            struct numbered *numbered = (struct numbered *)message;
            message = message->next;
            assert_int_equal(numbered->number, next[numbered->sender]++);
            memory_destroy(numbered);
            received++;
        }
    }
    for (int i = 0; i < SENDERS; i++) {
        thread_join(&threads[i]);
    }
    mailbox_destroy(&mailbox);
}

static void test_a_full_mailbox_is_busy(void **state)
{
    (void)state;
    struct mailbox *mailbox = mailbox_create(2);
    struct message messages[4];
    assert_int_equal(mailbox_send(mailbox, &messages[0]), STATUS_OK);
    assert_int_equal(mailbox_send(mailbox, &messages[1]), STATUS_OK);
    assert_int_equal(mailbox_send(mailbox, &messages[2]), STATUS_BUSY);
    assert_int_equal(mailbox_send_reply(mailbox, &messages[3]), STATUS_OK);
    mailbox_close(mailbox);
    assert_int_equal(mailbox_send_reply(mailbox, &messages[2]), STATUS_CLOSED);
    assert_ptr_equal(mailbox_receive(mailbox, -1), &messages[0]);
    assert_ptr_equal(messages[1].next, &messages[3]);
    assert_null(mailbox_receive(mailbox, -1));
    mailbox_destroy(&mailbox);
}

static void test_waiting_ends_at_the_timeout(void **state)
{
    (void)state;
    struct mailbox *mailbox = mailbox_create(2);
    assert_null(mailbox_receive(mailbox, 2000));
    assert_null(mailbox_receive(mailbox, 0));
    mailbox_destroy(&mailbox);
}

static void close_run(void *context)
{
    mailbox_close(context);
}

static void test_gathering(void **state)
{
    (void)state;
    struct error error;
    struct mailbox *mailbox = mailbox_create(64);
    struct sender sender = {.mailbox = mailbox};
    struct thread *thread = NULL;
    int received = 0;
    assert_int_equal(mailbox_gather(mailbox, 1, 2000), 0);
    assert_ok(thread_create("sender", sender_run, &sender, &thread, &error), error);
    while (received < MESSAGES) {
        int wanted = MESSAGES - received < 40 ? MESSAGES - received : 40;
        int there = (int)mailbox_gather(mailbox, (size_t)wanted, -1);
        assert_in_range(there, wanted, 64);
        struct message *message = mailbox_receive(mailbox, 0);
        while (message != NULL) {
            struct message *gone = message;
            message = message->next;
            memory_destroy(gone);
            received++;
        }
    }
    thread_join(&thread);
    assert_int_equal(received, MESSAGES);
    assert_int_equal(mailbox_gather(mailbox, 1, 0), 0);
    struct message one;
    assert_int_equal(mailbox_send(mailbox, &one), STATUS_OK);
    assert_int_equal(mailbox_gather(mailbox, 2, 2000), 1);
    assert_ok(thread_create("close", close_run, mailbox, &thread, &error), error);
    assert_int_equal(mailbox_gather(mailbox, 2, -1), 1);
    thread_join(&thread);
    assert_ptr_equal(mailbox_receive(mailbox, -1), &one);
    mailbox_destroy(&mailbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_senders_keep_their_order),
        cmocka_unit_test(test_a_full_mailbox_is_busy),
        cmocka_unit_test(test_waiting_ends_at_the_timeout),
        cmocka_unit_test(test_gathering),
    };
    return cmocka_run_group_tests_name("base/mailbox", tests, NULL, NULL);
}
