/* Requests against the API's models: the first byte chooses the operation. */
#include "aws/model.h"
#include "base/check.h"
#include "codec/json.h"
#include "support/fuzz.h"

void fuzz_one(struct bytes input)
{
    struct arena arena = {0};
    struct value value;
    struct aws_failure failure;
    size_t choice = input.size == 0 ? 0 : input.data[0];
    const struct aws_operation *operation = aws_operation_at(choice % 2, choice / 2);
    struct bytes text = input.size == 0 ? input : bytes_from(input, 1);
    if (operation != NULL && codec_json_decode_plain(text, &arena, &value, NULL) == STATUS_OK &&
        value.kind == VALUE_MAP) {
        bool is_sound = aws_input_check(operation->input, &value, &arena, &failure);
        CHECK(is_sound == (failure.kind == AWS_NO_FAILURE));
    }
    arena_reset(&arena);
}
