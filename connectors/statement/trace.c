#include "trace.h"

#include <pthread.h>
#include <strings.h>

#include "base/clock.h"
#include "base/memory.h"
#include "statement/bounds.h"

struct traces {
    size_t kept;
    pthread_mutex_t mutex; /* of the rest */
    size_t count;
    struct arena *arenas; /* of each trace */
    struct described_trace *list;
};

static const char *const consistencies[] = {"ANY",    "ONE",          "TWO",          "THREE",
                                            "QUORUM", "ALL",          "LOCAL_QUORUM", "EACH_QUORUM",
                                            "SERIAL", "LOCAL_SERIAL", "LOCAL_ONE"};

struct traces *statement__traces_create(size_t kept)
{
    struct traces *traces = memory_create(sizeof(*traces));
    traces->kept = kept;
    CHECK(pthread_mutex_init(&traces->mutex, NULL) == 0);
    traces->arenas = memory_create(kept * sizeof(*traces->arenas));
    traces->list = memory_create(kept * sizeof(*traces->list));
    return traces;
}

void statement__traces_destroy(struct traces **traces)
{
    struct traces *gone = *traces;
    *traces = NULL;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < gone->kept; i++) {
        arena_reset(&gone->arenas[i]);
    }
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone->arenas);
    memory_destroy(gone->list);
    memory_destroy(gone);
}

/* Makes room for one more at the end. */
static struct described_trace *traces_grow(struct traces *traces, struct arena **ret_arena)
{
    if (traces->count == traces->kept) {
        struct arena first = traces->arenas[0];
        memmove(traces->arenas, traces->arenas + 1, (traces->kept - 1) * sizeof(*traces->arenas));
        memmove(traces->list, traces->list + 1, (traces->kept - 1) * sizeof(*traces->list));
        arena_clear(&first);
        traces->arenas[--traces->count] = first;
    }
    *ret_arena = &traces->arenas[traces->count];
    return &traces->list[traces->count++];
}

static const char *request_text(const struct cql_message *message)
{
    switch ((int)message->opcode) {
    case OPCODE_PREPARE:
        return "Preparing CQL3 query";
    case OPCODE_EXECUTE:
        return "Execute CQL3 prepared query";
    case OPCODE_BATCH:
        return "Execute batch of CQL3 queries";
    default:
        return "Execute CQL3 query";
    }
}

static const char *consistency_text(uint16_t consistency)
{
    return consistency < ARRAY_COUNT(consistencies) ? consistencies[consistency] : "?";
}

/* --- passwords ---------------------------------------------------------------------------------------------------- */

/* How many bytes the comment, or the space, at the front of a text has; 0: it begins with neither. */
static size_t blank_bytes(struct bytes text)
{
    bool is_line = bytes_start_with(text, bytes_of_text("--")) || bytes_start_with(text, bytes_of_text("//"));
    const char *end = is_line ? "\n" : "*/";
    if (text.size > 0 && strchr(" \t\r\n", text.data[0]) != NULL && text.data[0] != '\0') {
        return 1;
    }
    if (!is_line && !bytes_start_with(text, bytes_of_text("/*"))) {
        return 0;
    }
    const uint8_t *found = bytes_find(bytes_from(text, 2), bytes_of_text(end));
    return found == NULL ? text.size : (size_t)(found - text.data) + strlen(end);
}

/* Whether the next word is that one, in any case; moves behind it. */
static bool take_word(struct bytes *text, const char *word)
{
    size_t size = strlen(word);
    for (size_t blank = blank_bytes(*text); blank > 0; blank = blank_bytes(*text)) {
        *text = bytes_from(*text, blank);
    }
    if (text->size < size || strncasecmp((const char *)text->data, word, size) != 0) {
        return false;
    }
    *text = bytes_from(*text, size);
    return true;
}

struct bytes statement__text_masked(struct bytes text, struct arena *arena)
{
    static const char word[] = "password";
    struct bytes rest = text;
    bool is_about_role = (take_word(&rest, "CREATE") || take_word(&rest, "ALTER")) &&
                         (take_word(&rest, "ROLE") || take_word(&rest, "USER"));
    for (; is_about_role && rest.size >= sizeof(word) - 1; rest = bytes_from(rest, 1)) {
        if (strncasecmp((const char *)rest.data, word, sizeof(word) - 1) == 0) {
            size_t shown = text.size - rest.size + sizeof(word) - 1;
            return bytes_of_text(arena_format(arena, "%.*s *******", (int)shown, (const char *)text.data));
        }
    }
    return text;
}

/* What Cassandra tells of a request: as far as it has it. */
static struct described_pairs parameters_of(const struct cql_message *message, struct bytes text,
                                            struct arena *arena)
{
    const struct cql_parameters *parameters = &message->parameters;
    struct described_pair *pairs = arena_create_array(arena, 4, sizeof(*pairs));
    size_t count = 0;
    if (message->opcode != OPCODE_PREPARE) {
        pairs[count++] = (struct described_pair){bytes_of_text("consistency_level"),
                                                 bytes_of_text(consistency_text(parameters->consistency))};
        pairs[count++] =
            (struct described_pair){bytes_of_text("serial_consistency_level"),
                                    bytes_of_text(consistency_text(parameters->serial_consistency))};
    }
    if (text.size > 0) {
        size_t size = text.size < CQL_TRACE_TEXT_BYTES_MAX ? text.size : CQL_TRACE_TEXT_BYTES_MAX;
        while (size < text.size && (text.data[size] & 0xC0) == 0x80) { /* not within a character */
            size--;
        }
        pairs[count++] =
            (struct described_pair){bytes_of_text("query"), arena_copy(arena, bytes_part(text, 0, size))};
    }
    if (parameters->page_rows > 0) {
        const char *rows = arena_format(arena, "%d", parameters->page_rows);
        pairs[count++] = (struct described_pair){bytes_of_text("page_size"), bytes_of_text(rows)};
    }
    return (struct described_pairs){.at = pairs, .count = count};
}

void statement__traces_note(struct traces *traces, const struct cql_request *request, struct bytes text)
{
    struct arena *arena = NULL;
    (void)pthread_mutex_lock(&traces->mutex);
    struct described_trace *trace = traces_grow(traces, &arena);
    text = statement__text_masked(text, arena);
    int64_t took_us = clock_steady_us(clock_system()) - request->began_us;
    *trace = (struct described_trace){
        .client = arena_copy(arena, bytes_of(request->remote.host, request->remote.host_bytes)),
        .coordinator = arena_copy(arena, bytes_of(request->local.host, request->local.host_bytes)),
        .coordinator_port = request->local.port,
        .duration_us = took_us > INT32_MAX ? INT32_MAX : (int)took_us,
        .started_ms = (clock_wall_us(clock_system()) - took_us) / 1000,
        .request = bytes_of_text(request_text(request->message)),
        .parameters = parameters_of(request->message, text, arena),
    };
    memcpy(trace->id, request->tracing_id, sizeof(trace->id));
    (void)pthread_mutex_unlock(&traces->mutex);
}

static struct described_trace trace_copy(const struct described_trace *trace, struct arena *arena)
{
    struct described_trace copy = *trace;
    struct described_pair *pairs = arena_create_array(arena, trace->parameters.count, sizeof(*pairs));
    copy.client = arena_copy(arena, trace->client);
    copy.coordinator = arena_copy(arena, trace->coordinator);
    for (size_t i = 0; i < trace->parameters.count; i++) {
        const struct described_pair *pair = &trace->parameters.at[i];
        pairs[i] = (struct described_pair){arena_copy(arena, pair->name), arena_copy(arena, pair->value)};
    }
    copy.parameters.at = pairs;
    return copy; /* the rest is compiled in */
}

const struct described_trace *statement__traces_list(struct traces *traces, struct arena *arena,
                                                     size_t *ret_count)
{
    (void)pthread_mutex_lock(&traces->mutex);
    struct described_trace *list = arena_create_array(arena, traces->count, sizeof(*list));
    for (size_t i = 0; i < traces->count; i++) {
        list[i] = trace_copy(&traces->list[i], arena);
    }
    *ret_count = traces->count;
    (void)pthread_mutex_unlock(&traces->mutex);
    return list;
}
