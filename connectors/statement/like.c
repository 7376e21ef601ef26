/* LIKE, where Cassandra answers it: on columns with an index of its SASI. The index says whether the question may be asked; rows are
 * compared one by one. */
#include "index.h"
#include "options_check.h"

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

static const char analyzers[] = "org.apache.cassandra.index.sasi.analyzer.";

static bool option_is(const struct value *options, const char *name, const char *value)
{
    return bytes_are_word(value_map_text(options, name), value);
}

static bool class_is(struct bytes class_name)
{
    static const char name[] = "SASIIndex";
    const size_t size = sizeof(name) - 1;
    return class_name.size >= size &&
           bytes_equal(bytes_from(class_name, class_name.size - size), bytes_of_text(name));
}

static enum status check_analyzer(struct exec_call *call, struct bytes class_name)
{
    static const char *const known[] = {"NonTokenizingAnalyzer", "StandardAnalyzer", "DelimiterAnalyzer",
                                        "NoOpAnalyzer"};
    struct bytes name = statement__class_name(class_name, analyzers);
    return name.size < class_name.size && statement__class_is_known(name, known, ARRAY_COUNT(known))
               ? STATUS_OK
               : exec_fail(call, CQL_CONFIG_ERROR, "Invalid analyzer class option specified [%.*s]",
                           (int)class_name.size, (const char *)class_name.data);
}

/* Whether the index is of the words in a value; one that is `analyzed` by no class is StandardAnalyzer's. */
static bool is_of_words(const struct value *options)
{
    static const char *const known[] = {"StandardAnalyzer", "DelimiterAnalyzer"};
    struct bytes analyzer = value_map_text(options, "analyzer_class");
    if (analyzer.size == 0) {
        return option_is(options, "analyzed", "true");
    }
    struct bytes name = statement__class_name(analyzer, analyzers);
    return statement__class_is_known(name, known, ARRAY_COUNT(known));
}

enum status statement__like_check_options(struct exec_call *call, struct bytes class_name,
                                          const struct value *options, const struct like_column *column)
{
    struct bytes mode = value_map_text(options, "mode");
    struct bytes analyzer = value_map_text(options, "analyzer_class");
    bool is_sparse = bytes_are_word(mode, "SPARSE");
    if (!class_is(class_name)) {
        return STATUS_OK;
    }
    if (column->is_complex || column->is_partition) {
        return exec_fail(call, CQL_CONFIG_ERROR, "%s columns are not yet supported by SASI",
                         column->is_complex ? "complex" : "partition key");
    }
    enum status status = analyzer.size > 0 ? check_analyzer(call, analyzer) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    if (mode.size > 0 && !is_sparse && !bytes_are_word(mode, "PREFIX") && !bytes_are_word(mode, "CONTAINS")) {
        return exec_fail(call, CQL_CONFIG_ERROR, "Incorrect index mode: %.*s", (int)mode.size,
                         (const char *)mode.data);
    }
    if (is_sparse && column->is_text) {
        return exec_fail(call, CQL_CONFIG_ERROR, "SPARSE mode is only supported on non-literal columns.");
    }
    if (is_sparse && analyzer.size > 0) {
        return exec_fail(call, CQL_CONFIG_ERROR, "SPARSE mode doesn't support analyzers.");
    }
    return is_of_words(options) && column->is_text
               ? exec_fail(call, CQL_CONFIG_ERROR,
                           "Indexes of the words in a value (StandardAnalyzer, DelimiterAnalyzer) are not "
                           "supported; use NonTokenizingAnalyzer, or none, with mode CONTAINS")
               : STATUS_OK;
}

bool statement__like_is_indexed(const struct schema *schema, struct bytes column, struct like *like)
{
    struct arena arena = {0};
    const struct index_schema *index = statement__index_of(schema, column, INDEX_OF_VALUE);
    struct bytes class_name = index == NULL ? (struct bytes){0} : statement__index_class(index, &arena);
    bool is_text = index != NULL && (index->partition[0].type.kind == TYPE_TEXT ||
                                     index->partition[0].type.kind == TYPE_ASCII);
    bool is_known = is_text && class_is(class_name);
    if (is_known) {
        struct value options = statement__index_options(index, &arena);
        bool contains = option_is(&options, "mode", "CONTAINS");
        like->ignores_case = option_is(&options, "case_sensitive", "false") ||
                             option_is(&options, "normalize_lowercase", "true") ||
                             option_is(&options, "normalize_uppercase", "true");
        is_known = !option_is(&options, "mode", "SPARSE") && !is_of_words(&options) &&
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
