/* A whole store in a scratch directory, without server and doors: log, environment, catalog, writer and a snapshot. */
#ifndef SUPPORT_STORE_H
#define SUPPORT_STORE_H

#include <semaphore.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "environment/environment.h"
#include "fold/fold.h"
#include "fold/write.h"
#include "log/log.h"
#include "read/read.h"

struct store {
    const struct clock *clock;
    char *directory;
    char *log_directory;
    char *store_directory;
    struct log_identity identity;
    struct catalog *catalog;
    struct environment *environment;
    struct log *log;
    struct fold *fold;
    struct snapshot *snapshot;
    size_t delete_rows_max; /* of struct fold_options; may be set between store_close and store_open */
};

/* Makes the directory and opens it. Fails the test on any error, as all of these do. */
void store_init(struct store *store, const struct clock *clock);
void store_open(struct store *store);
void store_close(struct store *store);
/* Closes, and removes the directory. */
void store_reset(struct store *store);
/* Gives the write to the writer, waits, and insists that it succeeded. */
void store_submit(struct store *store, struct write *write);
/* The same in two steps: `done` is made, and is to stay until the end. */
void store_submit_begin(struct store *store, struct write *write, sem_t *done);
void store_submit_end(struct write *write, sem_t *done);
/* Creates the table: ids and spaces are set in `schema`. */
void store_create_table(struct store *store, struct schema *schema);

#endif
