/* `oxbow completion bash|zsh|fish`: made from the tables of verbs and settings. */
#include <stdio.h>

#include "command/command.h"
#include "configuration.h"
#include "usage.h"

/* What a setting's value is to a shell. */
enum value_kind_shell {
    VALUE_ANY,
    VALUE_FILE,
    VALUE_DIRECTORY,
    VALUE_WORDS,
    VALUE_NONE, /* it takes none */
};

static enum value_kind_shell setting_value_kind(const struct setting *setting)
{
    if (setting->kind == SETTING_CHOICE) {
        return VALUE_WORDS;
    }
    if (setting->kind == SETTING_BOOLEAN) {
        return VALUE_NONE;
    }
    bool is_text = setting->kind == SETTING_TEXT;
    return is_text && strncmp(setting->help, "directory", 9) == 0 ? VALUE_DIRECTORY
           : is_text && (strncmp(setting->help, "file", 4) == 0 || strncmp(setting->help, "PEM", 3) == 0)
               ? VALUE_FILE
               : VALUE_ANY;
}

/* Verbs that have no entry in the command's own table. */
static const struct command_description own[] = {
    {"serve", "", "runs the server"},
    {"limits", "", "prints every limit"},
    {"version", "", "prints the version"},
    {"help", "", "lists the verbs"},
    {"completion", "bash | zsh | fish", "prints completions for a shell"},
    {"manual", "oxbow | oxbow-serve | oxbow.conf", "prints a manual page"},
};

static bool verb_at(size_t at, struct command_description *ret_verb)
{
    if (at < ARRAY_COUNT(own)) {
        *ret_verb = own[at];
        return true;
    }
    return command_describe(at - ARRAY_COUNT(own), ret_verb);
}

/* Prints text inside single quotes: how a quote is written differs, and what else has a meaning gets a backslash. */
static void print_quoted(const char *text, const char *quote, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            (void)printf("%s", quote);
        } else {
            (void)printf("%s%c", strchr(special, *text) != NULL ? "\\" : "", *text);
        }
    }
}

static void print_bytes(struct bytes bytes)
{
    (void)printf("%.*s", (int)bytes.size, (const char *)bytes.data);
}

static void print_values(struct bytes values)
{
    struct bytes value;
    const char *space = "";
    while (usage_value_next(&values, &value)) {
        (void)printf("%s", space);
        print_bytes(value);
        space = " ";
    }
}

static void print_choices(const struct setting *setting)
{
    const char *const *choices = setting_choices(setting);
    for (size_t i = 0; choices[i] != NULL; i++) {
        (void)printf("%s%s", i == 0 ? "" : " ", choices[i]);
    }
}

/* --- bash ------------------------------------------------------------------------------------------------------- */

static void bash_serve_values(void)
{
    size_t count = 0;
    const struct setting *settings = configuration_settings(&count);
    for (size_t i = 0; i < count; i++) {
        switch (setting_value_kind(&settings[i])) {
        case VALUE_FILE:
            (void)printf("    'serve --%s') COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n",
                         settings[i].name);
            break;
        case VALUE_DIRECTORY:
            (void)printf("    'serve --%s') COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n",
                         settings[i].name);
            break;
        case VALUE_WORDS:
            (void)printf("    'serve --%s') COMPREPLY=($(compgen -W '", settings[i].name);
            print_choices(&settings[i]);
            (void)printf("' -- \"$word\")); return ;;\n");
            break;
        case VALUE_ANY:
            (void)printf("    'serve --%s') return ;;\n", settings[i].name);
            break;
        case VALUE_NONE:
            break;
        }
    }
}

static void bash_verb_values(const struct command_description *verb)
{
    struct usage usage;
    usage_read(verb->usage, &usage);
    for (size_t i = 0; i < usage.options_count; i++) {
        if (usage.options[i].takes_value) {
            (void)printf("    '%s ", verb->name);
            print_bytes(usage.options[i].name);
            (void)printf("') COMPREPLY=($(compgen -W '");
            print_values(usage.options[i].values);
            (void)printf("' -- \"$word\")); return ;;\n");
        }
    }
}

static void bash_verb_words(const struct command_description *verb)
{
    struct usage usage;
    usage_read(verb->usage, &usage);
    (void)printf("    %s) words='--help", verb->name);
    if (strcmp(verb->name, "serve") == 0) {
        size_t count = 0;
        const struct setting *settings = configuration_settings(&count);
        for (size_t i = 0; i < count; i++) {
            (void)printf(" --%s", settings[i].name);
        }
    } else {
        (void)printf(" --server");
    }
    for (size_t i = 0; i < usage.options_count; i++) {
        (void)printf(" ");
        print_bytes(usage.options[i].name);
    }
    (void)printf("'");
    if (usage.words_count > 0) {
        (void)printf("; [ \"$COMP_CWORD\" -gt 2 ] || words+='");
        for (size_t i = 0; i < usage.words_count; i++) {
            (void)printf(" ");
            print_bytes(usage.words[i]);
        }
        (void)printf("'");
    }
    (void)printf(" ;;\n");
}

static void completion_bash(void)
{
    struct command_description verb;
    (void)printf("# bash completion for oxbow, made by `oxbow completion bash`\n"
                 "_oxbow() {\n"
                 "    local word=${COMP_WORDS[COMP_CWORD]} words=''\n"
                 "    COMPREPLY=()\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                 "        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; verb_at(i, &verb); i++) {
        (void)printf("%s%s", i == 0 ? "" : " ", verb.name);
    }
    (void)printf("' -- \"$word\"))\n"
                 "        return\n"
                 "    fi\n"
                 "    case \"${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD - 1]}\" in\n");
    bash_serve_values();
    for (size_t i = 0; verb_at(i, &verb); i++) {
        bash_verb_values(&verb);
    }
    (void)printf("    esac\n"
                 "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; verb_at(i, &verb); i++) {
        bash_verb_words(&verb);
    }
    (void)printf("    esac\n"
                 "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $([[ $word == -* ]] || compgen -f -- "
                 "\"$word\"))\n"
                 "}\n"
                 "complete -o filenames -F _oxbow oxbow\n");
}

/* --- zsh -------------------------------------------------------------------------------------------------------- */

static void zsh_print_setting(const struct setting *setting)
{
    (void)printf("            '--%s[", setting->name);
    print_quoted(setting->help, "'\\''", "[]:\\");
    (void)printf("]");
    switch (setting_value_kind(setting)) {
    case VALUE_FILE:
        (void)printf(":file:_files");
        break;
    case VALUE_DIRECTORY:
        (void)printf(":directory:_files -/");
        break;
    case VALUE_WORDS:
        (void)printf(":value:(");
        print_choices(setting);
        (void)printf(")");
        break;
    case VALUE_ANY:
        (void)printf(":value:");
        break;
    case VALUE_NONE:
        break;
    }
    (void)printf("' \\\n");
}

static void zsh_print_verb(const struct command_description *verb)
{
    struct usage usage;
    usage_read(verb->usage, &usage);
    (void)printf("    %s)\n        _arguments \\\n", verb->name);
    if (strcmp(verb->name, "serve") == 0) {
        size_t count = 0;
        const struct setting *settings = configuration_settings(&count);
        for (size_t i = 0; i < count; i++) {
            zsh_print_setting(&settings[i]);
        }
    } else {
        (void)printf("            '--server[address of the server]:ADDRESS\\:PORT:' \\\n");
    }
    for (size_t i = 0; i < usage.options_count; i++) {
        (void)printf("            '");
        print_bytes(usage.options[i].name);
        if (usage.options[i].takes_value) {
            (void)printf(":value:(");
            print_values(usage.options[i].values);
            (void)printf(")");
        }
        (void)printf("' \\\n");
    }
    if (usage.words_count > 0) {
        (void)printf("            '2:word:(");
        for (size_t i = 0; i < usage.words_count; i++) {
            (void)printf("%s", i == 0 ? "" : " ");
            print_bytes(usage.words[i]);
        }
        (void)printf(")' \\\n");
    }
    (void)printf("            '*:word:_files' ;;\n");
}

static void completion_zsh(void)
{
    struct command_description verb;
    (void)printf("#compdef oxbow\n# zsh completion for oxbow, made by `oxbow completion zsh`\n"
                 "local -a verbs\n"
                 "verbs=(\n");
    for (size_t i = 0; verb_at(i, &verb); i++) {
        (void)printf("    '%s:", verb.name);
        print_quoted(verb.help, "'\\''", "\\");
        (void)printf("'\n");
    }
    (void)printf(")\n"
                 "if (( CURRENT == 2 )); then\n"
                 "    _describe verb verbs\n"
                 "    return\n"
                 "fi\n"
                 "case $words[2] in\n");
    for (size_t i = 0; verb_at(i, &verb); i++) {
        zsh_print_verb(&verb);
    }
    (void)printf("esac\n");
}

/* --- fish ------------------------------------------------------------------------------------------------------- */

static void fish_print_settings(void)
{
    size_t count = 0;
    const struct setting *settings = configuration_settings(&count);
    for (size_t i = 0; i < count; i++) {
        (void)printf("complete -c oxbow -n '__fish_seen_subcommand_from serve' -l %s", settings[i].name);
        switch (setting_value_kind(&settings[i])) {
        case VALUE_FILE:
            (void)printf(" -r -F");
            break;
        case VALUE_DIRECTORY:
            (void)printf(" -x -a '(__fish_complete_directories)'");
            break;
        case VALUE_WORDS:
            (void)printf(" -x -a '");
            print_choices(&settings[i]);
            (void)printf("'");
            break;
        case VALUE_ANY:
            (void)printf(" -x");
            break;
        case VALUE_NONE:
            break;
        }
        (void)printf(" -d '");
        print_quoted(settings[i].help, "\\'", "\\");
        (void)printf("'\n");
    }
}

static void fish_print_verb(const struct command_description *verb)
{
    struct usage usage;
    usage_read(verb->usage, &usage);
    (void)printf("complete -c oxbow -f -n __fish_use_subcommand -a %s -d '", verb->name);
    print_quoted(verb->help, "\\'", "\\");
    (void)printf("'\n");
    for (size_t i = 0; i < usage.words_count; i++) {
        (void)printf("complete -c oxbow -n '__fish_seen_subcommand_from %s' -a '", verb->name);
        print_bytes(usage.words[i]);
        (void)printf("'\n");
    }
    for (size_t i = 0; i < usage.options_count; i++) {
        (void)printf("complete -c oxbow -n '__fish_seen_subcommand_from %s' -l ", verb->name);
        print_bytes(bytes_from(usage.options[i].name, 2));
        if (usage.options[i].takes_value) {
            (void)printf(" -x -a '");
            print_values(usage.options[i].values);
            (void)printf("'");
        }
        (void)printf("\n");
    }
}

static void completion_fish(void)
{
    struct command_description verb;
    (void)printf("# fish completion for oxbow, made by `oxbow completion fish`\n");
    for (size_t i = 0; verb_at(i, &verb); i++) {
        fish_print_verb(&verb);
    }
    fish_print_settings();
    (void)printf("complete -c oxbow -n 'not __fish_seen_subcommand_from serve' -l server -x -d 'address of "
                 "the server'\n");
}

int completion_main(int count, char **arguments)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};
    for (size_t i = 0; i < ARRAY_COUNT(shells) && count == 1; i++) {
        if (strcmp(arguments[0], shells[i].shell) == 0) {
            shells[i].print();
            return 0;
        }
    }
    (void)fprintf(stderr,
                  "usage: oxbow completion bash|zsh|fish\n\n"
                  "Prints completions; load them with, for example, `source <(oxbow completion bash)`.\n");
    return 2;
}
