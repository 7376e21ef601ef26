/* The gate itself, and what it knows of tables. Writes are in plan.c and table.c, reads in view.c. */
#include "gate/gate.h"

#include "base/memory.h"
#include "catalog/catalog.h"
#include "environment/environment.h"
#include "fold/fold.h"
#include "gate_private.h"
#include "log/log.h"
#include "scrub/scrub.h"

struct gate *gate_create(const struct gate_options *options)
{
    struct gate *gate = memory_create(sizeof(*gate));
    gate->options = *options;
    return gate;
}

void gate_destroy(struct gate **gate)
{
    memory_destroy(*gate);
    *gate = NULL;
}

enum status gate_table_find(struct gate *gate, struct bytes name, const struct schema **ret_schema,
                            struct error *error)
{
    const struct schema *schema = catalog_find(gate->options.catalog, name);
    if (schema == NULL) {
        (void)error_set(error, STATUS_NOT_FOUND, "there is no table %.*s",
                        (int)(name.size < 255 ? name.size : 255), (const char *)name.data);
        return STATUS_NOT_FOUND;
    }
    *ret_schema = schema;
    return STATUS_OK;
}

const struct schema *gate_schema_of(struct gate *gate, const struct record *record)
{
    return catalog_find_version(gate->options.catalog, record->table, record->schema_version);
}

void gate_table_list(struct gate *gate, bool with_system,
                     void (*visit)(void *context, const struct schema *schema), void *context)
{
    catalog_list(gate->options.catalog, with_system, visit, context);
}

enum status gate_lsn_at(struct gate *gate, int64_t time_us, uint64_t *ret_lsn, struct error *error)
{
    uint64_t lsn = 0;
    enum status status = log_lsn_at(gate->options.log, time_us, &lsn, error);
    if (status == STATUS_OK && lsn == 0) { /* no LSN: elsewhere it means now */
        status = error_set(error, STATUS_TRIMMED, "that moment lies before the first commit");
    }
    if (status == STATUS_OK) {
        *ret_lsn = lsn;
    }
    return status;
}

static void gate_count_table(void *context, const struct schema *schema)
{
    (void)schema;
    ++*(uint64_t *)context;
}

int64_t gate_full_us(struct gate *gate)
{
    return fold_full_us(gate->options.fold);
}

const char *gate_refusal(struct gate *gate)
{
    return fold_refusal(gate->options.fold);
}

void gate_facts_read(struct gate *gate, struct gate_facts *ret_facts)
{
    struct environment_statistics statistics;
    struct log_tip tip = log_tip(gate->options.log);
    environment_statistics_read(gate->options.environment, &statistics);
    *ret_facts = (struct gate_facts){
        .committed_lsn = fold_committed_lsn(gate->options.fold),
        .horizon_lsn = tip.first_lsn,
        .synced_lsn = tip.synced_lsn,
        .term = tip.term,
        .log_bytes = tip.bytes,
        .log_segments = tip.segments,
        .store_bytes = statistics.pages_used * statistics.page_bytes,
        .checkpoint_lsn = statistics.checkpoint_lsn,
    };
    catalog_list(gate->options.catalog, false, gate_count_table, &ret_facts->tables);
}

enum status gate_scrub(struct gate *gate, struct buffer *position, struct scrub_step *ret_step,
                       struct error *error)
{
    const struct scrub_options options = {.catalog = gate->options.catalog,
                                          .environment = gate->options.environment,
                                          .log = gate->options.log};
    return scrub_next(&options, position, ret_step, error);
}
