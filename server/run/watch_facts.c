/* What the floors know when they are asked, as gauges. */
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/memory.h"
#include "environment/environment.h"
#include "gate/gate.h"
#include "host/host.h"
#include "log/log.h"
#include "mapping/bounds.h"
#include "pool/pool.h"
#include "watch.h"

/* --- mappings --------------------------------------------------------------------------------------------------- */

static void mappings_add(void *context, const struct mapping_settings *settings,
                         const struct mapping_facts *facts)
{
    struct watched_mappings *mappings = context;
    if (mappings->count < MAPPINGS_MAX) {
        struct watched_mapping *mapping = &mappings->list[mappings->count++];
        (void)snprintf(mapping->name, sizeof(mapping->name), "%.*s", (int)settings->name.size,
                       (const char *)settings->name.data);
        mapping->facts = *facts;
    }
}

void run__watch_mappings_read(struct host *host, struct watched_mappings *ret_mappings)
{
    *ret_mappings =
        (struct watched_mappings){.list = memory_create(MAPPINGS_MAX * sizeof(struct watched_mapping))};
    host_mappings(host, mappings_add, ret_mappings);
}

void run__watch_mappings_reset(struct watched_mappings *mappings)
{
    memory_destroy(mappings->list);
    *mappings = (struct watched_mappings){0};
}

bool run__watch_lag(const struct watched_mapping *mapping, int64_t now_us, int64_t *ret_lag_us)
{
    int64_t age_us = now_us - mapping->facts.pending_us;
    bool is_known =
        mapping->facts.is_lag_known && (!mapping->facts.is_stopped || mapping->facts.pending_us > 0);
    if (is_known) {
        *ret_lag_us = mapping->facts.pending_us == 0 || age_us < 0 ? 0 : age_us;
    }
    return is_known;
}

static double mapping_number(const struct watched_mapping *mapping, size_t which)
{
    const double numbers[] = {mapping->facts.is_stopped ? 0 : 1,  (double)mapping->facts.next_lsn,
                              (double)mapping->facts.invocations, (double)mapping->facts.failures,
                              (double)mapping->facts.records,     (double)mapping->facts.parked};
    return numbers[which];
}

static void show_of_mapping(const struct metric_sink *sink, const struct metric_family *family,
                            const struct watched_mapping *mapping, double value)
{
    struct buffer labels = {0};
    metric_put_label(&labels, "mapping", bytes_of_text(mapping->name));
    buffer_put_u8(&labels, '\0');
    struct metric_sample sample = {.labels = (const char *)labels.data, .value = value};
    sink->sample(sink->context, family, &sample);
    buffer_reset(&labels);
}

static void show_lags(const struct watched_mappings *mappings, const struct metric_sink *sink)
{
    static const struct metric_family family = {.name = "oxbow_mapping_lag_seconds",
                                                .kind = METRIC_GAUGE,
                                                .help = "Age of the next change that a mapping wants and has "
                                                        "not passed; 0: there is none; absent: unknown."};
    int64_t now_us = clock_wall_us(clock_system());
    int64_t most_us = 0;
    sink->family(sink->context, &family);
    for (size_t i = 0; i < mappings->count; i++) {
        int64_t lag_us = 0;
        if (run__watch_lag(&mappings->list[i], now_us, &lag_us)) {
            show_of_mapping(sink, &family, &mappings->list[i], (double)lag_us / 1e6);
            most_us = lag_us > most_us ? lag_us : most_us;
        }
    }
    metric_show(sink, "oxbow_mapping_lag_max_seconds", METRIC_GAUGE,
                "The largest lag of any mapping whose lag is known.", (double)most_us / 1e6);
}

static void show_mappings(struct host *host, const struct metric_sink *sink)
{
    static const struct metric_family families[] = {
        {"oxbow_mapping_running", METRIC_GAUGE, "1 while a mapping goes on, 0 when it has stopped."},
        {"oxbow_mapping_next_lsn", METRIC_GAUGE, "LSN at which a mapping goes on."},
        {"oxbow_mapping_invocations_total", METRIC_COUNTER, "Runs of a mapping's function."},
        {"oxbow_mapping_failures_total", METRIC_COUNTER, "Runs of a mapping's function that failed."},
        {"oxbow_mapping_records_total", METRIC_COUNTER, "Changes that went through a mapping's function."},
        {"oxbow_mapping_parked_records_total", METRIC_COUNTER,
         "Changes that a mapping parked since the server started."},
    };
    struct watched_mappings mappings;
    run__watch_mappings_read(host, &mappings);
    for (size_t k = 0; k < ARRAY_COUNT(families); k++) {
        sink->family(sink->context, &families[k]);
        for (size_t i = 0; i < mappings.count; i++) {
            show_of_mapping(sink, &families[k], &mappings.list[i], mapping_number(&mappings.list[i], k));
        }
    }
    show_lags(&mappings, sink);
    run__watch_mappings_reset(&mappings);
}

uint64_t run__watch_parked(struct gate *gate)
{
    struct gate_view *view = NULL;
    const struct schema *schema = NULL;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    struct error error;
    if (gate_table_find(gate, bytes_of_text("system.parked"), &schema, &error) == STATUS_OK &&
        gate_view_open(gate, &view, &error) == STATUS_OK &&
        gate_totals(view, schema->space, &rows, &bytes, &error) != STATUS_OK) {
        rows = 0;
    }
    gate_view_close(&view);
    return rows;
}

/* --- log, store, disk ------------------------------------------------------------------------------------------- */

int64_t run__watch_horizon_us(struct log *log)
{
    struct log_tip tip = log_tip(log);
    struct buffer buffer = {0};
    struct record record;
    struct error error;
    int64_t time_us = 0;
    if (tip.first_lsn >= tip.next_lsn ||
        log_record_at(log, tip.first_lsn, &buffer, &record, &time_us, &error) != STATUS_OK) {
        time_us = 0; /* empty, or trimmed just now */
    }
    buffer_reset(&buffer);
    return time_us;
}

static void show_store(struct environment *environment, const struct metric_sink *sink)
{
    struct environment_statistics statistics;
    environment_statistics_read(environment, &statistics);
    metric_show(sink, "oxbow_store_page_bytes", METRIC_GAUGE, "Bytes of a page of the store.",
                (double)statistics.page_bytes);
    metric_show(sink, "oxbow_store_pages_used", METRIC_GAUGE,
                "Pages of the store up to the last one used, free ones among them.",
                (double)statistics.pages_used);
    metric_show(sink, "oxbow_store_pages_free", METRIC_GAUGE, "Free pages among those.",
                (double)statistics.pages_free);
    metric_show(sink, "oxbow_store_pages_max", METRIC_GAUGE, "Pages that the store may have (--map-bytes).",
                (double)statistics.pages_map);
    metric_show(sink, "oxbow_memtable_bytes", METRIC_GAUGE,
                "Bytes in memory of changes that are not in the store's file yet.",
                (double)statistics.memory_bytes);
    metric_show(sink, "oxbow_checkpoints_total", METRIC_COUNTER,
                "Checkpoints of the store since the server started.", (double)statistics.checkpoints);
}

static void show_disk(const char *directory, const struct metric_sink *sink)
{
    struct statvfs disk = {0};
    if (statvfs(directory, &disk) == 0) {
        metric_show(sink, "oxbow_disk_bytes", METRIC_GAUGE, "Size of the disk that holds the data directory.",
                    (double)disk.f_blocks * (double)disk.f_frsize);
        metric_show(sink, "oxbow_disk_free_bytes", METRIC_GAUGE, "Bytes of it that the server may still use.",
                    (double)disk.f_bavail * (double)disk.f_frsize);
    }
}

static void show_gate(struct gate *gate, const struct metric_sink *sink)
{
    struct gate_facts facts;
    gate_facts_read(gate, &facts);
    const struct {
        const char *name;
        const char *help;
        uint64_t value;
    } gauges[] = {
        {"oxbow_committed_lsn", "Last LSN that is committed and visible.", facts.committed_lsn},
        {"oxbow_synced_lsn", "Last LSN that is durable.", facts.synced_lsn},
        {"oxbow_horizon_lsn", "Oldest LSN in the log.", facts.horizon_lsn},
        {"oxbow_checkpoint_lsn", "LSN of the newest checkpoint.", facts.checkpoint_lsn},
        {"oxbow_term", "Number of the writer's reign.", facts.term},
        {"oxbow_log_bytes", "Bytes of the log on disk.", facts.log_bytes},
        {"oxbow_log_segments", "Segments of the log.", facts.log_segments},
        {"oxbow_store_bytes", "Bytes of the store up to its last used page.", facts.store_bytes},
        {"oxbow_tables", "Tables of users.", facts.tables},
    };
    for (size_t i = 0; i < ARRAY_COUNT(gauges); i++) {
        metric_show(sink, gauges[i].name, METRIC_GAUGE, gauges[i].help, (double)gauges[i].value);
    }
}

void run__watch_show_facts(const struct watch_objects *objects, const struct configuration *configuration,
                           const struct metric_sink *sink)
{
    struct pool_statistics workers;
    int64_t horizon_us = run__watch_horizon_us(objects->log);
    int64_t age_us = clock_wall_us(clock_system()) - horizon_us;
    show_gate(objects->gate, sink);
    show_store(objects->environment, sink);
    show_disk(configuration->data, sink);
    metric_show(sink, "oxbow_log_max_bytes", METRIC_GAUGE,
                "Most bytes that the log may have (--log-bytes-max); 0: no limit.",
                (double)configuration->log_bytes_max);
    metric_show(sink, "oxbow_log_horizon_age_seconds", METRIC_GAUGE, "Age of the oldest change in the log.",
                horizon_us == 0 || age_us < 0 ? 0 : (double)age_us / 1e6);
    pool_statistics_read(objects->pool, &workers);
    metric_show(sink, "oxbow_workers", METRIC_GAUGE, "Worker processes, busy and idle.",
                (double)workers.workers);
    metric_show(sink, "oxbow_parked_batches", METRIC_GAUGE,
                "Rows of system.parked: batches that wait for somebody.",
                (double)run__watch_parked(objects->gate));
    show_mappings(objects->host, sink);
}
