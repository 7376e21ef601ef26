/* The gate itself, and what it knows of tables. Writes are in plan.c and table.c, reads in view.c. */
#include "gate/gate.h"

#include <stdio.h>

#include "base/clock.h"
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

/* The time of the oldest record of the log, for a message: " at …", or nothing. */
static void oldest_format(struct log *log, char *text, size_t size)
{
    struct buffer buffer = {0};
    struct record record;
    int64_t time_us = 0;
    char time[CLOCK_TEXT_BYTES];
    text[0] = '\0';
    if (log_record_at(log, log_tip(log).first_lsn, &buffer, &record, &time_us, NULL) == STATUS_OK) {
        clock_format(time_us, time);
        (void)snprintf(text, size, " at %s", time);
    }
    buffer_reset(&buffer);
}

/* What was there then may still change as long as the moment has not come. */
static enum status moment_check(struct gate *gate, int64_t time_us, struct error *error)
{
    char now[CLOCK_TEXT_BYTES];
    int64_t now_us = clock_wall_us(gate->options.clock);
    int64_t commit_us = log_tip(gate->options.log).commit_time_us;
    now_us = now_us < commit_us ? commit_us : now_us;
    if (time_us <= now_us) {
        return STATUS_OK;
    }
    clock_format(now_us, now);
    return error_set(error, STATUS_INVALID, "that moment has not come yet: it is %s", now);
}

/* Somebody who waits for a moment. */
struct gate_waiting {
    struct fold_moment moment; /* first member */
    void (*settled)(void *context);
    void *context;
};

static void waiting_settled(struct fold_moment *moment)
{
    struct gate_waiting *waiting = (struct gate_waiting *)moment;
    waiting->settled(waiting->context);
    memory_destroy(waiting);
}

bool gate_moment_settle(struct gate *gate, int64_t time_us, void (*settled)(void *context), void *context)
{
    struct fold *fold = gate->options.fold;
    if (moment_check(gate, time_us, NULL) != STATUS_OK || fold_moment_settle(fold, time_us, NULL)) {
        return true;
    }
    struct gate_waiting *waiting = memory_create(sizeof(*waiting));
    *waiting =
        (struct gate_waiting){.moment.settled = waiting_settled, .settled = settled, .context = context};
    bool is_settled = fold_moment_settle(fold, time_us, &waiting->moment);
    if (is_settled) {
        memory_destroy(waiting);
    }
    return is_settled;
}

enum status gate_lsn_at(struct gate *gate, int64_t time_us, uint64_t *ret_lsn, struct error *error)
{
    char oldest[CLOCK_TEXT_BYTES + 8];
    uint64_t lsn = 0;
    enum status status = moment_check(gate, time_us, error);
    if (status == STATUS_OK && !fold_moment_settle(gate->options.fold, time_us, NULL)) {
        status = error_set(error, STATUS_BUSY,
                           "what was committed by that moment is not on the disk yet; try again");
    }
    if (status == STATUS_OK) {
        status = log_lsn_at(gate->options.log, time_us, &lsn, error);
    }
    if (status == STATUS_OK && lsn == 0) { /* no LSN: elsewhere it means now */
        oldest_format(gate->options.log, oldest, sizeof(oldest));
        status = error_set(error, STATUS_TRIMMED, "that moment lies before the first commit%s", oldest);
    }
    if (status == STATUS_OK) {
        *ret_lsn = lsn;
    }
    return status;
}

enum status gate_lsn_now(struct gate *gate, int64_t *ret_time_us, uint64_t *ret_lsn, struct error *error)
{
    int64_t now_us = clock_wall_us(gate->options.clock);
    int64_t commit_us = log_tip(gate->options.log).commit_time_us;
    *ret_time_us = fold_moment_now(gate->options.fold, now_us < commit_us ? commit_us : now_us);
    return gate_lsn_at(gate, *ret_time_us, ret_lsn, error);
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

bool gate_doubts_clock(struct gate *gate)
{
    return fold_doubts_clock(gate->options.fold);
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
