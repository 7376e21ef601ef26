/* The inside of the command line, for this folder's files. */
#ifndef COMMAND_PRIVATE_H
#define COMMAND_PRIVATE_H

#include "client/client.h"
#include "codec/json.h"
#include "codec/pack.h"
#include "command/bounds.h"
#include "command/command.h"

/* A command line taken apart: words in order, options wherever they stand. */
struct command_line {
    const char *words[COMMAND_WORDS_MAX];
    size_t words_count;
    const char *server;
    const char *partition;
    const char *sort;
    const char *durability;
    const char *interval;
    const char *ttl;
    const char *index;
    const char *drop_index;
    const char *from;
    const char *at;
    const char *limit;
    const char *count;
    const char *condition;
    const char *filter;
    const char *project;
    const char *token;
    const char *on;
    const char *batch;
    const char *retries;
    const char *timeout;
    const char *memory;
    const char *version;
    const char *module;
    const char *rejects;
    const char *until;
    const char *since;
    bool if_absent;
    bool if_present;
    bool old;
    bool new;
    bool reverse;
    bool csv;
    bool meta;
    bool dry;
    bool once;
    bool help;
};

struct command {
    const char *name;
    const char *usage; /* words after the name */
    const char *help;
    size_t words_least; /* after the name */
    size_t words_most;
    enum status (*run)(struct client *client, const struct command_line *line, struct error *error);
};

/* A request under construction: fields that are absent (NULL, false) are left out. {0} is ready. */
struct command_request {
    struct buffer fields;
    uint32_t count;
};

void command__put_text(struct command_request *request, enum wire_field field, const char *text);
void command__put_value(struct command_request *request, enum wire_field field, const struct value *value);
void command__put_number(struct command_request *request, enum wire_field field, uint64_t number);
void command__put_flag(struct command_request *request, enum wire_field field, bool flag);
void command__put_bytes(struct command_request *request, enum wire_field field, struct bytes bytes);
/* Puts the field's number; the caller appends one value to request->fields. */
void command__put_field(struct command_request *request, enum wire_field field);
/* A number of an option, or its absence. STATUS_INVALID. */
MUST_USE enum status command__put_option(struct command_request *request, enum wire_field field,
                                         const char *option, const char *text, struct error *error);
/* A moment as people write it: an LSN, a time like 2026-11-21T08:15:30Z, or how long ago: 90s, 15m, 6h, 3d. */
struct command_moment {
    bool is_time;
    uint64_t lsn;
    int64_t time_us; /* since 1970 */
};

/* STATUS_INVALID, with a text that says how to write one; `words`, each with a comma behind it, are what else may stand there. */
MUST_USE enum status command__moment(const char *option, const char *words, const char *text,
                                     struct command_moment *ret_moment, struct error *error);
/* "as of": a moment. NULL: now. */
MUST_USE enum status command__put_as_of(struct command_request *request, const char *text,
                                        struct error *error);
/* "since": a moment. NULL: now. */
MUST_USE enum status command__put_since(struct command_request *request, const char *text,
                                        struct error *error);
/* Where a subscription begins: latest, oldest, snapshot, or a moment. */
MUST_USE enum status command__put_start(struct command_request *request, const char *text,
                                        struct error *error);
/* Sends and waits; frees the request. *ret_answer lives in `arena`. */
MUST_USE enum status command__ask(struct client *client, enum wire_type type, struct command_request *request,
                                  struct arena *arena, struct value *ret_answer, struct error *error);
/* The whole as one message body. */
void command__finish(struct command_request *request, struct buffer *ret_body);

/* Parses a number of an option; `text` NULL gives the fallback. */
MUST_USE enum status command__number(const char *option, const char *text, uint64_t fallback,
                                     uint64_t *ret_number, struct error *error);
/* Parses a word that must be a JSON object. The value lives in `arena`. */
MUST_USE enum status command__object(const char *what, const char *text, struct arena *arena,
                                     struct value *ret_value, struct error *error);
/* Prints what is unusual, and what to do; NULL: nothing. */
void command__print_conditions(const struct value *conditions);
/* Prints a value as one line of JSON. */
void command__print(const struct value *value);
/* Prints what a function logged, on standard error; NULL: nothing. */
void command__print_lines(const struct value *lines);
/* Prints a change record as one line of JSON. */
void command__print_record(const struct value *record, bool has_colours);

enum status command__table(struct client *client, const struct command_line *line, struct error *error);
enum status command__put(struct client *client, const struct command_line *line, struct error *error);
enum status command__get(struct client *client, const struct command_line *line, struct error *error);
enum status command__delete(struct client *client, const struct command_line *line, struct error *error);
enum status command__query(struct client *client, const struct command_line *line, struct error *error);
enum status command__scan(struct client *client, const struct command_line *line, struct error *error);
enum status command__history(struct client *client, const struct command_line *line, struct error *error);
enum status command__diff(struct client *client, const struct command_line *line, struct error *error);
enum status command__import(struct client *client, const struct command_line *line, struct error *error);
enum status command__tail(struct client *client, const struct command_line *line, struct error *error);
enum status command__update(struct client *client, const struct command_line *line, struct error *error);
enum status command__parked(struct client *client, const struct command_line *line, struct error *error);
enum status command__restore(struct client *client, const struct command_line *line, struct error *error);
enum status command__deploy(struct client *client, const struct command_line *line, struct error *error);
enum status command__functions(struct client *client, const struct command_line *line, struct error *error);
enum status command__invoke(struct client *client, const struct command_line *line, struct error *error);
enum status command__credentials(struct client *client, const struct command_line *line, struct error *error);
enum status command__top(struct client *client, const struct command_line *line, struct error *error);
enum status command__scrub(struct client *client, const struct command_line *line, struct error *error);
enum status command__status(struct client *client, const struct command_line *line, struct error *error);

#endif
