#include "base/diagnostic.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

/* Atomic, set at start and when the operator changes them. */
/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static _Atomic int diagnostic_level_least = DIAGNOSTIC_INFO;
static _Atomic int diagnostic_form_now = DIAGNOSTIC_TEXT;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static const char *const diagnostic_level_names[] = {
    [DIAGNOSTIC_DEBUG] = "debug",
    [DIAGNOSTIC_INFO] = "info",
    [DIAGNOSTIC_WARNING] = "warning",
    [DIAGNOSTIC_ERROR] = "error",
};

void diagnostic_level_set(enum diagnostic_level level)
{
    atomic_store(&diagnostic_level_least, (int)level);
}

void diagnostic_form_set(enum diagnostic_form form)
{
    atomic_store(&diagnostic_form_now, (int)form);
}

/* --- a line ----------------------------------------------------------------------------------------------------- */

/* On the stack: it must work when there is no memory. */
struct line {
    char text[DIAGNOSTIC_LINE_BYTES_MAX];
    size_t size;
};

enum {
    LINE_RESERVE_BYTES = 16, /* for what closes a string, an object and the line */
};

static void line_put(struct line *line, const char *text, size_t size)
{
    if (line->size + size <= sizeof(line->text)) {
        memcpy(line->text + line->size, text, size);
        line->size += size;
    }
}

static void line_put_text(struct line *line, const char *text)
{
    line_put(line, text, strlen(text));
}

/* A character of a string: false when it is as it is. JSON's rules (RFC 8259 section 7) serve text too. */
static bool character_is_escaped(uint8_t byte, char ret_escaped[8])
{
    static const char letters[] = "\b\t\n\f\r";
    static const char names[] = "btnfr";
    const char *letter = byte == 0 ? NULL : strchr(letters, byte);
    if (letter != NULL) {
        (void)snprintf(ret_escaped, 8, "\\%c", names[letter - letters]);
    } else if (byte == '"' || byte == '\\') {
        (void)snprintf(ret_escaped, 8, "\\%c", byte);
    } else if (byte < 0x20 || byte == 0x7F) {
        (void)snprintf(ret_escaped, 8, "\\u%04x", byte);
    } else {
        return false;
    }
    return true;
}

/* What is no UTF-8 shows its bytes of 0x80 and above as question marks. */
static void line_put_string(struct line *line, struct bytes text, bool escapes_quotes)
{
    bool is_utf8 = bytes_are_utf8(text);
    for (size_t i = 0; i < text.size; i++) {
        char escaped[8];
        uint8_t byte = text.data[i];
        bool is_start = byte < 0x80 || byte >= 0xC0; /* a character is shown whole or not at all */
        if (line->size + LINE_RESERVE_BYTES + 8 > sizeof(line->text) && is_start) {
            break;
        }
        if (byte >= 0x80 && !is_utf8) {
            line_put_text(line, "?");
        } else if ((escapes_quotes || byte < 0x20 || byte == 0x7F) && character_is_escaped(byte, escaped)) {
            line_put_text(line, escaped);
        } else {
            line_put(line, (const char *)&byte, 1);
        }
    }
}

static bool text_needs_quotes(struct bytes text)
{
    bool needs = false;
    for (size_t i = 0; i < text.size; i++) {
        needs = needs || text.data[i] <= ' ' || text.data[i] == '"' || text.data[i] == '=' ||
                text.data[i] == '\\';
    }
    return needs;
}

static bool line_has_room(const struct line *line, const struct diagnostic_field *field)
{
    return line->size + strlen(field->name) + 2 * LINE_RESERVE_BYTES +
               (field->is_number ? field->text.size : 0) <=
           sizeof(line->text);
}

static void line_put_field(struct line *line, const struct diagnostic_field *field, bool is_json)
{
    bool has_quotes = is_json ? !field->is_number : text_needs_quotes(field->text);
    line_put_text(line, is_json ? ",\"" : " ");
    line_put_text(line, field->name);
    line_put_text(line, is_json ? "\":" : "=");
    line_put_text(line, has_quotes ? "\"" : "");
    line_put_string(line, field->text, true);
    line_put_text(line, has_quotes ? "\"" : "");
}

static void line_put_head(struct line *line, const char *level, const char *component, struct bytes message,
                          bool is_json)
{
    char head[128];
    char time[CLOCK_TEXT_BYTES];
    clock_format(clock_wall_us(clock_system()), time);
    (void)snprintf(head, sizeof(head),
                   is_json ? "{\"time\":\"%s\",\"level\":\"%s\",\"component\":\"%s\",\"message\":\""
                           : "%s %-7s %s: ",
                   time, level, component);
    line_put_text(line, head);
    line_put_string(line, message, is_json);
    line_put_text(line, is_json ? "\"" : "");
}

/* vsnprintf may cut a character in two; what is left of it goes too. */
static struct bytes message_whole(const char *text)
{
    struct bytes message = bytes_of_text(text);
    for (size_t cut = 0; cut < 4 && cut < message.size && message.size == DIAGNOSTIC_MESSAGE_BYTES_MAX - 1;
         cut++) {
        struct bytes shorter = bytes_part(message, 0, message.size - cut);
        if (bytes_are_utf8(shorter)) {
            return shorter;
        }
    }
    return message;
}

static void diagnostic_write_list(const char *level, const char *component,
                                  const struct diagnostic_field *fields, size_t count, const char *format,
                                  va_list arguments)
{
    struct line line;
    char text[DIAGNOSTIC_MESSAGE_BYTES_MAX];
    bool is_json = atomic_load_explicit(&diagnostic_form_now, memory_order_relaxed) == DIAGNOSTIC_JSON;
    line.size = 0;
    (void)vsnprintf(text, sizeof(text), format, arguments);
    line_put_head(&line, level, component, message_whole(text), is_json);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].text.size > 0 && line_has_room(&line, &fields[i])) {
            line_put_field(&line, &fields[i], is_json);
        }
    }
    line_put_text(&line, is_json ? "}\n" : "\n");
    /* one call, so that lines of several threads do not mix; there is nobody to tell when it fails */
    (void)!write(STDERR_FILENO, line.text, line.size);
}

/* --- events ----------------------------------------------------------------------------------------------------- */

static bool diagnostic_is_dropped(enum diagnostic_level level)
{
    return (int)level < atomic_load_explicit(&diagnostic_level_least, memory_order_relaxed);
}

void diagnostic_write(enum diagnostic_level level, const char *component, const char *format, ...)
{
    va_list arguments;
    if (diagnostic_is_dropped(level)) {
        return;
    }
    va_start(arguments, format);
    diagnostic_write_list(diagnostic_level_names[level], component, NULL, 0, format, arguments);
    va_end(arguments);
}

void diagnostic_write_fields(enum diagnostic_level level, const char *component,
                             const struct diagnostic_field *fields, size_t count, const char *format, ...)
{
    va_list arguments;
    if (diagnostic_is_dropped(level)) {
        return;
    }
    va_start(arguments, format);
    diagnostic_write_list(diagnostic_level_names[level], component, fields, count, format, arguments);
    va_end(arguments);
}

bool diagnostic_may_tell(struct diagnostic_rate *rate, char ret_held[DIAGNOSTIC_NUMBER_BYTES])
{
    int64_t period_us = rate->period_us == 0 ? DIAGNOSTIC_RATE_US : rate->period_us;
    uint32_t lines_max = rate->lines_max == 0 ? 1 : rate->lines_max;
    int64_t now_us = clock_steady_us(clock_system());
    int64_t since_us = atomic_load(&rate->since_us);
    if ((since_us == 0 || now_us - since_us >= period_us) &&
        atomic_compare_exchange_strong(&rate->since_us, &since_us, now_us)) {
        atomic_store(&rate->told, 0);
    }
    if (atomic_fetch_add(&rate->told, 1) >= lines_max) {
        (void)atomic_fetch_add(&rate->held, 1);
        return false;
    }
    uint64_t held = atomic_exchange(&rate->held, 0);
    (void)snprintf(ret_held, DIAGNOSTIC_NUMBER_BYTES, "%.0llu", (unsigned long long)held);
    return true;
}

void diagnostic_write_rarely(struct diagnostic_rate *rate, enum diagnostic_level level, const char *component,
                             const char *format, ...)
{
    va_list arguments;
    char held[DIAGNOSTIC_NUMBER_BYTES];
    if (diagnostic_is_dropped(level) || !diagnostic_may_tell(rate, held)) {
        return;
    }
    const struct diagnostic_field field = {.name = "held_back",
                                           .text = bytes_of_text(held),
                                           .is_number = true};
    va_start(arguments, format);
    diagnostic_write_list(diagnostic_level_names[level], component, &field, 1, format, arguments);
    va_end(arguments);
}

_Noreturn void diagnostic_fatal(const char *component, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    diagnostic_write_list("fatal", component, NULL, 0, format, arguments);
    va_end(arguments);
    _exit(DIAGNOSTIC_FATAL_EXIT_CODE);
}
