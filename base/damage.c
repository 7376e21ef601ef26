#include "base/damage.h"

#include <pthread.h>
#include <string.h>

#include "base/diagnostic.h"
#include "base/metric.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static struct metric damage_total = {
    .name = "oxbow_damage_total",
    .help = "Times that damage on the disk was met by a read or found by a scrub.",
    .kind = METRIC_COUNTER,
};
static struct diagnostic_rate damage_told;
static pthread_mutex_t damage_mutex = PTHREAD_MUTEX_INITIALIZER; /* of damage_last */
static char damage_last[ERROR_TEXT_BYTES];
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

enum status damage_note(enum status status, const struct error *error)
{
    if (status != STATUS_CORRUPT) {
        return status;
    }
    const char *text = error == NULL ? "" : error->text;
    metric_register(&damage_total);
    metric_add(&damage_total, 1);
    (void)pthread_mutex_lock(&damage_mutex);
    (void)memcpy(damage_last, text, strnlen(text, sizeof(damage_last) - 1) + 1);
    damage_last[sizeof(damage_last) - 1] = '\0';
    (void)pthread_mutex_unlock(&damage_mutex);
    diagnostic_write_rarely(&damage_told, DIAGNOSTIC_ERROR, "store", "damage on the disk: %s", text);
    return status;
}

uint64_t damage_read(char ret_text[ERROR_TEXT_BYTES])
{
    (void)pthread_mutex_lock(&damage_mutex);
    memcpy(ret_text, damage_last, sizeof(damage_last));
    (void)pthread_mutex_unlock(&damage_mutex);
    return (uint64_t)metric_value(&damage_total);
}
