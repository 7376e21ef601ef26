/* Why a request is not let in, in DynamoDB's words. */
#ifndef AWS_REFUSAL_H
#define AWS_REFUSAL_H

#include "base/status.h"

/* Number, type as it stands in an answer, and its text where that is always the same. */
#define AWS_REFUSAL_LIST(X)                                                                                  \
    X(MISSING_TOKEN, "MissingAuthenticationTokenException", "Request is missing Authentication Token")       \
    X(INCOMPLETE_SIGNATURE, "IncompleteSignatureException", "The request signature is incomplete.")          \
    X(INVALID_SIGNATURE, "InvalidSignatureException",                                                        \
      "The request signature we calculated does not match the signature you provided. Check your AWS "       \
      "Secret Access Key and signing method. Consult the service documentation for details.")                \
    X(UNRECOGNIZED_CLIENT, "UnrecognizedClientException",                                                    \
      "The security token included in the request is invalid.")

enum aws_refusal_kind {
#define AWS_REFUSAL_ENUM(name, type, text) AWS_REFUSAL_##name,
    AWS_REFUSAL_LIST(AWS_REFUSAL_ENUM)
#undef AWS_REFUSAL_ENUM
};

struct aws_refusal {
    enum aws_refusal_kind kind;
    const char *text; /* static, or in the arena of the request; may hold bytes that the client sent */
};

/* "InvalidSignatureException" …; never NULL. */
const char *aws_refusal_type(enum aws_refusal_kind kind);
/* Fills *ret_refusal with the kind's own text and returns STATUS_DENIED, so that a failing function can end with it.
 * INVALID_SIGNATURE: it does not match; UNRECOGNIZED_CLIENT: there is no such access key. */
enum status aws_refuse(struct aws_refusal *ret_refusal, enum aws_refusal_kind kind);
/* The same with a text of one's own. */
enum status aws_refuse_with(struct aws_refusal *ret_refusal, enum aws_refusal_kind kind, const char *text);

#endif
