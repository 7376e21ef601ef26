#include "watch.h"

#include <pthread.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/damage.h"
#include "base/memory.h"
#include "environment/environment.h"
#include "fold/bounds.h"
#include "gate/gate.h"
#include "local/bounds.h"
#include "log/log.h"
#include "net/bounds.h"
#include "net/endpoint.h"

/* recovering -> (watch_serve) -> serving -> (watch_stop) -> stopping; recovering -> (watch_stop) -> stopping. */
enum watch_stage {
    WATCH_RECOVERING,
    WATCH_SERVING,
    WATCH_STOPPING,
};

enum {
    WATCH_DISK_SEGMENTS_LOW = 16,   /* free disk in segments, below which it is told */
    WATCH_LAG_SECONDS = 60,         /* of a mapping, above which it is told */
    WATCH_CHECKPOINT_SECONDS = 60,  /* without a checkpoint although something was committed */
    WATCH_FULL_SECONDS = 15,        /* after a write was refused for want of space */
    WATCH_FULL_PERCENT = 90,        /* of the map or of log_bytes_max, above which it is told */
    WATCH_DESCRIPTORS_PERCENT = 80, /* of those that may be open */
};

struct watch {
    const struct configuration *configuration;
    struct metric_collector collector;
    int64_t started_us;
    pthread_mutex_t mutex; /* guards what follows, and keeps what is looked at alive */
    enum watch_stage stage;
    struct watch_objects objects;
    uint64_t checkpoint_lsn; /* as last seen … */
    int64_t checkpoint_us;   /* … and since when (steady) */
};

/* --- what is unusual -------------------------------------------------------------------------------------------- */

static void judge_clock(struct watch *watch, struct health *health)
{
    const char *refusal = gate_refusal(watch->objects.gate);
    if (refusal != NULL) {
        health_add(health, "clock_refused", true,
                   "Set the machine's clock right (is time synchronisation running?). If it is right and the "
                   "log was "
                   "written with a wrong one, set accept-clock once and reload (SIGHUP) or restart.",
                   "%s", refusal);
    } else if (gate_doubts_clock(watch->objects.gate)) {
        health_add(
            health, "clock_doubted", false,
            "If the server stood still so long and the clock is right, set accept-clock once and reload "
            "(SIGHUP) or restart; where the machine's time is synchronized (timedatectl) it is believed.",
            "at a start the wall clock was more than %d h ahead of the last commit: expired items and "
            "old history stay",
            FOLD_CLOCK_DOUBT_HOURS_MAX);
    }
}

static void judge_disk(struct watch *watch, struct health *health)
{
    static const char advice[] = "Free space on that disk or make it larger; or keep less history "
                                 "(--retention-hours). Reads and deletes go on meanwhile.";
    struct statvfs disk = {0};
    uint64_t segment = watch->configuration->segment_bytes;
    if (statvfs(watch->configuration->data, &disk) != 0) {
        return;
    }
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    bool stops = free_bytes < (1 + LOCAL_DISK_RESERVE_SEGMENTS) * segment;
    if (stops || free_bytes < WATCH_DISK_SEGMENTS_LOW * segment) {
        health_add(health, "disk_low", stops, advice, "%llu bytes are free on the disk of %.100s%s",
                   (unsigned long long)free_bytes, watch->configuration->data,
                   stops ? ", too few for a new segment of the log" : "");
    }
}

static void judge_log(struct watch *watch, struct health *health)
{
    struct log_tip tip = log_tip(watch->objects.log);
    uint64_t most = watch->configuration->log_bytes_max;
    bool is_last = most != 0 && tip.bytes + watch->configuration->segment_bytes > most;
    bool stops = is_last && tip.spares == 0;
    if (is_last || (most != 0 && tip.bytes > most / 100 * WATCH_FULL_PERCENT)) {
        health_add(health, stops ? "log_full" : "log_nearly_full", stops,
                   "Raise --log-bytes-max, or keep less history (--retention-hours), and reload the settings "
                   "(SIGHUP).",
                   "the log has %llu of the %llu bytes that it may have", (unsigned long long)tip.bytes,
                   (unsigned long long)most);
    }
}

static void judge_store(struct watch *watch, struct health *health)
{
    struct environment_statistics statistics;
    environment_statistics_read(watch->objects.environment, &statistics);
    uint64_t used =
        statistics.pages_used - (statistics.pages_free < statistics.pages_used ? statistics.pages_free : 0);
    bool stops = statistics.pages_used > statistics.pages_map && statistics.pages_free == 0;
    if (stops || used > statistics.pages_map / 100 * WATCH_FULL_PERCENT) {
        health_add(health, stops ? "store_full" : "store_nearly_full", stops,
                   "Restart with a larger --map-bytes; it costs address space, not disk.",
                   "the store uses %llu of the %llu pages that it may have", (unsigned long long)used,
                   (unsigned long long)statistics.pages_map);
    }
}

/* What was refused may be more than free space tells: the store grows in steps, and a batch may be large. It is told for a
 * while only, since a server that is said to take no writes gets none that could show that it takes them again. */
static void judge_refusals(struct watch *watch, struct health *health)
{
    int64_t full_us = gate_full_us(watch->objects.gate);
    int64_t age_s = (clock_steady_us(clock_system()) - full_us) / 1000000;
    if (full_us != 0 && age_s < WATCH_FULL_SECONDS) {
        health_add(health, "writes_refused", true,
                   "Free space on the disk of the data directory; if there is much, see --log-bytes-max and "
                   "--map-bytes. Reads and deletes go on meanwhile.",
                   "a write was refused for want of space %lld s ago", (long long)age_s);
    }
}

static void judge_checkpoints(struct watch *watch, struct health *health)
{
    struct gate_facts facts;
    int64_t now_us = clock_steady_us(clock_system());
    gate_facts_read(watch->objects.gate, &facts);
    if (facts.checkpoint_lsn != watch->checkpoint_lsn || facts.checkpoint_lsn >= facts.committed_lsn) {
        watch->checkpoint_lsn = facts.checkpoint_lsn;
        watch->checkpoint_us = now_us;
    }
    if (now_us - watch->checkpoint_us > WATCH_CHECKPOINT_SECONDS * 1000000LL) {
        health_add(
            health, "checkpoint_late", false,
            "Look at the diagnostics for why, and at the disk's load. The log grows and the next start takes "
            "longer; nothing is lost.",
            "there was no checkpoint after LSN %llu, and LSN %llu is committed",
            (unsigned long long)facts.checkpoint_lsn, (unsigned long long)facts.committed_lsn);
    }
}

static void judge_mappings(struct watch *watch, struct health *health)
{
    struct watched_mappings mappings;
    int64_t now_us = clock_wall_us(clock_system());
    run__watch_mappings_read(watch->objects.host, &mappings);
    for (size_t i = 0; i < mappings.count; i++) {
        const struct watched_mapping *mapping = &mappings.list[i];
        int64_t lag_us = 0;
        if (mapping->facts.is_stopped) {
            health_add(health, "mapping_stopped", false,
                       "When the cause is gone, restart the server, or unmap it and deploy it anew from "
                       "where it shall "
                       "go on.",
                       "the mapping %.80s has stopped: %.120s", mapping->name, mapping->facts.state);
        } else if (run__watch_lag(mapping, now_us, &lag_us) && lag_us > WATCH_LAG_SECONDS * 1000000LL) {
            health_add(
                health, "mapping_behind", false,
                "Is its function slow, or does it fail (oxbow functions, the diagnostics)? A larger --batch "
                "helps a function that is called too often.",
                "the mapping %.80s is %lld s behind", mapping->name, (long long)(lag_us / 1000000));
        }
    }
    run__watch_mappings_reset(&mappings);
}

static void judge_certificate(struct health *health)
{
    int64_t expiry_s = net_certificate_expiry_s();
    int64_t left_s = expiry_s - clock_wall_us(clock_system()) / 1000000;
    if (expiry_s != 0 && left_s < NET_CERTIFICATE_NOTICE_DAYS * 86400) {
        health_add(health, left_s < 0 ? "certificate_expired" : "certificate_expires", false,
                   "Put a new certificate in its place, with its key, and reload (SIGHUP).",
                   left_s < 0 ? "the certificate expired %lld h ago: clients refuse it"
                              : "the certificate expires in %lld h",
                   (long long)(left_s < 0 ? -left_s : left_s) / 3600);
    }
}

static void judge_damage(struct health *health)
{
    char text[ERROR_TEXT_BYTES];
    if (damage_read(text) > 0) {
        health_add(health, "damaged", false,
                   "oxbow scrub names all of it. Look at the disk (dmesg, SMART), then restore what is "
                   "damaged from a backup, or to a moment whose history is sound (oxbow restore).",
                   "damage on the disk was met: %.300s", text);
    }
}

static void judge_rest(struct watch *watch, struct health *health)
{
    uint64_t open = 0;
    uint64_t most = 0;
    uint64_t parked = run__watch_parked(watch->objects.gate);
    if (parked > 0) {
        health_add(health, "parked", false,
                   "oxbow parked shows them, with the error and the records. Deploy a version that can "
                   "handle them, then "
                   "oxbow parked retry MAPPING; or give them up with oxbow parked discard MAPPING LSN.",
                   "%llu batches that functions could not handle are parked", (unsigned long long)parked);
    }
    run__watch_descriptors(&open, &most);
    if (open > most / 100 * WATCH_DESCRIPTORS_PERCENT) {
        health_add(health, "descriptors_low", false,
                   "Raise the limit of open files (LimitNOFILE= of the unit), or have clients keep fewer "
                   "connections.",
                   "%llu of %llu file descriptors are open", (unsigned long long)open,
                   (unsigned long long)most);
    }
}

void watch_health(void *context, struct health *ret_health)
{
    struct watch *watch = context;
    (void)pthread_mutex_lock(&watch->mutex);
    if (watch->stage == WATCH_RECOVERING) {
        health_add(ret_health, "recovering", true, "Wait: it ends by itself. A larger log takes longer.",
                   "the server is starting: it reads what the log has beyond the last checkpoint");
    } else if (watch->stage == WATCH_STOPPING) {
        health_add(ret_health, "stopping", true, "Send requests elsewhere, or wait for the next start.",
                   "the server is stopping");
    } else {
        judge_clock(watch, ret_health);
        judge_disk(watch, ret_health);
        judge_log(watch, ret_health);
        judge_store(watch, ret_health);
        judge_refusals(watch, ret_health);
        judge_checkpoints(watch, ret_health);
        judge_mappings(watch, ret_health);
        judge_certificate(ret_health);
        judge_damage(ret_health);
        judge_rest(watch, ret_health);
    }
    (void)pthread_mutex_unlock(&watch->mutex);
}

/* --- gauges ----------------------------------------------------------------------------------------------------- */

/* Several mappings may be in the same state; their name is shown once. */
static bool condition_is_first(const struct health *health, size_t at)
{
    bool is_first = true;
    for (size_t i = 0; i < at; i++) {
        is_first = is_first && strcmp(health->conditions[i].name, health->conditions[at].name) != 0;
    }
    return is_first;
}

static void show_conditions(struct watch *watch, const struct metric_sink *sink)
{
    static const struct metric_family family = {.name = "oxbow_condition",
                                                .kind = METRIC_GAUGE,
                                                .help = "1 for each thing that is unusual now, by name."};
    struct health health = {0};
    watch_health(watch, &health);
    metric_show(sink, "oxbow_ready", METRIC_GAUGE, "1 while the server takes writes.",
                health_is_ready(&health));
    sink->family(sink->context, &family);
    for (size_t i = 0; i < health.count; i++) {
        struct buffer labels = {0};
        if (condition_is_first(&health, i)) {
            metric_put_label(&labels, "name", bytes_of_text(health.conditions[i].name));
            buffer_put_u8(&labels, '\0');
            struct metric_sample sample = {.labels = (const char *)labels.data, .value = 1};
            sink->sample(sink->context, &family, &sample);
            buffer_reset(&labels);
        }
    }
}

static void watch_collect(void *context, const struct metric_sink *sink)
{
    struct watch *watch = context;
    static const struct metric_family build = {.name = "oxbow_build_info",
                                               .kind = METRIC_GAUGE,
                                               .help = "1; the version is in the label."};
    struct metric_sample one = {.labels = "version=\"" OXBOW_VERSION "\"", .value = 1};
    sink->family(sink->context, &build);
    sink->sample(sink->context, &build, &one);
    show_conditions(watch, sink);
    char text[ERROR_TEXT_BYTES];
    metric_show(sink, "oxbow_damage_total", METRIC_COUNTER,
                "Times that damage on the disk was met by a read or found by a scrub.",
                (double)damage_read(text));
    run__watch_show_process(sink, watch->started_us);
    (void)pthread_mutex_lock(&watch->mutex);
    if (watch->stage == WATCH_SERVING) {
        run__watch_show_facts(&watch->objects, watch->configuration, sink);
    }
    (void)pthread_mutex_unlock(&watch->mutex);
}

/* --- life ------------------------------------------------------------------------------------------------------- */

struct watch *watch_create(const struct configuration *configuration)
{
    struct watch *watch = memory_create(sizeof(*watch));
    watch->configuration = configuration;
    watch->started_us = clock_wall_us(clock_system());
    watch->collector = (struct metric_collector){.collect = watch_collect, .context = watch};
    CHECK(pthread_mutex_init(&watch->mutex, NULL) == 0);
    metric_collector_add(&watch->collector);
    return watch;
}

void watch_serve(struct watch *watch, const struct watch_objects *objects)
{
    (void)pthread_mutex_lock(&watch->mutex);
    CHECK(watch->stage == WATCH_RECOVERING);
    watch->objects = *objects;
    watch->checkpoint_us = clock_steady_us(clock_system());
    watch->stage = WATCH_SERVING;
    (void)pthread_mutex_unlock(&watch->mutex);
}

void watch_lock(struct watch *watch)
{
    (void)pthread_mutex_lock(&watch->mutex);
}

void watch_unlock(struct watch *watch)
{
    (void)pthread_mutex_unlock(&watch->mutex);
}

void watch_stop(struct watch *watch)
{
    (void)pthread_mutex_lock(&watch->mutex);
    watch->stage = WATCH_STOPPING;
    watch->objects = (struct watch_objects){0};
    (void)pthread_mutex_unlock(&watch->mutex);
}

void watch_destroy(struct watch **watch)
{
    struct watch *gone = *watch;
    *watch = NULL;
    if (gone != NULL) {
        metric_collector_remove(&gone->collector);
        (void)pthread_mutex_destroy(&gone->mutex);
        memory_destroy(gone);
    }
}
