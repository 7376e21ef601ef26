/* The door: its server, what its connections share, and what they are told. */
#include "door.h"

#include "base/memory.h"
#include "cql/bounds.h"
#include "measure.h"

/* --- events ----------------------------------------------------------------------------------------------------- */

void cql__door_tell(struct cql_door *door, const struct cql_schema_change *change)
{
    for (struct list_entry *at = door->sessions.first; at != NULL; at = at->next) {
        struct session *session = at->object;
        if ((session->events & CQL_SCHEMA_CHANGE) != 0) {
            cql__event_schema_change(&door->scratch, session->version, change);
            cql__session_send(session);
        }
    }
}

/* A change on its way to the door's thread. */
struct notice {
    struct stream_task task; /* first member */
    struct cql_door *door;
    struct arena arena;
    struct cql_schema_change change;
};

static void notice_arrived(struct stream_task *task)
{
    struct notice *notice = (struct notice *)task;
    cql__door_tell(notice->door, &notice->change);
    arena_reset(&notice->arena);
    memory_destroy(notice);
}

void cql_door_notify(struct cql_door *door, const struct cql_schema_change *change)
{
    struct notice *notice = memory_create(sizeof(*notice));
    struct arena *arena = &notice->arena;
    notice->task.run = notice_arrived;
    notice->door = door;
    struct bytes *arguments = arena_create_array(arena, change->arguments_count, sizeof(*arguments));
    for (size_t i = 0; i < change->arguments_count; i++) {
        arguments[i] = arena_copy(arena, change->arguments[i]);
    }
    notice->change = (struct cql_schema_change){
        .change = arena_copy_text(arena, bytes_of_text(change->change)),
        .target = arena_copy_text(arena, bytes_of_text(change->target)),
        .keyspace = arena_copy(arena, change->keyspace),
        .name = arena_copy(arena, change->name),
        .arguments = arguments,
        .arguments_count = change->arguments_count,
    };
    stream_server_post(door->server, &notice->task);
}

/* --- opening and closing ---------------------------------------------------------------------------------------- */

static void door_opened(void *context, struct stream *stream)
{
    cql__session_open(context, stream);
}

static size_t door_received(void *context, struct stream *stream, struct bytes bytes)
{
    (void)context;
    return cql__session_receive(stream_context(stream), bytes);
}

static void door_closed(void *context, struct stream *stream)
{
    (void)context;
    cql__session_close(stream_context(stream));
}

enum status cql_door_open(const struct cql_door_options *options, struct cql_door **ret_door,
                          struct error *error)
{
    struct cql_door *door = memory_create(sizeof(*door));
    struct stream_server_options server = {.endpoint = options->endpoint,
                                           .leader = options->leader == NULL ? NULL : options->leader->server,
                                           .handshake_ms = options->handshake_ms,
                                           .opened = door_opened,
                                           .received = door_received,
                                           .closed = door_closed,
                                           .context = door};
    door->options = *options;
    door->prepared = options->doors == NULL ? cql__prepared_create(CQL_PREPARED_MAX, CQL_PREPARED_BYTES_MAX,
                                                                   options->executor->destroy)
                                            : cql__doors_prepared(options->doors, options->executor->destroy);
    cql__measure_open();
    enum status status = stream_server_open(&server, &door->server, error);
    if (status != STATUS_OK) {
        cql_door_close(&door);
        return status;
    }
    if (options->doors != NULL) {
        cql__doors_join(options->doors, door);
    }
    *ret_door = door;
    return STATUS_OK;
}

void cql_door_close(struct cql_door **door)
{
    struct cql_door *gone = *door;
    *door = NULL;
    if (gone == NULL) {
        return;
    }
    if (gone->options.doors != NULL && gone->server != NULL) {
        cql__doors_leave(gone->options.doors, gone);
    }
    stream_server_close(&gone->server);
    CHECK(gone->sessions.first == NULL);
    cql__flight_pool_reset(&gone->flights);
    if (gone->options.doors == NULL) {
        cql__prepared_destroy(&gone->prepared);
    }
    buffer_reset(&gone->output);
    buffer_reset(&gone->scratch);
    buffer_reset(&gone->framed);
    memory_destroy(gone);
}

enum status cql_door_reload(struct cql_door *door, struct error *error)
{
    return stream_server_reload(door->server, error);
}

const char *cql_door_address(const struct cql_door *door)
{
    return stream_server_address(door->server);
}
