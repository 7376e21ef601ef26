#include "base/damage.h"

#include <pthread.h>
#include <string.h>

#include "base/diagnostic.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static struct diagnostic_rate damage_told;
static pthread_mutex_t damage_mutex = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static uint64_t damage_count;
static char damage_last[ERROR_TEXT_BYTES];
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

enum status damage_note(enum status status, const struct error *error)
{
    if (status != STATUS_CORRUPT) {
        return status;
    }
    const char *text = error == NULL ? "" : error->text;
    (void)pthread_mutex_lock(&damage_mutex);
    damage_count++;
    (void)memcpy(damage_last, text, strnlen(text, sizeof(damage_last) - 1) + 1);
    damage_last[sizeof(damage_last) - 1] = '\0';
    (void)pthread_mutex_unlock(&damage_mutex);
    diagnostic_write_rarely(&damage_told, DIAGNOSTIC_ERROR, "store", "damage on the disk: %s", text);
    return status;
}

uint64_t damage_read(char ret_text[ERROR_TEXT_BYTES])
{
    (void)pthread_mutex_lock(&damage_mutex);
    uint64_t count = damage_count;
    memcpy(ret_text, damage_last, sizeof(damage_last));
    (void)pthread_mutex_unlock(&damage_mutex);
    return count;
}
