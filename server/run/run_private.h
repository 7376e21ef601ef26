/* The inside of the program, for this folder's files. */
#ifndef RUN_PRIVATE_H
#define RUN_PRIVATE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "log/frame.h"

/* What `oxbow serve` was told: defaults, then the configuration file, then the environment, then flags. */
struct configuration {
    char *data;
    char *native;   /* ADDRESS:PORT, or "off" */
    char *topics;   /* the same */
    char *http;     /* the same */
    char *dynamodb; /* the same */
    char *file;
    char *key_file;
    uint64_t segment_bytes;
    uint64_t map_bytes;
    uint64_t log_bytes_max;
    uint64_t retention_hours;
    uint64_t checkpoint_ms;
    uint64_t checkpoint_bytes;
    uint64_t memtable_bytes;
    uint64_t sweep_ms;
    char *dynamodb_tls; /* ADDRESS:PORT, or "off" */
    char *tls_certificate;
    char *tls_key;
    char *cql;                /* ADDRESS:PORT, or "off" */
    char *cql_tls;            /* the same */
    char *cql_broadcast;      /* ADDRESS:PORT, or empty */
    char *cql_authentication; /* "off", "password" or "sigv4" */
    char *cql_superuser;      /* file, or empty */
    char *dynamodb_transfer;  /* directory, or empty */
    uint64_t door_threads;    /* of each of the doors DynamoDB and CQL */
    uint64_t dynamodb_stream_shards;
    uint64_t dynamodb_delay_ms;
    bool dynamodb_throttles;
    uint64_t dynamodb_conflict_percent;
    bool accepts_clock;
    uint64_t diagnostics;       /* text, json */
    uint64_t diagnostics_level; /* debug, info, warning, error */
    uint64_t slow_ms;           /* 0: none */
    bool checks;                /* say whether it is sound, and end */
    bool is_help;
};

void configuration_reset(struct configuration *configuration);
/* STATUS_INVALID says which setting, and where it stands. */
MUST_USE enum status configuration_read(struct configuration *configuration, int count, char **arguments,
                                        struct error *error);
void configuration_help(void);

/* The data directory: identity file, exclusive lock, places of log and store. */
struct database {
    struct file lock;
    char *directory;
    char *log_directory;
    char *store_directory;
    struct log_identity identity;
    bool
        doubts_clock; /* the wall clock was doubted last (fold_doubts_clock), and nobody has vouched for it since */
};

/* Opens the directory, making it when it is not there or empty. STATUS_BUSY: another server has it. */
MUST_USE enum status database_open(const struct configuration *configuration, struct database *ret_database,
                                   struct error *error);
void database_close(struct database *database);
/* Remembers whether the wall clock is doubted, for the next start. Thread: the one that opened it. STATUS_IO, STATUS_FULL. */
MUST_USE enum status database_note_clock(struct database *database, bool doubts, struct error *error);

/* Tells systemd, when it listens: "READY=1", "RELOADING=1" … */
void notify_systemd(const char *state);

int serve(int count, char **arguments);
int limits_main(int count, char **arguments);
/* `oxbow completion bash|zsh|fish`, `oxbow manual PAGE`: exit codes. */
int completion_main(int count, char **arguments);
int manual_main(int count, char **arguments);

struct gate;
struct roles;

/* Makes the superuser that the file names, NAME:PASSWORD, unless a role of that name is there already with a password that
 * can be read. Waits until it is written. STATUS_INVALID: the file may be read by others, or says nothing of use. */
MUST_USE enum status superuser_make(const char *file, struct roles *roles, struct gate *gate,
                                    struct error *error);

#endif
