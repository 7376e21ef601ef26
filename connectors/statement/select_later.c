/* Reads that take long: a few rows are looked at on the door's thread, which then begins anew in the reader pool. */
#include "gate/readers.h"
#include "select.h"
#include "statement/bounds.h"

struct later {
    struct gate_reading reading;
    struct select *select;
    enum status status;
};

/* Thread: the door's. */
static void later_done(struct cql_request *request)
{
    struct exec_call *call = request->context;
    struct select *select = call->context;
    statement__select_read_ended(select, select->later->status);
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
    enum status status = gate_readers_submit(call->exec->readers, &later->reading);
    return status == STATUS_OK ? status : exec_fail_status(call, status, "the server is stopping");
}
