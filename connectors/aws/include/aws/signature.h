/* AWS Signature Version 4, without its secrets: who says to have signed a request, and the string that was signed.
 *
 * A door calls aws_signature_parse, then aws_signature_check_time, then identity_verify with what aws_string_to_sign
 * gives; STATUS_NOT_FOUND there is AWS_REFUSAL_UNRECOGNIZED_CLIENT here, STATUS_DENIED AWS_REFUSAL_INVALID_SIGNATURE. */
#ifndef AWS_SIGNATURE_H
#define AWS_SIGNATURE_H

#include "aws/bounds.h"
#include "aws/refusal.h"
#include "base/arena.h"

/* A request, as it came. */
struct aws_request {
    struct bytes method;
    struct bytes path;  /* of the request line, percent-encoded as it is there, without the query */
    struct bytes query; /* without the '?' */
    struct bytes body;
    struct bytes service; /* "dynamodb": the scope that a signature must have; empty: any */
    /* The value of header number `index` (from 0) among those with that name, which is in lower case; headers may have any.
     * False: there are no more. */
    bool (*header)(void *context, const char *name, size_t index, struct bytes *ret_value);
    void *context;
};

/* What stands in the Authorization header, or in the query of a presigned request. Views of the arena. */
struct aws_signature {
    struct bytes access_key_id;
    struct bytes date; /* of the scope, "20260101" */
    struct bytes region;
    struct bytes service;
    struct bytes signature; /* as given: hexadecimal if it is right */
    char *const *headers;   /* names that were signed, in lower case, sorted */
    size_t headers_count;
    const char *time; /* of signing, "20260101T000000Z" */
    int64_t time_s;   /* the same, seconds since 1970 */
    uint32_t expires_s;
    bool is_query; /* presigned */
};

/* STATUS_DENIED: *ret_refusal tells why, and *ret_signature is untouched. */
MUST_USE enum status aws_signature_parse(const struct aws_request *request, struct arena *arena,
                                         struct aws_signature *ret_signature,
                                         struct aws_refusal *ret_refusal);
/* Only that its parts are there, and what the credential says: for servers where nobody has to prove who he is, and clients whose
 * signatures are made up. Time, headers and signature of *ret_signature are not set. STATUS_DENIED as above. */
MUST_USE enum status aws_signature_peek(const struct aws_request *request, struct arena *arena,
                                        struct aws_signature *ret_signature, struct aws_refusal *ret_refusal);
/* Whether it was signed just now, or, presigned, is not over yet. STATUS_DENIED. */
MUST_USE enum status aws_signature_check_time(const struct aws_signature *signature, int64_t now_s,
                                              struct arena *arena, struct aws_refusal *ret_refusal);

/* What the client put under its key: algorithm, time, scope and the hash of the canonical request. In `arena`. */
struct bytes aws_string_to_sign(const struct aws_request *request, const struct aws_signature *signature,
                                struct arena *arena);
/* The canonical request itself. In `arena`. */
struct bytes aws_canonical_request(const struct aws_request *request, const struct aws_signature *signature,
                                   struct arena *arena);

#endif
