#include "lag.h"

#include <stdio.h>

#include "base/check.h"

static uint64_t lag_of(const struct lag *lag, uint64_t committed_lsn)
{
    uint64_t reached = atomic_load_explicit(&lag->reached, memory_order_relaxed);
    return reached > committed_lsn ? 0 : committed_lsn + 1 - reached;
}

static void lag_show(const struct lag *lag, const struct metric_family *family,
                     const struct metric_sink *sink, uint64_t lsns)
{
    char number[24];
    struct buffer labels = {0};
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)lag->number);
    metric_put_label(&labels, "subscription", bytes_of_text(number));
    metric_put_label(&labels, "table", buffer_bytes(&lag->table));
    buffer_put_u8(&labels, '\0');
    struct metric_sample sample = {.labels = (const char *)labels.data, .value = (double)lsns};
    sink->sample(sink->context, family, &sample);
    buffer_reset(&labels);
}

static void lags_show(void *context, const struct metric_sink *sink)
{
    static const struct metric_family family = {.name = "oxbow_subscription_lag_lsns",
                                                .kind = METRIC_GAUGE,
                                                .help =
                                                    "LSNs up to the last commit that a reader of the feed "
                                                    "has not looked at, those of other tables among them."};
    struct lags *lags = context;
    uint64_t committed_lsn = atomic_load(lags->committed_lsn);
    uint64_t most = 0;
    sink->family(sink->context, &family);
    (void)pthread_mutex_lock(&lags->mutex);
    for (const struct list_entry *at = lags->all.first; at != NULL; at = at->next) {
        const struct lag *lag = at->object;
        uint64_t lsns = lag_of(lag, committed_lsn);
        lag_show(lag, &family, sink, lsns);
        most = lsns > most ? lsns : most;
    }
    (void)pthread_mutex_unlock(&lags->mutex);
    metric_show(sink, "oxbow_subscription_lag_max_lsns", METRIC_GAUGE,
                "The largest lag of any reader of the feed.", (double)most);
}

void feed__lags_open(struct lags *lags, const _Atomic uint64_t *committed_lsn)
{
    CHECK(pthread_mutex_init(&lags->mutex, NULL) == 0);
    lags->committed_lsn = committed_lsn;
    lags->collector = (struct metric_collector){.collect = lags_show, .context = lags};
    metric_collector_add(&lags->collector);
}

void feed__lags_close(struct lags *lags)
{
    metric_collector_remove(&lags->collector);
    CHECK(lags->all.first == NULL);
    (void)pthread_mutex_destroy(&lags->mutex);
}

void feed__lag_add(struct lags *lags, struct lag *lag, struct bytes table, uint64_t lsn)
{
    buffer_put(&lag->table, table);
    feed__lag_reached(lag, lsn);
    (void)pthread_mutex_lock(&lags->mutex);
    lag->number = ++lags->opened;
    list_add(&lags->all, &lag->among, lag);
    (void)pthread_mutex_unlock(&lags->mutex);
}

void feed__lag_remove(struct lags *lags, struct lag *lag)
{
    (void)pthread_mutex_lock(&lags->mutex);
    list_remove(&lag->among);
    (void)pthread_mutex_unlock(&lags->mutex);
    buffer_reset(&lag->table);
}
