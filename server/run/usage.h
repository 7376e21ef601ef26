/* What can be read out of a verb's usage text: the words it begins with, its options and their values. Completions are made
 * from it, so they cannot say anything else than the help does. */
#ifndef RUN_USAGE_H
#define RUN_USAGE_H

#include <stdbool.h>

#include "base/bytes.h"

enum {
    USAGE_OPTIONS_MAX = 64,
    USAGE_WORDS_MAX = 16,
};

struct usage_option {
    struct bytes name; /* with its dashes */
    bool takes_value;
    struct bytes values; /* what may follow, like "sync|periodic"; words in capitals stand for something */
};

struct usage {
    struct usage_option options[USAGE_OPTIONS_MAX]; /* each once, as they first appear */
    size_t options_count;
    struct bytes words[USAGE_WORDS_MAX]; /* "create" … : what may come right after the verb */
    size_t words_count;
};

/* Views into `text`. */
void usage_read(const char *text, struct usage *ret_usage);
/* Takes the next value that is a word to be typed out of "sync|periodic|LSN"; false: none is left. */
bool usage_value_next(struct bytes *values, struct bytes *ret_value);

#endif
