/* Pieces of JSON under construction: commas come by themselves. */
#ifndef DYNAMODB_JSON_H
#define DYNAMODB_JSON_H

#include "base/buffer.h"

void json_open(struct buffer *body, char bracket); /* '{' or '[' */
void json_close(struct buffer *body, char bracket);
void json_name(struct buffer *body, const char *name);
void json_name_bytes(struct buffer *body, struct bytes name);
/* Before an item of a list. */
void json_item(struct buffer *body);
void json_text(struct buffer *body, const char *name, struct bytes text);
void json_word(struct buffer *body, const char *name, const char *word);
void json_integer(struct buffer *body, const char *name, int64_t number);
void json_real(struct buffer *body, const char *name, double number);
void json_boolean(struct buffer *body, const char *name, bool boolean);
/* Seconds since 1970 with milliseconds. */
void json_time(struct buffer *body, const char *name, int64_t time_us);

#endif
