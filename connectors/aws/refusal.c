#include "aws/refusal.h"

#include <stddef.h>

#include "base/check.h"

static const struct {
    const char *type;
    const char *text;
} refusals[] = {
#define AWS_REFUSAL_ROW(name, type, text) [AWS_REFUSAL_##name] = {type, text},
    AWS_REFUSAL_LIST(AWS_REFUSAL_ROW)
#undef AWS_REFUSAL_ROW
};

const char *aws_refusal_type(enum aws_refusal_kind kind)
{
    CHECK((size_t)kind < ARRAY_COUNT(refusals));
    return refusals[kind].type;
}

enum status aws_refuse(struct aws_refusal *ret_refusal, enum aws_refusal_kind kind)
{
    CHECK((size_t)kind < ARRAY_COUNT(refusals));
    *ret_refusal = (struct aws_refusal){.kind = kind, .text = refusals[kind].text};
    return STATUS_DENIED;
}

enum status aws_refuse_with(struct aws_refusal *ret_refusal, enum aws_refusal_kind kind, const char *text)
{
    *ret_refusal = (struct aws_refusal){.kind = kind, .text = text};
    return STATUS_DENIED;
}
