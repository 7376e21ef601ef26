/* The work of an import: files become items of a table that was made for them. */
#ifndef DYNAMODB_IMPORT_H
#define DYNAMODB_IMPORT_H

#include "transfer.h"

struct import_plan {
    const struct schema *schema; /* of the table */
    struct bytes actor;
    struct bytes arn; /* of the import */
    struct bytes bucket;
    struct bytes prefix;
    bool is_csv;
    bool is_gzip;
    uint8_t delimiter;           /* of CSV */
    const struct value *headers; /* of CSV; NULL: the first line of each file has them */
};

/* Makes `job` the import of `plan`, which is copied. */
void import_prepare(struct transfer_job *job, const struct import_plan *plan);

#endif
