/* The table of settings: whoever checks, prints, changes or documents them goes by it. */
#ifndef RUN_CONFIGURATION_H
#define RUN_CONFIGURATION_H

#include "base/buffer.h"
#include "net/endpoint.h"
#include "run_private.h"

enum setting_kind {
    SETTING_TEXT,
    SETTING_NUMBER,
    SETTING_BOOLEAN,
    SETTING_CHOICE, /* one of a few words; kept as its number */
};

struct setting {
    const char *name; /* --name, OXBOW_NAME, and `name = value` in the file */
    enum setting_kind kind;
    size_t offset; /* in struct configuration: char *, uint64_t, bool, uint64_t by kind */
    const char *standard;
    uint64_t least; /* of a number */
    uint64_t most;
    const char *help;
};

bool setting_reloads(const struct setting *setting); /* SIGHUP changes it */
/* The words that a SETTING_CHOICE can be, by number; NULL after the last. */
const char *const *setting_choices(const struct setting *setting);
const struct setting *configuration_settings(size_t *ret_count);
/* Appends a setting's value as a file has it. */
void setting_put(const struct configuration *configuration, const struct setting *setting,
                 struct buffer *text);

enum door {
    DOOR_NATIVE,
    DOOR_TOPICS,
    DOOR_HTTP,
    DOOR_DYNAMODB,
    DOOR_DYNAMODB_TLS,
    DOOR_CQL,
    DOOR_CQL_TLS,
    DOORS, /* how many there are */
};

/* Borrows of the configuration. */
struct net_endpoint configuration_endpoint(const struct configuration *configuration, enum door door);
bool configuration_has_door(const struct configuration *configuration, enum door door);
/* STATUS_OK too when the door is off. STATUS_INVALID, STATUS_DENIED. */
MUST_USE enum status configuration_endpoint_check(const struct configuration *configuration, enum door door,
                                                  struct error *error);

/* Whether the server could go by it: addresses are addresses, files are there, what belongs together is complete.
 * STATUS_INVALID, STATUS_DENIED, STATUS_NOT_FOUND. */
MUST_USE enum status configuration_check(const struct configuration *configuration, struct error *error);
/* Prints every setting as a line of a file, those at their default as comments. */
void configuration_print(const struct configuration *configuration);
/* Lets the parts that can change at any time go by it. */
void configuration_apply(const struct configuration *configuration);
/* Reads all settings anew, and applies those that can change; the others stay, and a diagnostic names each that differs. When
 * the new ones are wrong nothing changes, and a diagnostic says why. */
void configuration_reload(struct configuration *configuration, int count, char **arguments);

#endif
