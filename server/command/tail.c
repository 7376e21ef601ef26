/* tail: changes as they are committed; JSON lines in a pipe, colours on a terminal. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "command_private.h"

static const char *tail_colour(struct bytes operation)
{
    if (bytes_equal(operation, bytes_of_text("insert"))) {
        return "\033[32m";
    }
    return bytes_equal(operation, bytes_of_text("modify")) ? "\033[33m" : "\033[31m";
}

void command__print_record(const struct value *record, bool has_colours)
{
    static const struct {
        enum wire_field field;
        const char *name;
    } names[] = {{WIRE_FIELD_TABLE, "table"}, {WIRE_FIELD_OPERATION, "operation"},
                 {WIRE_FIELD_ACTOR, "actor"}, {WIRE_FIELD_CAUSE, "cause"},
                 {WIRE_FIELD_NEW, "new"},     {WIRE_FIELD_OLD, "old"}};
    struct buffer text = {0};
    struct bytes operation = {0};
    uint64_t lsn = 0;
    uint64_t time = 0;
    char when[CLOCK_TEXT_BYTES];
    if (codec_field_text(record, WIRE_FIELD_OPERATION, &operation, NULL) != STATUS_OK ||
        codec_field_unsigned(record, WIRE_FIELD_LSN, 0, &lsn, NULL) != STATUS_OK ||
        codec_field_unsigned(record, WIRE_FIELD_TIME, 0, &time, NULL) != STATUS_OK) {
        return;
    }
    clock_format((int64_t)time, when);
    if (has_colours) {
        buffer_put_text(&text, tail_colour(operation));
    }
    buffer_put_format(&text, "{\"lsn\":%llu", (unsigned long long)lsn);
    if (time > 0) { /* the items of a snapshot have none */
        buffer_put_format(&text, ",\"time\":\"%s\"", when);
    }
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct value *found = codec_field(record, names[i].field);
        if (found != NULL) {
            buffer_put_format(&text, ",\"%s\":", names[i].name);
            codec_json_encode(&text, found);
        }
    }
    buffer_put_text(&text, has_colours ? "}\033[0m\n" : "}\n");
    (void)fwrite(text.data, 1, text.size, stdout);
    buffer_reset(&text);
}

/* What is printed, and how far it is. */
struct tail {
    struct client *client;
    const struct command_line *line;
    uint64_t id;       /* of the subscription */
    uint64_t left;     /* records to be printed */
    uint64_t position; /* LSN that it goes on at when the connection was lost; 0: where it was to begin */
    uint64_t until;    /* LSN before which it ends */
    int64_t until_us;  /* commit time after which it ends */
    bool is_snapshot;  /* the last record was an item of the snapshot */
};

/* --until: as far as the server is now, or to a moment. */
static enum status tail_end(struct tail *tail, struct error *error)
{
    const char *text = tail->line->until;
    struct command_moment moment = {0};
    struct command_request request = {0};
    struct arena arena = {0};
    struct value answer;
    enum status status = STATUS_OK;
    bool is_now = text != NULL && strcmp(text, "now") == 0;
    tail->until = UINT64_MAX;
    tail->until_us = INT64_MAX;
    if (text == NULL) {
        return STATUS_OK;
    }
    if (!is_now) {
        status = command__moment("--until", "now, ", text, &moment, error);
        tail->until = moment.lsn + 1;
    }
    if (status == STATUS_OK && moment.is_time) {
        tail->until_us = moment.time_us;
        status = moment.time_us <= clock_wall_us(clock_system())
                     ? STATUS_OK
                     : error_set(error, STATUS_INVALID, "--until must be a time that has been, not %s", text);
    }
    if (status == STATUS_OK && (is_now || moment.is_time)) {
        status = command__ask(tail->client, WIRE_STATUS, &request, &arena, &answer, error);
        const struct value *facts = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_FACTS) : NULL;
        tail->until = facts == NULL ? 0 : (uint64_t)value_map_integer(facts, "committed_lsn") + 1;
    }
    arena_reset(&arena);
    return status;
}

static enum status tail_subscribe(struct tail *tail, struct error *error)
{
    const struct command_line *line = tail->line;
    struct command_request request = {0};
    struct buffer body = {0};
    enum status status = STATUS_OK;
    command__put_text(&request, WIRE_FIELD_TABLE, line->words_count > 0 ? line->words[0] : "");
    command__put_number(&request, WIRE_FIELD_CREDIT, COMMAND_TAIL_CREDIT);
    command__put_text(&request, WIRE_FIELD_FILTER, line->filter);
    command__put_flag(&request, WIRE_FIELD_META, line->meta);
    command__put_flag(&request, WIRE_FIELD_PROGRESS, true);
    if (tail->position > 0) {
        command__put_number(&request, WIRE_FIELD_START, tail->position);
    } else {
        status = command__put_start(&request, line->from, error);
    }
    command__finish(&request, &body);
    if (status == STATUS_OK) {
        status = client_send(tail->client, WIRE_SUBSCRIBE, &body, &tail->id, error);
    }
    buffer_reset(&body);
    return status;
}

static enum status tail_give_credit(struct client *client, uint64_t id, size_t records, struct error *error)
{
    struct buffer body = {0};
    codec_put_map(&body, 1);
    codec_put_unsigned(&body, WIRE_FIELD_CREDIT);
    codec_put_unsigned(&body, records);
    enum status status = client_send_again(client, WIRE_CREDIT, id, &body, error);
    buffer_reset(&body);
    return status;
}

static void tail_print(struct tail *tail, const struct value *record, bool has_colours)
{
    uint64_t lsn = 0;
    uint64_t time_us = 0;
    struct bytes operation = {0};
    if (codec_field_unsigned(record, WIRE_FIELD_LSN, 0, &lsn, NULL) == STATUS_OK &&
        codec_field_unsigned(record, WIRE_FIELD_TIME, 0, &time_us, NULL) == STATUS_OK &&
        codec_field_text(record, WIRE_FIELD_OPERATION, &operation, NULL) == STATUS_OK) {
        bool is_snapshot = bytes_equal(operation, bytes_of_text("snapshot"));
        if (!is_snapshot && (lsn >= tail->until || (int64_t)time_us > tail->until_us)) {
            tail->left = 0;
            return;
        }
        tail->position = lsn + 1;
        tail->is_snapshot = is_snapshot;
    }
    command__print_record(record, has_colours);
    tail->left--;
}

/* A message without records tells how far it is: the snapshot is whole, and behind that place it goes on. */
static void tail_moves(struct tail *tail, const struct value *answer)
{
    uint64_t lsn = 0;
    if (codec_field(answer, WIRE_FIELD_TIME) != NULL &&
        codec_field_unsigned(answer, WIRE_FIELD_LSN, 0, &lsn, NULL) == STATUS_OK) {
        tail->position = lsn;
        tail->is_snapshot = false;
    }
}

/* The answer to the subscription tells where it begins. A snapshot is asked for anew as long as nothing of it came. */
static void tail_begins(struct tail *tail, const struct value *answer)
{
    const char *from = tail->line->from;
    uint64_t lsn = 0;
    bool is_first = tail->position == 0 && (from == NULL || strcmp(from, "snapshot") != 0);
    if (is_first && codec_field_unsigned(answer, WIRE_FIELD_LSN, 0, &lsn, NULL) == STATUS_OK) {
        tail->position = lsn;
    }
}

/* The next answer to the subscription; what was sent to one that was lost is passed over. */
static enum status tail_next(struct tail *tail, bool has_started, struct arena *arena,
                             struct value *ret_answer, struct error *error)
{
    enum status status = STATUS_OK;
    uint64_t answered = 0;
    do {
        answered = tail->id;
        status = client_receive(tail->client, has_started ? 1000 : COMMAND_TIMEOUT_MS, arena, &answered,
                                ret_answer, error);
    } while (answered != tail->id);
    /* there is no such subscription: the server that knew of it is gone */
    return status == STATUS_NOT_FOUND && has_started ? STATUS_UNKNOWN : status;
}

static bool tail_is_over(const struct tail *tail)
{
    return !tail->is_snapshot && tail->position >= tail->until;
}

/* Prints records until all that are wanted are printed, or the connection is lost. */
static enum status tail_receive(struct tail *tail, struct error *error)
{
    struct arena arena = {0};
    bool has_colours = isatty(STDOUT_FILENO) == 1;
    bool has_started = false;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && tail->left > 0 && !tail_is_over(tail) && ferror(stdout) == 0) {
        struct value answer;
        status = tail_next(tail, has_started, &arena, &answer, error);
        if (status == STATUS_TIMEOUT && has_started) {
            status = STATUS_OK;
            continue;
        }
        if (status == STATUS_OK && !has_started) {
            tail_begins(tail, &answer);
        }
        has_started = true;
        const struct value *records = status == STATUS_OK ? codec_field(&answer, WIRE_FIELD_RECORDS) : NULL;
        size_t count = records != NULL && records->kind == VALUE_LIST ? records->items.count : 0;
        for (size_t i = 0; i < count && tail->left > 0; i++) {
            tail_print(tail, &records->items.at[i], has_colours);
        }
        (void)fflush(stdout);
        if (count > 0) {
            status = tail_give_credit(tail->client, tail->id, count, error);
        } else if (records != NULL) {
            tail_moves(tail, &answer);
        }
    }
    arena_reset(&arena);
    return status;
}

/* Waits for the server to be back, as long as it takes. */
static enum status tail_subscribe_again(struct tail *tail, struct error *error)
{
    enum status status = STATUS_CLOSED;
    (void)fprintf(stderr, "oxbow tail: %s; it goes on when the server is back\n", error->text);
    while (status == STATUS_CLOSED && ferror(stdout) == 0) {
        status = tail_subscribe(tail, error);
    }
    return status;
}

enum status command__tail(struct client *client, const struct command_line *line, struct error *error)
{
    struct tail tail = {.client = client, .line = line};
    (void)signal(SIGPIPE, SIG_IGN);
    enum status status = command__number("--count", line->count, UINT64_MAX, &tail.left, error);
    if (status == STATUS_OK) {
        status = tail_end(&tail, error);
    }
    if (status == STATUS_OK) {
        status = tail_subscribe(&tail, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = tail_receive(&tail, error);
    while ((status == STATUS_UNKNOWN || status == STATUS_CLOSED) && !tail.is_snapshot) {
        status = tail_subscribe_again(&tail, error);
        status = status == STATUS_OK ? tail_receive(&tail, error) : status;
    }
    if (status == STATUS_UNKNOWN) {
        error_prefix(error, "the snapshot did not come whole, begin anew");
    }
    return status;
}
