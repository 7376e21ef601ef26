/* LIKE, where Cassandra answers it: on columns with an index of its SASI. The index says whether the question may be asked; rows are
 * compared one by one. */
#include "index.h"

struct like statement__like_of(struct bytes pattern)
{
    bool is_open = pattern.size > 0 && pattern.data[pattern.size - 1] == '%';
    struct bytes text = is_open ? bytes_part(pattern, 0, pattern.size - 1) : pattern;
    bool has_start = text.size > 0 && text.data[0] == '%';
    return (struct like){.kind = has_start && is_open ? LIKE_INSIDE
                                 : has_start          ? LIKE_SUFFIX
                                 : is_open            ? LIKE_PREFIX
                                                      : LIKE_WHOLE,
                         .text = has_start ? bytes_from(text, 1) : text};
}

static bool option_is(const struct value *options, const char *name, const char *value)
{
    return bytes_equal(value_map_text(options, name), bytes_of_text(value));
}

bool statement__like_is_indexed(const struct schema *schema, struct bytes column, struct like *like)
{
    struct arena arena = {0};
    const struct index_schema *index = statement__index_of(schema, column, INDEX_OF_VALUE);
    struct bytes class_name = index == NULL ? (struct bytes){0} : statement__index_class(index, &arena);
    bool is_text = index != NULL && (index->partition[0].type.kind == TYPE_TEXT ||
                                     index->partition[0].type.kind == TYPE_ASCII);
    bool is_known = is_text && class_name.size >= 9 &&
                    bytes_equal(bytes_from(class_name, class_name.size - 9), bytes_of_text("SASIIndex"));
    if (is_known) {
        struct value options = statement__index_options(index, &arena);
        bool contains = option_is(&options, "mode", "CONTAINS");
        like->ignores_case = option_is(&options, "case_sensitive", "false");
        is_known = !option_is(&options, "mode", "SPARSE") &&
                   (contains || like->kind == LIKE_PREFIX || like->kind == LIKE_WHOLE);
    }
    arena_reset(&arena);
    return is_known;
}

static uint8_t small(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool text_at(const struct like *like, struct bytes text, size_t offset)
{
    bool is_same = text.size - offset >= like->text.size;
    for (size_t i = 0; i < like->text.size && is_same; i++) {
        uint8_t a = like->text.data[i];
        uint8_t b = text.data[offset + i];
        is_same = like->ignores_case ? small(a) == small(b) : a == b;
    }
    return is_same;
}

bool statement__like_holds(const struct like *like, struct bytes text)
{
    if (text.size < like->text.size) {
        return false;
    }
    size_t last = text.size - like->text.size;
    switch (like->kind) {
    case LIKE_WHOLE:
        return last == 0 && text_at(like, text, 0);
    case LIKE_PREFIX:
        return text_at(like, text, 0);
    case LIKE_SUFFIX:
        return text_at(like, text, last);
    case LIKE_INSIDE:
        break;
    }
    bool is_found = false;
    for (size_t i = 0; i <= last && !is_found; i++) {
        is_found = text_at(like, text, i);
    }
    return is_found;
}
