#include "usage.h"

static bool is_option_character(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
}

static bool is_word(struct bytes text)
{
    bool is = text.size > 0;
    for (size_t i = 0; i < text.size; i++) {
        is = is &&
             ((text.data[i] >= 'a' && text.data[i] <= 'z') || text.data[i] == '-' || text.data[i] == '.');
    }
    return is && text.data[0] != '-';
}

static void usage_add_option(struct usage *usage, struct usage_option option)
{
    for (size_t i = 0; i < usage->options_count; i++) {
        if (bytes_equal(usage->options[i].name, option.name)) {
            return;
        }
    }
    if (usage->options_count < USAGE_OPTIONS_MAX) {
        usage->options[usage->options_count++] = option;
    }
}

/* `at` is at the dashes; returns how long the name is. */
static size_t usage_read_option(const char *at, struct usage *usage)
{
    size_t size = 2;
    while (is_option_character((uint8_t)at[size])) {
        size++;
    }
    struct usage_option option = {.name = bytes_of(at, size)};
    const char *value = at + size + 1;
    option.takes_value = at[size] == ' ' && *value != '[' && *value != '-' && *value != '|' &&
                         *value != ' ' && *value != '\0' && *value != '\n';
    if (option.takes_value) {
        option.values = bytes_of(value, strcspn(value, " ]\n["));
        const uint8_t *other = bytes_find(option.values, bytes_of_text("|-"));
        if (other != NULL) { /* another option is its alternative */
            option.values.size = (size_t)(other - option.values.data);
        }
    }
    usage_add_option(usage, option);
    return size;
}

void usage_read(const char *text, struct usage *ret_usage)
{
    bool is_start = true; /* of one form of the verb's words */
    *ret_usage = (struct usage){0};
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, " \n");
        struct bytes token = bytes_of(at + (*at == '['), size - (*at == '['));
        while (token.size > 0 && token.data[token.size - 1] == ']') {
            token.size--;
        }
        if (!is_start && bytes_equal(token, bytes_of_text("oxbow"))) {
            is_start = false; /* the verb follows, then a form of it */
        } else if (bytes_equal(token, bytes_of_text("|"))) {
            is_start = true;
        } else if (is_start && is_word(token) && ret_usage->words_count < USAGE_WORDS_MAX) {
            ret_usage->words[ret_usage->words_count++] = token;
            is_start = false;
        } else if (token.size > 0) {
            is_start = !is_start && at > text + 6 && strncmp(at - 6, "oxbow ", 6) == 0;
        }
        for (const char *option = at; option + 2 < at + size; option++) {
            if (strncmp(option, "--", 2) == 0 && is_option_character((uint8_t)option[2]) &&
                (option == at || !is_option_character((uint8_t)option[-1]))) {
                option += usage_read_option(option, ret_usage) - 1;
            }
        }
        at += size + strspn(at + size, " \n");
    }
}

bool usage_value_next(struct bytes *values, struct bytes *ret_value)
{
    while (values->size > 0) {
        const uint8_t *bar = bytes_find_byte(*values, '|');
        size_t size = bar == NULL ? values->size : (size_t)(bar - values->data);
        struct bytes value = bytes_of(values->data, size);
        *values = bar == NULL ? (struct bytes){0} : bytes_from(*values, size + 1);
        if (is_word(value)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}
