/* Metrics as the server tells them (model/wire/README.md), at one moment, and what became of them since another. */
#ifndef COMMAND_SAMPLE_H
#define COMMAND_SAMPLE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "value/value.h"

/* Views into an answer. */
struct sample_set {
    const struct value *families;
    double at_s; /* steady, of when it came */
};

/* The samples of a family; one without any when it is not there. */
struct value_items sample_list(const struct sample_set *set, const char *family);
/* The sample with exactly these labels, or NULL. */
const struct value *sample_find(const struct sample_set *set, const char *family, struct bytes labels);
/* The value of a label that holds no escapes; empty: it is not there. */
struct bytes sample_label(const struct value *sample, const char *name);
/* "value", or of a histogram how much was observed; NULL: 0. */
double sample_value(const struct value *sample);
/* The sum of a family's values over the samples whose labels contain `part` (NULL: all). */
double sample_sum(const struct sample_set *set, const char *family, const char *part);
/* The quantile q of what a histogram observed after `before` (NULL: ever), interpolated within its bucket as Prometheus
 * does; below 0: nothing was observed. */
double sample_quantile(const struct value *now, const struct value *before, double q);
/* The mean of the same. */
double sample_mean(const struct value *now, const struct value *before);

#endif
