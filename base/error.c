#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        (void)vsnprintf(error->text, sizeof(error->text), format, arguments);
        va_end(arguments);
    }
    return status;
}

enum status error_set_text(struct error *error, enum status status, const char *text)
{
    if (error != NULL) {
        size_t size = strnlen(text, sizeof(error->text) - 1);
        error->status = status;
        memcpy(error->text, text, size);
        error->text[size] = '\0';
    }
    return status;
}

static enum status status_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STATUS_FULL;
    case ENOENT:
        return STATUS_NOT_FOUND;
    case EEXIST:
        return STATUS_EXISTS;
    case EACCES:
    case EPERM:
        return STATUS_DENIED;
    default:
        return STATUS_IO;
    }
}

enum status error_set_errno(struct error *error, int number, const char *format, ...)
{
    enum status status = status_of_errno(number);
    if (error != NULL) {
        char reason[128];
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        int written = vsnprintf(error->text, sizeof(error->text), format, arguments);
        va_end(arguments);
        size_t used = written < 0 ? 0 : (size_t)written;
        if (used < sizeof(error->text)) {
            (void)snprintf(error->text + used, sizeof(error->text) - used, ": %s",
                           strerror_r(number, reason, sizeof(reason)));
        }
    }
    return status;
}

void error_prefix(struct error *error, const char *format, ...)
{
    if (error == NULL) {
        return;
    }
    char prefix[ERROR_TEXT_BYTES];
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(prefix, sizeof(prefix), format, arguments);
    va_end(arguments);
    (void)snprintf(text, sizeof(text), "%.200s: %.300s", prefix, error->text);
    memcpy(error->text, text, sizeof(text));
}
