#include "consistency.h"

static const struct cql_parameters *parameters_of(const struct exec_call *call)
{
    return &call->request->message->parameters;
}

static bool is_serial(uint16_t level)
{
    return level == CQL_SERIAL || level == CQL_LOCAL_SERIAL;
}

enum status statement__consistency_read(struct exec_call *call, size_t partitions)
{
    uint16_t level = parameters_of(call)->consistency;
    if (call->notes != NULL) {
        return STATUS_OK; /* PREPARE names none */
    }
    if (level == CQL_ANY) {
        return exec_fail(call, CQL_INVALID, "ANY ConsistencyLevel is only supported for writes");
    }
    return is_serial(level) && partitions > 1
               ? exec_fail(
                     call, CQL_INVALID,
                     "SERIAL/LOCAL_SERIAL consistency may only be requested for one partition at a time")
               : STATUS_OK;
}

enum status statement__consistency_write(struct exec_call *call)
{
    return is_serial(parameters_of(call)->consistency)
               ? exec_fail(call, CQL_INVALID, "You must use conditional updates for serializable writes")
               : STATUS_OK;
}

enum status statement__consistency_condition(struct exec_call *call)
{
    uint16_t level = parameters_of(call)->consistency;
    if (!is_serial(parameters_of(call)->serial_consistency)) {
        return exec_fail(call, CQL_INVALID,
                         "Invalid consistency for conditional update. Must be one of SERIAL or LOCAL_SERIAL");
    }
    return is_serial(level)
               ? exec_fail(
                     call, CQL_INVALID,
                     "%s is not supported as conditional update commit consistency. Use ANY if you mean "
                     "\"make sure it is accepted but I don't care how many replicas commit it for "
                     "non-SERIAL reads\"",
                     level == CQL_SERIAL ? "SERIAL" : "LOCAL_SERIAL")
               : STATUS_OK;
}

enum status statement__consistency_counter(struct exec_call *call, struct bytes table)
{
    return parameters_of(call)->consistency == CQL_ANY
               ? exec_fail_name(call, "Consistency level ANY is not yet supported for counter table %.*s",
                                table)
               : statement__consistency_write(call);
}
