/* Checking, printing and changing settings of a server that is there. */
#include <stdio.h>
#include <unistd.h>

#include "base/diagnostic.h"
#include "base/memory.h"
#include "configuration.h"
#include "gate/measure.h"

void setting_put(const struct configuration *configuration, const struct setting *setting,
                 struct buffer *text)
{
    const void *at = (const char *)configuration + setting->offset;
    switch (setting->kind) {
    case SETTING_TEXT:
        buffer_put_text(text, *(char *const *)at);
        break;
    case SETTING_NUMBER:
        buffer_put_format(text, "%llu", (unsigned long long)*(const uint64_t *)at);
        break;
    case SETTING_BOOLEAN:
        buffer_put_text(text, *(const bool *)at ? "true" : "false");
        break;
    case SETTING_CHOICE:
        buffer_put_text(text, setting_choices(setting)[*(const uint64_t *)at]);
        break;
    }
}

void configuration_print(const struct configuration *configuration)
{
    size_t count = 0;
    const struct setting *settings = configuration_settings(&count);
    struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        if (strcmp(settings[i].name, "config") == 0 || strcmp(settings[i].name, "check-configuration") == 0) {
            continue;
        }
        buffer_clear(&text);
        setting_put(configuration, &settings[i], &text);
        bool is_standard = bytes_equal(buffer_bytes(&text), bytes_of_text(settings[i].standard));
        (void)printf("%s%s = %.*s\n", is_standard ? "# " : "", settings[i].name, (int)text.size,
                     (const char *)text.data);
    }
    buffer_reset(&text);
}

/* --- checking --------------------------------------------------------------------------------------------------- */

static enum status check_file(const char *flag, const char *path, struct error *error)
{
    return path[0] == '\0' || access(path, R_OK) == 0
               ? STATUS_OK
               : error_set(error, STATUS_NOT_FOUND, "--%s: %s cannot be read", flag, path);
}

enum status configuration_check(const struct configuration *configuration, struct error *error)
{
    enum status status = STATUS_OK;
    for (int door = 0; door < DOORS && status == STATUS_OK; door++) {
        status = configuration_endpoint_check(configuration, (enum door)door, error);
    }
    if (status == STATUS_OK) {
        status = check_file("tls-certificate", configuration->tls_certificate, error);
    }
    if (status == STATUS_OK) {
        status = check_file("tls-key", configuration->tls_key, error);
    }
    return status;
}

/* --- changing --------------------------------------------------------------------------------------------------- */

void configuration_apply(const struct configuration *configuration)
{
    static const enum diagnostic_level levels[] = {DIAGNOSTIC_DEBUG, DIAGNOSTIC_INFO, DIAGNOSTIC_WARNING,
                                                   DIAGNOSTIC_ERROR};
    static const enum diagnostic_form forms[] = {DIAGNOSTIC_TEXT, DIAGNOSTIC_JSON};
    CHECK(configuration->diagnostics_level < ARRAY_COUNT(levels) &&
          configuration->diagnostics < ARRAY_COUNT(forms));
    diagnostic_form_set(forms[configuration->diagnostics]);
    diagnostic_level_set(levels[configuration->diagnostics_level]);
    gate_slow_set(configuration->slow_ms);
}

/* Takes over what can change, and names what cannot. */
static void setting_reload(struct configuration *configuration, const struct configuration *fresh,
                           const struct setting *setting)
{
    struct buffer before = {0};
    struct buffer after = {0};
    setting_put(configuration, setting, &before);
    setting_put(fresh, setting, &after);
    bool differs = !bytes_equal(buffer_bytes(&before), buffer_bytes(&after));
    if (differs && setting_reloads(setting)) {
        CHECK(setting->kind != SETTING_TEXT);
        size_t size = setting->kind == SETTING_BOOLEAN ? sizeof(bool) : sizeof(uint64_t);
        memcpy((char *)configuration + setting->offset, (const char *)fresh + setting->offset, size);
    }
    if (differs) {
        const struct diagnostic_field fields[] = {{.name = "setting", .text = bytes_of_text(setting->name)},
                                                  {.name = "before", .text = buffer_bytes(&before)},
                                                  {.name = "after", .text = buffer_bytes(&after)}};
        diagnostic_write_fields(setting_reloads(setting) ? DIAGNOSTIC_INFO : DIAGNOSTIC_WARNING, "serve",
                                fields, ARRAY_COUNT(fields), "--%s %s", setting->name,
                                setting_reloads(setting) ? "has changed"
                                                         : "cannot change while the server runs; restart it");
    }
    buffer_reset(&before);
    buffer_reset(&after);
}

void configuration_reload(struct configuration *configuration, int count, char **arguments)
{
    struct configuration fresh = {0};
    struct error error = {0};
    size_t settings_count = 0;
    const struct setting *settings = configuration_settings(&settings_count);
    enum status status = configuration_read(&fresh, count, arguments, &error);
    if (status == STATUS_OK) {
        status = configuration_check(&fresh, &error);
    }
    if (status != STATUS_OK) {
        diagnostic_write(DIAGNOSTIC_ERROR, "serve", "the settings stay as they were: %s", error.text);
        configuration_reset(&fresh);
        return;
    }
    for (size_t i = 0; i < settings_count; i++) {
        setting_reload(configuration, &fresh, &settings[i]);
    }
    configuration_apply(configuration);
    diagnostic_write(DIAGNOSTIC_INFO, "serve", "the settings were read again");
    configuration_reset(&fresh);
}
