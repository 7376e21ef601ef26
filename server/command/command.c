/* Taking the command line apart, finding the verb, telling what went wrong. */
#include "command/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "command_private.h"

static const struct command commands[] = {
    {"table",
     "create NAME --partition NAME:TYPE[,…] [--sort NAME:TYPE[:desc][,…]] [--index NAME=PARTITION[/SORT]]\n"
     "             [--ttl ATTRIBUTE] [--durability sync|periodic] [--interval MS]\n"
     "       oxbow table alter NAME [--ttl ATTRIBUTE] [--index …] [--drop-index NAME]\n"
     "       oxbow table list | describe NAME | truncate NAME | drop NAME",
     "makes, shows, changes and drops tables", 1, 2, command__table},
    {"put", "TABLE ITEM [--if CONDITION|--if-absent|--if-present] [--old] [--token TEXT]",
     "writes an item (JSON object)", 2, 2, command__put},
    {"get", "TABLE KEY [--as-of LSN|TIME|AGO]", "shows the item with the key attributes of a JSON object", 2,
     2, command__get},
    {"update", "TABLE KEY UPDATE [--if CONDITION] [--old] [--new] [--token TEXT]",
     "changes an item, like 'SET n = n + 1 REMOVE note'", 3, 3, command__update},
    {"delete", "TABLE KEY [--if CONDITION|--if-present] [--old] [--token TEXT]", "removes an item", 2, 2,
     command__delete},
    {"query",
     "TABLE KEY|CONDITION [--index NAME] [--filter CONDITION] [--project PATHS] [--reverse] [--limit N]\n"
     "             [--as-of LSN|TIME|AGO]",
     "shows the items of one partition key, in sort key order", 2, 2, command__query},
    {"scan", "TABLE [--index NAME] [--filter CONDITION] [--project PATHS] [--limit N] [--as-of LSN|TIME|AGO]",
     "shows all items, in token order", 1, 1, command__scan},
    {"import", "TABLE FILE [--csv] [--rejects FILE]",
     "puts every line of a file (- for standard input) of JSON lines or CSV; --rejects keeps lines that "
     "cannot "
     "be taken",
     2, 2, command__import},
    {"export", "TABLE [--as-of LSN|TIME|AGO]", "writes all items as JSON lines", 1, 1, command__scan},
    {"tail",
     "[TABLE] [--from latest|oldest|snapshot|LSN|TIME|AGO] [--until now|LSN|TIME|AGO] [--filter CONDITION]\n"
     "             [--count N] [--meta]",
     "prints changes as they are committed; when the server is back after a stop, those meanwhile first", 0,
     1, command__tail},
    {"history", "TABLE KEY [--limit N] [--as-of LSN|TIME|AGO]",
     "shows every change of an item that the log still has; as of then also of a table that was dropped "
     "since",
     2, 2, command__history},
    {"diff", "TABLE [OTHER] [--since LSN|TIME|AGO] [--as-of LSN|TIME|AGO] [--filter CONDITION] [--limit N]",
     "shows what differs between TABLE since then and OTHER, or the same table, as of a later moment or now",
     1, 2, command__diff},
    {"restore", "TABLE TARGET --as-of LSN|TIME|AGO",
     "makes the table TARGET with what TABLE held then, also when it was dropped since", 2, 2,
     command__restore},
    {"deploy",
     "NAME FILE [--module NAME=FILE] [--timeout MS] [--memory BYTES]\n"
     "             [--on TABLE [--from latest|oldest|LSN|TIME|AGO] [--filter CONDITION] [--batch N] "
     "[--retries N]]",
     "stores a new version of a Lua function; with --on it runs on a table's changes from now on", 2, 2,
     command__deploy},
    {"functions", "[list | delete NAME | unmap NAME]", "shows functions and their mappings, or ends them", 0,
     2, command__functions},
    {"invoke", "NAME [EVENT] [--version N] [--dry-run]",
     "runs a function on an event (JSON); what it writes is committed unless --dry-run", 1, 2,
     command__invoke},
    {"parked", "[list [MAPPING] | retry MAPPING [LSN] [--dry-run] | discard MAPPING LSN]",
     "shows changes that functions could not handle, puts them through the newest version, gives them up", 0,
     3, command__parked},
    {"credentials", "create [NAME] | list | remove ACCESS_KEY_ID",
     "makes an access key for the principal NAME (admin), shows them, takes one back", 1, 2,
     command__credentials},
    {"status", "", "shows where the server stands, and what is unusual with what to do about it", 0, 0,
     command__status},
    {"scrub", "", "looks for damage in everything that the server has on its disk, and names it", 0, 0,
     command__scrub},
    {"top", "[--interval MS] [--count N] [--once]",
     "shows what the server does, anew every 2 s until q; one table each time when the output is no terminal",
     0, 0, command__top},
};

bool command_describe(size_t at, struct command_description *ret_description)
{
    if (at >= ARRAY_COUNT(commands)) {
        return false;
    }
    *ret_description = (struct command_description){.name = commands[at].name,
                                                    .usage = commands[at].usage,
                                                    .help = commands[at].help};
    return true;
}

static const char command_moments[] = "\nLSN|TIME|AGO: the number of a commit, as history shows it; a time "
                                      "with its zone, like 2026-11-21T08:15:30Z or\n"
                                      "'2026-11-21 14:00+01:00'; or how long ago, like 90s, 15m, 6h or 3d\n";

static void command_help(void)
{
    (void)printf("usage: oxbow VERB [ARGUMENT...] [--server ADDRESS:PORT]\n\n"
                 "  %-11s %s\n  %-11s %s\n  %-11s %s\n  %-11s %s\n  %-11s %s\n",
                 "serve", "runs the server; see oxbow serve --help", "limits", "prints every limit",
                 "version", "prints the version", "completion", "prints completions for bash, zsh or fish",
                 "manual", "prints a manual page: oxbow, oxbow-serve or oxbow.conf");
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        (void)printf("  %-11s %s\n", commands[i].name, commands[i].help);
    }
    (void)printf(
        "\noxbow VERB --help tells how to call one. The server is looked for at 127.0.0.1:7770, or at\n"
        "OXBOW_SERVER. Exit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 a condition did not "
        "hold, 5 the function failed.\n");
}

struct text_option {
    const char *name;
    size_t offset;
};

static const char **line_text_option(struct command_line *line, const char *name)
{
    static const struct text_option options[] = {
        {"--server", offsetof(struct command_line, server)},
        {"--partition", offsetof(struct command_line, partition)},
        {"--sort", offsetof(struct command_line, sort)},
        {"--durability", offsetof(struct command_line, durability)},
        {"--interval", offsetof(struct command_line, interval)},
        {"--ttl", offsetof(struct command_line, ttl)},
        {"--index", offsetof(struct command_line, index)},
        {"--drop-index", offsetof(struct command_line, drop_index)},
        {"--from", offsetof(struct command_line, from)},
        {"--as-of", offsetof(struct command_line, at)},
        {"--at", offsetof(struct command_line, at)},
        {"--limit", offsetof(struct command_line, limit)},
        {"--count", offsetof(struct command_line, count)},
        {"--if", offsetof(struct command_line, condition)},
        {"--filter", offsetof(struct command_line, filter)},
        {"--project", offsetof(struct command_line, project)},
        {"--token", offsetof(struct command_line, token)},
        {"--on", offsetof(struct command_line, on)},
        {"--batch", offsetof(struct command_line, batch)},
        {"--retries", offsetof(struct command_line, retries)},
        {"--timeout", offsetof(struct command_line, timeout)},
        {"--memory", offsetof(struct command_line, memory)},
        {"--version", offsetof(struct command_line, version)},
        {"--module", offsetof(struct command_line, module)},
        {"--rejects", offsetof(struct command_line, rejects)},
        {"--until", offsetof(struct command_line, until)},
        {"--since", offsetof(struct command_line, since)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        if (strcmp(options[i].name, name) == 0) {
            return (const char **)((char *)line + options[i].offset);
        }
    }
    return NULL;
}

static bool *line_flag(struct command_line *line, const char *name)
{
    static const struct text_option flags[] = {
        {"--if-absent", offsetof(struct command_line, if_absent)},
        {"--if-present", offsetof(struct command_line, if_present)},
        {"--old", offsetof(struct command_line, old)},
        {"--new", offsetof(struct command_line, new)},
        {"--meta", offsetof(struct command_line, meta)},
        {"--dry-run", offsetof(struct command_line, dry)},
        {"--once", offsetof(struct command_line, once)},
        {"--reverse", offsetof(struct command_line, reverse)},
        {"--csv", offsetof(struct command_line, csv)},
        {"--help", offsetof(struct command_line, help)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            return (bool *)((char *)line + flags[i].offset);
        }
    }
    return NULL;
}

/* Whether an option is the verb's: what it would not heed is refused, above all a --dry-run that would write. */
static bool command_takes(const struct command *command, const char *option)
{
    const char *name = strcmp(option, "--at") == 0 ? "--as-of" : option;
    size_t size = strlen(name);
    bool is_found = strcmp(name, "--server") == 0 || strcmp(name, "--help") == 0;
    for (const char *at = strstr(command->usage, name); at != NULL && !is_found;
         at = strstr(at + size, name)) {
        is_found = at[size] != '-' && !(at[size] >= 'a' && at[size] <= 'z');
    }
    return is_found;
}

static enum status line_read(const struct command *command, struct command_line *line, int count,
                             char **arguments, struct error *error)
{
    for (int i = 0; i < count; i++) {
        bool *flag = line_flag(line, arguments[i]);
        const char **text = line_text_option(line, arguments[i]);
        if ((flag != NULL || text != NULL) && !command_takes(command, arguments[i])) {
            return error_set(error, STATUS_INVALID, "%s is no option of %s", arguments[i], command->name);
        }
        if (flag != NULL) {
            *flag = true;
        } else if (text != NULL && i + 1 < count) {
            *text = arguments[++i];
        } else if (text != NULL) {
            return error_set(error, STATUS_INVALID, "%s needs a value", arguments[i]);
        } else if (strncmp(arguments[i], "--", 2) == 0) {
            return error_set(error, STATUS_INVALID, "unknown option %s", arguments[i]);
        } else if (line->words_count == COMMAND_WORDS_MAX) {
            return error_set(error, STATUS_INVALID, "too many words");
        } else {
            line->words[line->words_count++] = arguments[i];
        }
    }
    return STATUS_OK;
}

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int exit_code(enum status status)
{
    switch ((int)status) {
    case STATUS_OK:
        return 0;
    case STATUS_INVALID:
        return 2;
    case STATUS_NOT_FOUND:
        return 3;
    case STATUS_CONDITION:
    case STATUS_EXISTS:
        return 4;
    case STATUS_FUNCTION:
        return 5;
    default:
        return 1;
    }
}

static enum status command_run(const struct command *command, const struct command_line *line,
                               struct error *error)
{
    struct client *client = NULL;
    const char *server = line->server;
    if (server == NULL) {
        server = getenv("OXBOW_SERVER"); /* NOLINT(concurrency-mt-unsafe): the only thread */
    }
    if (line->words_count < command->words_least || line->words_count > command->words_most) {
        return error_set(error, STATUS_INVALID, "usage: oxbow %s %s", command->name, command->usage);
    }
    enum status status =
        client_open(server == NULL ? "127.0.0.1:7770" : server, COMMAND_TIMEOUT_MS, &client, error);
    if (status == STATUS_OK) {
        status = command->run(client, line, error);
    }
    client_close(&client);
    return status;
}

int command_main(int count, char **arguments)
{
    const char *verb = count > 0 ? arguments[0] : "";
    if (count == 0 || strcmp(verb, "help") == 0 || strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        command_help();
        return count == 0 ? 2 : 0;
    }
    if (strcmp(verb, "version") == 0 || strcmp(verb, "--version") == 0) {
        (void)printf("oxbow %s\n", OXBOW_VERSION);
        return 0;
    }
    const struct command *command = command_find(verb);
    if (command == NULL) {
        (void)fprintf(stderr, "oxbow: there is no verb %s; see oxbow help\n", verb);
        return 2;
    }
    struct command_line line = {0};
    struct error error = {0};
    enum status status = line_read(command, &line, count - 1, arguments + 1, &error);
    if (status == STATUS_OK && line.help) {
        (void)printf("usage: oxbow %s %s\n\n%s\n", command->name, command->usage, command->help);
        (void)printf("%s", strstr(command->usage, "LSN|TIME|AGO") == NULL ? "" : command_moments);
        return 0;
    }
    if (status == STATUS_OK) {
        status = command_run(command, &line, &error);
    }
    if (status != STATUS_OK) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "oxbow %s: %s\n", verb, error.text);
    }
    return exit_code(status);
}

enum status command__number(const char *option, const char *text, uint64_t fallback, uint64_t *ret_number,
                            struct error *error)
{
    char *end = NULL;
    if (text == NULL) {
        *ret_number = fallback;
        return STATUS_OK;
    }
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number > INT64_MAX) {
        return error_set(error, STATUS_INVALID, "%s must be a number%s, not %s", option,
                         *end == '\0' && number > INT64_MAX ? " of 63 bits" : "", text);
    }
    *ret_number = number;
    return STATUS_OK;
}

enum status command__object(const char *what, const char *text, struct arena *arena, struct value *ret_value,
                            struct error *error)
{
    enum status status = codec_json_decode(bytes_of_text(text), arena, ret_value, error);
    if (status != STATUS_OK) {
        error_prefix(error, "the %s", what);
        return STATUS_INVALID;
    }
    if (ret_value->kind != VALUE_MAP) {
        return error_set(error, STATUS_INVALID, "the %s must be a JSON object, like {\"id\":\"a\"}", what);
    }
    return STATUS_OK;
}

void command__print(const struct value *value)
{
    struct buffer text = {0};
    codec_json_encode(&text, value);
    buffer_put_u8(&text, '\n');
    (void)fwrite(text.data, 1, text.size, stdout);
    buffer_reset(&text);
}
