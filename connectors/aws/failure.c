#include "aws/failure.h"

#include "codec/json.h"

struct failure_facts {
    const char *type;
    unsigned status;
    const char *member;
};

static const struct failure_facts facts[] = {[AWS_NO_FAILURE] = {"", 200, ""},
#define AWS_FAILURE_FACTS(kind, type, status, member) [AWS_FAILURE_##kind] = {type, status, member},
                                             AWS_FAILURES(AWS_FAILURE_FACTS)
#undef AWS_FAILURE_FACTS
};

const char *aws_failure_name(enum aws_failure_kind kind)
{
    return strchr(facts[kind].type, '#') + 1;
}

unsigned aws_failure_status(enum aws_failure_kind kind)
{
    return facts[kind].status;
}

void aws_failure_put(const struct aws_failure *failure, struct buffer *body)
{
    const struct failure_facts *known = &facts[failure->kind];
    buffer_put_format(body, "{\"__type\":\"%s\"", known->type);
    if (failure->text != NULL) {
        buffer_put_format(body, ",\"%s\":", known->member);
        codec_json_put_text(body, bytes_of_text(failure->text));
    }
    buffer_put(body, failure->detail);
    buffer_put_u8(body, '}');
}
