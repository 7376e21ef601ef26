/* Moments that requests name: what they are as LSNs, and requests that are put aside until that is decided. */
#include "dynamodb_private.h"
#include "value/decimal.h"

int64_t moment_of_seconds(const struct decimal *seconds)
{
    double us = decimal_to_double(seconds) * 1000000;
    if (us >= 0x1p63) {
        return INT64_MAX;
    }
    return us <= -0x1p63 ? INT64_MIN : (int64_t)us;
}

/* The later of `time_us` and of what a member says, if it is a moment. */
static int64_t later_of(int64_t time_us, const struct value *map, const char *name)
{
    const struct value *moment = member_of(map, name);
    int64_t moment_us =
        moment != NULL && moment->kind == VALUE_DECIMAL ? moment_of_seconds(&moment->decimal) : INT64_MIN;
    return moment_us > time_us ? moment_us : time_us;
}

/* The latest moment that the request names: what is decided for it is decided for those before. INT64_MIN: it names none. */
static int64_t call_moment(struct call *call)
{
    struct bytes header = http_header(call->exchange, "X-Oxbow-As-Of");
    const struct value *period = member_of(call->input, "IncrementalExportSpecification");
    struct decimal number;
    int64_t time_us = INT64_MIN;
    if (header.size > 0 && decimal_parse(header, call->arena, &number, NULL) == STATUS_OK) {
        time_us = moment_of_seconds(&number);
    }
    time_us = later_of(time_us, call->input, "ExportTime");
    time_us = later_of(time_us, call->input, "RestoreDateTime");
    time_us = later_of(time_us, period, "ExportFromTime");
    return later_of(time_us, period, "ExportToTime");
}

static void moment_resume(struct http_exchange *exchange)
{
    struct call *call = http_context(exchange);
    call->is_waiting = false;
    call->finish(call);
}

/* Thread: the writer's. */
static void moment_settled(void *context)
{
    struct call *call = context;
    http_resume(call->exchange, moment_resume);
}

bool call_put_aside(struct call *call, void (*finish)(struct call *call))
{
    int64_t time_us = call_moment(call);
    if (time_us == INT64_MIN) {
        return false;
    }
    call->finish = finish;
    call->is_waiting = true;
    if (gate_moment_settle(call->door->options.gate, time_us, moment_settled, call)) {
        call->is_waiting = false;
        return false;
    }
    return true;
}

enum status call_as_of(struct call *call, uint64_t *ret_lsn)
{
    struct bytes lsn = http_header(call->exchange, "X-Oxbow-As-Of-Lsn");
    struct bytes moment = http_header(call->exchange, "X-Oxbow-As-Of");
    struct decimal number;
    struct error error;
    int64_t whole = 0;
    *ret_lsn = 0;
    if (lsn.size > 0) {
        bool is_sound = decimal_parse(lsn, call->arena, &number, NULL) == STATUS_OK &&
                        decimal_to_integer(&number, &whole) && whole > 0;
        if (!is_sound) {
            return call_fail(call, AWS_FAILURE_VALIDATION, "X-Oxbow-As-Of-Lsn must be an LSN");
        }
        return gate_lsn_whole(call->door->options.gate, (uint64_t)whole, ret_lsn, &error) == STATUS_OK
                   ? STATUS_OK
                   : call_fail(call, AWS_FAILURE_VALIDATION, "X-Oxbow-As-Of-Lsn: %s", error.text);
    }
    if (moment.size == 0) {
        return STATUS_OK;
    }
    if (decimal_parse(moment, call->arena, &number, NULL) != STATUS_OK) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "X-Oxbow-As-Of must be seconds since 1970, like 1700000000.5");
    }
    enum status status = gate_lsn_at(call->door->options.gate, moment_of_seconds(&number), ret_lsn, &error);
    return status == STATUS_OK ? status
                               : call_fail(call, AWS_FAILURE_VALIDATION, "X-Oxbow-As-Of: %s", error.text);
}
