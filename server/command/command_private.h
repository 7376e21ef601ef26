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
    const char *from;
    const char *as_of;
    const char *limit;
    const char *count;
    bool if_absent;
    bool if_present;
    bool old;
    bool reverse;
    bool csv;
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

/* Parses a number of an option; `text` NULL gives the fallback. */
MUST_USE enum status command__number(const char *option, const char *text, uint64_t fallback,
                                     uint64_t *ret_number, struct error *error);
/* Parses a word that must be a JSON object. The value lives in `arena`. */
MUST_USE enum status command__object(const char *what, const char *text, struct arena *arena,
                                     struct value *ret_value, struct error *error);
void command__put_field_text(struct buffer *body, enum wire_field field, const char *text);
void command__put_field_value(struct buffer *body, enum wire_field field, const struct value *value);
/* Prints a value as one line of JSON. */
void command__print(const struct value *value);
/* Prints a change record as one line of JSON. */
void command__print_record(const struct value *record, bool has_colours);

enum status command__table(struct client *client, const struct command_line *line, struct error *error);
enum status command__put(struct client *client, const struct command_line *line, struct error *error);
enum status command__get(struct client *client, const struct command_line *line, struct error *error);
enum status command__delete(struct client *client, const struct command_line *line, struct error *error);
enum status command__query(struct client *client, const struct command_line *line, struct error *error);
enum status command__scan(struct client *client, const struct command_line *line, struct error *error);
enum status command__history(struct client *client, const struct command_line *line, struct error *error);
enum status command__import(struct client *client, const struct command_line *line, struct error *error);
enum status command__tail(struct client *client, const struct command_line *line, struct error *error);
enum status command__status(struct client *client, const struct command_line *line, struct error *error);

#endif
