/* Authorization headers and presigned queries: the input is cut at line feeds into header, date, query and path. */
#include "aws/signature.h"

#include "support/fuzz.h"

struct parts {
    struct bytes at[4];
};

static bool part_header(void *context, const char *name, size_t index, struct bytes *ret_value)
{
    const struct parts *parts = context;
    *ret_value = strcmp(name, "authorization") == 0 ? parts->at[0]
                 : strcmp(name, "x-amz-date") == 0  ? parts->at[1]
                 : strcmp(name, "host") == 0        ? bytes_of_text("localhost")
                                                    : (struct bytes){0};
    return index == 0 && ret_value->size > 0;
}

void fuzz_one(struct bytes input)
{
    struct arena arena = {0};
    struct parts parts = {0};
    struct aws_signature signature;
    struct aws_refusal refusal;
    for (size_t i = 0; i < 4; i++) {
        const uint8_t *end = bytes_find_byte(input, '\n');
        size_t size = end == NULL || i == 3 ? input.size : (size_t)(end - input.data);
        parts.at[i] = bytes_part(input, 0, size);
        input = bytes_from(input, size < input.size ? size + 1 : size);
    }
    struct aws_request request = {.method = bytes_of_text("POST"),
                                  .path = parts.at[3].size == 0 ? bytes_of_text("/") : parts.at[3],
                                  .query = parts.at[2],
                                  .header = part_header,
                                  .context = &parts};
    if (aws_signature_parse(&request, &arena, &signature, &refusal) == STATUS_OK) {
        (void)!aws_signature_check_time(&signature, 1700000000, &arena, &refusal);
        (void)aws_string_to_sign(&request, &signature, &arena);
    }
    arena_reset(&arena);
}
