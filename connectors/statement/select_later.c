/* Reads that take long: a few rows are looked at on the door's thread, which then begins anew in the reader pool. The pool reads
 * faster than the door can tell, so it has no more of them at a time than there is memory for. */
#include "gate/readers.h"
#include "select.h"
#include "statement/bounds.h"

struct later {
    struct gate_reading reading;
    struct select *select;
    enum status status;
    struct later *next; /* that waits for the pool */
};

static enum status later_submit(struct later *later)
{
    struct exec_call *call = later->select->call;
    enum status status = gate_readers_submit(call->exec->readers, &later->reading);
    call->exec->reads += status == STATUS_OK ? 1 : 0;
    return status == STATUS_OK ? status : exec_fail_status(call, status, "the server is stopping");
}

/* The next of those that wait go to the pool, besides those whose clients left. */
static void later_go_on(struct exec *exec)
{
    while (exec->waiting_first != NULL && exec->reads < CQL_READS_MAX) {
        struct later *later = exec->waiting_first;
        struct exec_call *call = later->select->call;
        exec->waiting_first = later->next;
        enum status status = cql_request_has_client(call->request)
                                 ? later_submit(later)
                                 : exec_fail_status(call, STATUS_CLOSED, "the client left");
        if (status != STATUS_OK) {
            statement__select_read_ended(later->select, status);
        }
    }
}

/* Thread: the door's. */
static void later_done(struct cql_request *request)
{
    struct exec_call *call = request->context;
    struct select *select = call->context;
    struct exec *exec = call->exec;
    exec->reads--;
    statement__select_read_ended(select, select->later->status);
    later_go_on(exec);
}

/* Thread: the pool's. Everything that it touches is the call's. */
static void later_run(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside)
{
    struct later *later = (struct later *)reading;
    struct select *select = later->select;
    gate_view_show_plain(view, false);
    gate_view_show_plain(aside, false);
    select->view = view;
    select->aside = aside;
    later->status =
        select->source.log != NULL ? statement__select_log(select) : statement__select_read(select);
    cql_request_resume(select->call->request, later_done);
}

enum status statement__select_later(struct select *select)
{
    struct exec_call *call = select->call;
    struct later *later = arena_create(call->arena, sizeof(*later));
    *later = (struct later){.reading = {.run = later_run}, .select = select};
    select->later = later;
    select->rows_inline = 0;
    struct exec *exec = call->exec;
    if (exec->reads < CQL_READS_MAX) {
        return later_submit(later);
    }
    *(exec->waiting_first == NULL ? &exec->waiting_first : &exec->waiting_last->next) = later;
    exec->waiting_last = later;
    return STATUS_OK;
}
