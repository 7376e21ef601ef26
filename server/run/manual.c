/* `oxbow manual PAGE`: manual pages in roff (man(7)), made from the tables of verbs and settings. */
#include <stdio.h>

#include "command/command.h"
#include "configuration.h"

/* Text in which nothing is a request or an escape, and a dash is a dash. */
static void print_text(const char *text)
{
    bool is_start = true;
    for (; *text != '\0'; text++) {
        if (is_start && (*text == '.' || *text == '\'')) {
            (void)printf("\\&");
        }
        if (*text == '-') {
            (void)printf("\\-");
        } else if (*text == '\\') {
            (void)printf("\\e");
        } else if ((unsigned char)*text ==
                   0xE2) { /* the only character beyond ASCII in these tables is the ellipsis */
            (void)printf("\\[u2026]");
            text += 2;
        } else {
            (void)putchar(*text);
        }
        is_start = *text == '\n';
    }
}

static void print_head(const char *title, const char *section, const char *name, const char *what)
{
    (void)printf(".TH %s %s \"\" \"oxbow %s\" \"Oxbow\"\n.SH NAME\n", title, section, OXBOW_VERSION);
    print_text(name);
    (void)printf(" \\- ");
    print_text(what);
    (void)printf("\n");
}

static void print_paragraph(const char *text)
{
    (void)printf(".PP\n");
    print_text(text);
    (void)printf("\n");
}

static void print_section(const char *name)
{
    (void)printf(".SH %s\n", name);
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

/* Usage lines keep their breaks; what continues one is indented there by blanks. */
static void print_usage(const struct command_description *verb)
{
    (void)printf(".TP\n.B oxbow %s\n", verb->name);
    print_text(verb->help);
    (void)printf(".\n");
    if (verb->usage[0] != '\0') {
        (void)printf(".RS\n.PP\n.nf\n");
        (void)printf("oxbow %s ", verb->name);
        print_text(verb->usage);
        (void)printf("\n.fi\n.RE\n");
    }
}

static void manual_oxbow(void)
{
    struct command_description verb;
    print_head("OXBOW", "1", "oxbow", "a database that tells what changed, and its commands");
    print_section("SYNOPSIS");
    (void)printf(".B oxbow\n.I VERB\n[\\fIARGUMENT\\fR...] [\\fB\\-\\-server\\fR \\fIADDRESS:PORT\\fR]\n");
    print_section("DESCRIPTION");
    print_text("Oxbow keeps tables of documents and of rows, and tells every change of them in one order. "
               "The server is "
               "oxbow-serve(1); the other verbs speak to it.\n");
    print_section("VERBS");
    (void)printf(".TP\n.B oxbow serve\nruns the server; see oxbow\\-serve(1).\n"
                 ".TP\n.B oxbow limits\nprints every limit.\n"
                 ".TP\n.B oxbow version\nprints the version.\n"
                 ".TP\n.B oxbow completion \\fRbash|zsh|fish\nprints completions for a shell.\n"
                 ".TP\n.B oxbow manual \\fRoxbow|oxbow\\-serve|oxbow.conf\nprints a manual page.\n");
    for (size_t i = 0; command_describe(i, &verb); i++) {
        print_usage(&verb);
    }
    print_section("OPTIONS");
    (void)printf(".TP\n\\fB\\-\\-server\\fR \\fIADDRESS:PORT\\fR\n");
    print_text("where the server's native door is (127.0.0.1:7770).\n");
    (void)printf(".TP\n.B \\-\\-help\ntells how to call a verb.\n");
    print_section("ENVIRONMENT");
    (void)printf(".TP\n.B OXBOW_SERVER\nas \\fB\\-\\-server\\fR.\n");
    print_section("EXIT STATUS");
    print_text(
        "0 done, 1 failed, 2 wrong use, 3 not found, 4 a condition did not hold, 5 the function failed.\n");
    print_section("SEE ALSO");
    print_text("oxbow-serve(1), oxbow.conf(5)\n");
}

static void print_setting(const struct setting *setting, bool is_flag)
{
    const char *value = setting->kind == SETTING_BOOLEAN  ? (is_flag ? "" : "true|false")
                        : setting->kind == SETTING_NUMBER ? "NUMBER"
                                                          : "VALUE";
    (void)printf(".TP\n\\fB%s", is_flag ? "\\-\\-" : "");
    print_text(setting->name);
    (void)printf("\\fR %s%s\n", is_flag || *value == '\0' ? "" : "= ", value);
    print_text(setting->help);
    (void)printf(".");
    if (setting->standard[0] != '\0') {
        (void)printf(" Default: ");
        print_text(setting->standard);
        (void)printf(".");
    }
    if (setting->kind == SETTING_NUMBER && setting->most != UINT64_MAX) {
        (void)printf(" From %llu to %llu.", (unsigned long long)setting->least,
                     (unsigned long long)setting->most);
    }
    (void)printf("%s\n", setting_reloads(setting) ? " Changes on SIGHUP." : "");
}

static void print_settings(bool is_flag)
{
    size_t count = 0;
    const struct setting *settings = configuration_settings(&count);
    for (size_t i = 0; i < count; i++) {
        bool is_flag_only =
            strcmp(settings[i].name, "config") == 0 || strcmp(settings[i].name, "check-configuration") == 0;
        if (is_flag || !is_flag_only) {
            print_setting(&settings[i], is_flag);
        }
    }
}

static void manual_serve(void)
{
    print_head("OXBOW-SERVE", "1", "oxbow-serve", "run the Oxbow server");
    print_section("SYNOPSIS");
    (void)printf(".B oxbow serve \\-\\-data\n.I DIR\n[\\fISETTING\\fR...]\n");
    print_section("DESCRIPTION");
    print_text(
        "Runs the server until SIGINT or SIGTERM. One line that begins with `ready' and has the addresses is "
        "printed when it serves; systemd is told as well. What else it has to say goes to standard error, a "
        "line "
        "an event.\n");
    print_paragraph(
        "A setting is a flag --NAME VALUE, or OXBOW_NAME in the environment (OXBOW_SEGMENT_BYTES for "
        "--segment-bytes), or a line of the --config file, see oxbow.conf(5); flags win over the "
        "environment, the environment over the file.");
    print_section("OPTIONS");
    print_settings(true);
    print_section("SIGNALS");
    (void)printf(
        ".TP\n.BR SIGINT \", \" SIGTERM\nend the server cleanly.\n"
        ".TP\n.B SIGHUP\nreads the settings again. Those that can change do; the others are named in a "
        "diagnostic.\n");
    print_section("EXIT STATUS");
    print_text("0 after a clean stop, 1 when it could not start, 2 when a setting is wrong, 70 when memory "
               "and disk may "
               "disagree: the next start recovers from the log.\n");
    print_section("SEE ALSO");
    print_text("oxbow(1), oxbow.conf(5)\n");
}

static void manual_conf(void)
{
    print_head("OXBOW.CONF", "5", "oxbow.conf", "settings of the Oxbow server");
    print_section("DESCRIPTION");
    print_text("The file that `oxbow serve --config FILE' reads; the packaged service has "
               "/etc/oxbow/oxbow.conf. A line is "
               "`name = value'; what follows a # is a comment. `oxbow serve --check-configuration --config "
               "FILE' says "
               "whether it is sound and prints every setting in this form.\n");
    print_section("SETTINGS");
    print_settings(false);
    print_section("EXAMPLE");
    (void)printf(".nf\ndata = /var/lib/oxbow\nkey\\-file = /etc/oxbow/key\nretention\\-hours = "
                 "168\nslow\\-ms = 250\n.fi\n");
    print_section("SEE ALSO");
    print_text("oxbow(1), oxbow-serve(1)\n");
}

int manual_main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } pages[] = {{"oxbow", manual_oxbow}, {"oxbow-serve", manual_serve}, {"oxbow.conf", manual_conf}};
    for (size_t i = 0; i < ARRAY_COUNT(pages) && count == 1; i++) {
        if (strcmp(arguments[0], pages[i].name) == 0) {
            pages[i].print();
            return 0;
        }
    }
    (void)fprintf(stderr,
                  "usage: oxbow manual oxbow|oxbow-serve|oxbow.conf\n\n"
                  "Prints a manual page; read it with, for example, `oxbow manual oxbow | man -l -`.\n");
    return 2;
}
