/* Comma-separated values (RFC 4180): a field between quotes may hold delimiters, line ends, and quotes, each written twice. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/arena.h"

/* Where a reader is within a record; zeroed but for the delimiter: before it. */
struct csv_scan {
    uint8_t delimiter;
    bool is_begun; /* the field at hand has characters */
    bool is_quoted;
    bool is_open; /* within its quotes */
};

/* Takes the next character. True: it is the line end that ends the record. */
bool csv_scan_ends(struct csv_scan *scan, uint8_t character);
/* The size of the first record of `text`, without its line end; text.size when it does not end in it. */
size_t csv_record_size(struct bytes text, uint8_t delimiter);

/* The fields of a record, at least one. NULL, or what is wrong. Fields without quotes are views into `record`, the others are in
 * `arena`, as the list is. */
const char *csv_split(struct bytes record, uint8_t delimiter, size_t fields_max, struct arena *arena,
                      struct bytes **ret_fields, size_t *ret_count);

#endif
