/* What waits for clients that do not take it is bounded, whatever they ask; what is for a subscription is never thrown away. */
#include <string.h>

#include "base/memory.h"
#include "native/bounds.h"
#include "native_private.h"
#include "support/test.h"

static struct native_peer peer_of(uint8_t name, uint8_t type)
{
    struct native_peer peer = {.id_bytes = 1, .type = type};
    peer.id[0] = name;
    return peer;
}

/* A door that has no socket: all that is sent waits. */
static void door_fill(struct native_door *door, const struct native_peer *peer)
{
    native__backlog_add(door, peer, WIRE_GET | WIRE_REPLY, bytes_of_text("first"));
    door->backlog_bytes += NATIVE_BACKLOG_BYTES_MAX;
}

static void door_empty(struct native_door *door)
{
    native__backlogs_close(door);
    assert_int_equal(door->backlog_bytes, NATIVE_BACKLOG_BYTES_MAX);
}

static void test_answers_beyond_the_bound_are_thrown_away(void **state)
{
    static const uint8_t types[] = {WIRE_GET, WIRE_CREDIT, WIRE_UNSUBSCRIBE};
    struct native_door door = {0};
    struct native_peer peer = peer_of('a', WIRE_GET);
    (void)state;
    door_fill(&door, &peer);
    size_t bytes = door.backlog_bytes;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        peer.type = types[i];
        native__answer_error(&door, &peer, STATUS_NOT_FOUND, "there is no such subscription");
        assert_int_equal(door.backlog_bytes, bytes);
    }
    door_empty(&door);
}

/* One that does not read takes nothing from others. */
static void test_one_client_has_a_share(void **state)
{
    struct native_door door = {0};
    struct native_peer greedy = peer_of('a', WIRE_GET);
    struct native_peer other = peer_of('b', WIRE_GET);
    char *large = memory_create(NATIVE_BACKLOG_PEER_BYTES_MAX);
    (void)state;
    native__backlog_add(&door, &greedy, WIRE_GET | WIRE_REPLY,
                        bytes_of(large, NATIVE_BACKLOG_PEER_BYTES_MAX));
    assert_true(native__backlog_is_full(&door, &greedy));
    assert_false(native__backlog_is_full(&door, &other));
    native__backlogs_close(&door);
    assert_int_equal(door.backlog_bytes, 0);
    memory_destroy(large);
}

static void test_records_are_kept(void **state)
{
    struct native_door door = {0};
    struct native_peer peer = peer_of('a', WIRE_SUBSCRIBE);
    struct native_peer other = peer_of('b', WIRE_SUBSCRIBE);
    struct buffer body = {0};
    (void)state;
    door_fill(&door, &peer);
    size_t bytes = door.backlog_bytes;
    buffer_put_text(&body, "records");
    assert_int_equal(native__send_records(&door, &peer, &body), STATUS_OK);
    assert_true(door.backlog_bytes > bytes);
    assert_true(native__has_backlog(&door, &peer));
    assert_false(native__has_backlog(&door, &other));
    buffer_reset(&body);
    door_empty(&door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_beyond_the_bound_are_thrown_away),
        cmocka_unit_test(test_one_client_has_a_share),
        cmocka_unit_test(test_records_are_kept),
    };
    return cmocka_run_group_tests_name("native/backlog", tests, NULL, NULL);
}
