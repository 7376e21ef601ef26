#include "sample.h"

#include "value/decimal.h"

static double number_of(const struct value *value)
{
    switch (value == NULL ? VALUE_NULL : (int)value->kind) {
    case VALUE_DOUBLE:
        return value->float64;
    case VALUE_INTEGER:
        return (double)value->integer;
    case VALUE_DECIMAL:
        return decimal_to_double(&value->decimal);
    default:
        return 0;
    }
}

static const struct value *member(const struct value *map, const char *name)
{
    return map != NULL && map->kind == VALUE_MAP ? value_map_get(map, bytes_of_text(name)) : NULL;
}

static struct value_items list_of(const struct value *value)
{
    return value != NULL && value->kind == VALUE_LIST ? value->items : (struct value_items){0};
}

struct value_items sample_list(const struct sample_set *set, const char *family)
{
    struct value_items families = list_of(set->families);
    for (size_t i = 0; i < families.count; i++) {
        if (bytes_equal(value_map_text(&families.at[i], "name"), bytes_of_text(family))) {
            return list_of(member(&families.at[i], "samples"));
        }
    }
    return (struct value_items){0};
}

const struct value *sample_find(const struct sample_set *set, const char *family, struct bytes labels)
{
    struct value_items samples = sample_list(set, family);
    for (size_t i = 0; i < samples.count; i++) {
        if (bytes_equal(value_map_text(&samples.at[i], "labels"), labels)) {
            return &samples.at[i];
        }
    }
    return NULL;
}

static bool contains(struct bytes text, struct bytes part)
{
    return part.size == 0 || bytes_find(text, part) != NULL;
}

struct bytes sample_label(const struct value *sample, const char *name)
{
    struct bytes rest = value_map_text(sample, "labels");
    size_t size = strlen(name);
    while (rest.size > size + 2) {
        const uint8_t *end = bytes_find_byte(rest, '=');
        bool has_value = end != NULL && (size_t)(end - rest.data) + 2 < rest.size;
        const uint8_t *quote =
            has_value ? bytes_find_byte(bytes_from(rest, (size_t)(end + 2 - rest.data)), '"') : NULL;
        if (quote == NULL) {
            break;
        }
        if ((size_t)(end - rest.data) == size && memcmp(rest.data, name, size) == 0) {
            return bytes_of(end + 2, (size_t)(quote - end) - 2);
        }
        size_t used = (size_t)(quote - rest.data) + 2; /* the comma with it */
        rest = used < rest.size ? bytes_from(rest, used) : (struct bytes){0};
    }
    return (struct bytes){0};
}

double sample_value(const struct value *sample)
{
    struct value_items counts = list_of(member(sample, "counts"));
    return counts.count > 0 ? number_of(&counts.at[counts.count - 1]) : number_of(member(sample, "value"));
}

double sample_sum(const struct sample_set *set, const char *family, const char *part)
{
    struct value_items samples = sample_list(set, family);
    double sum = 0;
    for (size_t i = 0; i < samples.count; i++) {
        if (part == NULL || contains(value_map_text(&samples.at[i], "labels"), bytes_of_text(part))) {
            sum += sample_value(&samples.at[i]);
        }
    }
    return sum;
}

static double count_since(struct value_items now, struct value_items before, size_t at)
{
    return number_of(&now.at[at]) - (at < before.count ? number_of(&before.at[at]) : 0);
}

double sample_quantile(const struct value *now, const struct value *before, double q)
{
    struct value_items counts = list_of(member(now, "counts"));
    struct value_items earlier = list_of(member(before, "counts"));
    struct value_items bounds = list_of(member(now, "bounds"));
    if (counts.count == 0 || counts.count != bounds.count + 1 ||
        count_since(counts, earlier, bounds.count) <= 0) {
        return -1;
    }
    double rank = q * count_since(counts, earlier, bounds.count);
    size_t at = 0;
    while (at < bounds.count && count_since(counts, earlier, at) < rank) {
        at++;
    }
    if (at == bounds.count) {
        return number_of(&bounds.at[bounds.count - 1]); /* beyond the last bound */
    }
    double low = at == 0 ? 0 : number_of(&bounds.at[at - 1]);
    double below = at == 0 ? 0 : count_since(counts, earlier, at - 1);
    double within = count_since(counts, earlier, at) - below;
    return within <= 0 ? low : low + (number_of(&bounds.at[at]) - low) * (rank - below) / within;
}

double sample_mean(const struct value *now, const struct value *before)
{
    double count = sample_value(now) - sample_value(before);
    double sum = number_of(member(now, "sum")) - number_of(member(before, "sum"));
    return count <= 0 ? -1 : sum / count;
}
