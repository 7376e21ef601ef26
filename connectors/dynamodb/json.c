#include "json.h"

#include "codec/json.h"

static void json_comma(struct buffer *body)
{
    uint8_t last = body->size == 0 ? '{' : body->data[body->size - 1];
    if (last != '{' && last != '[' && last != ':' && last != ',') {
        buffer_put_u8(body, ',');
    }
}

void json_open(struct buffer *body, char bracket)
{
    json_comma(body);
    buffer_put_u8(body, (uint8_t)bracket);
}

void json_close(struct buffer *body, char bracket)
{
    buffer_put_u8(body, (uint8_t)bracket);
}

void json_item(struct buffer *body)
{
    json_comma(body);
}

void json_name_bytes(struct buffer *body, struct bytes name)
{
    json_comma(body);
    codec_json_put_text(body, name);
    buffer_put_u8(body, ':');
}

void json_name(struct buffer *body, const char *name)
{
    json_name_bytes(body, bytes_of_text(name));
}

void json_text(struct buffer *body, const char *name, struct bytes text)
{
    json_name(body, name);
    codec_json_put_text(body, text);
}

void json_word(struct buffer *body, const char *name, const char *word)
{
    json_text(body, name, bytes_of_text(word));
}

void json_integer(struct buffer *body, const char *name, int64_t number)
{
    json_name(body, name);
    buffer_put_format(body, "%lld", (long long)number);
}

void json_real(struct buffer *body, const char *name, double number)
{
    json_name(body, name);
    buffer_put_format(body, "%.17g", number);
    if (body->data[body->size - 1] >= '0' && number == (double)(int64_t)number) {
        buffer_put_text(body, ".0");
    }
}

void json_boolean(struct buffer *body, const char *name, bool boolean)
{
    json_name(body, name);
    buffer_put_text(body, boolean ? "true" : "false");
}

void json_time(struct buffer *body, const char *name, int64_t time_us)
{
    json_name(body, name);
    buffer_put_format(body, "%lld.%03lld", (long long)(time_us / 1000000),
                      (long long)(time_us / 1000 % 1000));
}
