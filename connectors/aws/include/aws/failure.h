/* Why a request fails, in the words of AWS's services. */
#ifndef AWS_FAILURE_H
#define AWS_FAILURE_H

#include "base/arena.h"
#include "base/buffer.h"

/* Kind, __type as it is sent, HTTP status, name of the member with the message. */
#define AWS_FAILURES(X)                                                                                      \
    X(VALIDATION, "com.amazon.coral.validate#ValidationException", 400, "message")                           \
    X(SERIALIZATION, "com.amazon.coral.service#SerializationException", 400, "Message")                      \
    X(UNKNOWN_OPERATION, "com.amazon.coral.service#UnknownOperationException", 400, "message")               \
    X(ACCESS_DENIED, "com.amazon.coral.service#AccessDeniedException", 400, "Message")                       \
    X(MISSING_TOKEN, "com.amazon.coral.service#MissingAuthenticationTokenException", 400, "message")         \
    X(INCOMPLETE_SIGNATURE, "com.amazon.coral.service#IncompleteSignatureException", 400, "message")         \
    X(INVALID_SIGNATURE, "com.amazon.coral.service#InvalidSignatureException", 400, "message")               \
    X(UNRECOGNIZED_CLIENT, "com.amazon.coral.service#UnrecognizedClientException", 400, "message")           \
    X(THROTTLING, "com.amazon.coral.availability#ThrottlingException", 400, "message")                       \
    X(INTERNAL, "com.amazonaws.dynamodb.v20120810#InternalServerError", 500, "message")                      \
    X(UNAVAILABLE, "com.amazon.coral.availability#ServiceUnavailableException", 503, "message")              \
    X(NOT_FOUND, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", 400, "message")               \
    X(IN_USE, "com.amazonaws.dynamodb.v20120810#ResourceInUseException", 400, "message")                     \
    X(LIMIT_EXCEEDED, "com.amazonaws.dynamodb.v20120810#LimitExceededException", 400, "message")             \
    X(CONDITION, "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", 400, "message")         \
    X(TRANSACTION_CANCELED, "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", 400, "Message") \
    X(TRANSACTION_CONFLICT, "com.amazonaws.dynamodb.v20120810#TransactionConflictException", 400, "message") \
    X(TOKEN_MISMATCH, "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException", 400,          \
      "Message")                                                                                             \
    X(DUPLICATE_ITEM, "com.amazonaws.dynamodb.v20120810#DuplicateItemException", 400, "message")             \
    X(THROUGHPUT_EXCEEDED, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", 400,   \
      "message")                                                                                             \
    X(TABLE_NOT_FOUND, "com.amazonaws.dynamodb.v20120810#TableNotFoundException", 400, "message")            \
    X(TABLE_EXISTS, "com.amazonaws.dynamodb.v20120810#TableAlreadyExistsException", 400, "message")          \
    X(BACKUP_NOT_FOUND, "com.amazonaws.dynamodb.v20120810#BackupNotFoundException", 400, "message")          \
    X(BACKUP_IN_USE, "com.amazonaws.dynamodb.v20120810#BackupInUseException", 400, "message")                \
    X(RECOVERY_UNAVAILABLE, "com.amazonaws.dynamodb.v20120810#PointInTimeRecoveryUnavailableException", 400, \
      "message")                                                                                             \
    X(RESTORE_TIME, "com.amazonaws.dynamodb.v20120810#InvalidRestoreTimeException", 400, "message")          \
    X(EXPORT_NOT_FOUND, "com.amazonaws.dynamodb.v20120810#ExportNotFoundException", 400, "message")          \
    X(IMPORT_NOT_FOUND, "com.amazonaws.dynamodb.v20120810#ImportNotFoundException", 400, "message")          \
    X(EXPORT_CONFLICT, "com.amazonaws.dynamodb.v20120810#ExportConflictException", 400, "message")           \
    X(IMPORT_CONFLICT, "com.amazonaws.dynamodb.v20120810#ImportConflictException", 400, "message")           \
    X(EXPORT_TIME, "com.amazonaws.dynamodb.v20120810#InvalidExportTimeException", 400, "message")            \
    X(GLOBAL_TABLE_NOT_FOUND, "com.amazonaws.dynamodb.v20120810#GlobalTableNotFoundException", 400,          \
      "message")                                                                                             \
    X(POLICY_NOT_FOUND, "com.amazonaws.dynamodb.v20120810#PolicyNotFoundException", 400, "message")          \
    X(ITERATOR_EXPIRED, "com.amazonaws.dynamodb.v20120810#ExpiredIteratorException", 400, "message")         \
    X(TRIMMED, "com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException", 400, "message")

enum aws_failure_kind {
    AWS_NO_FAILURE,
#define AWS_FAILURE_ENUM(kind, type, status, member) AWS_FAILURE_##kind,
    AWS_FAILURES(AWS_FAILURE_ENUM)
#undef AWS_FAILURE_ENUM
};

struct aws_failure {
    enum aws_failure_kind kind;
    const char *text;    /* NULL: the body has no message */
    struct bytes detail; /* more members of the body: ,"Item":{…}; or empty */
};

/* The name alone: "ValidationException". */
const char *aws_failure_name(enum aws_failure_kind kind);
unsigned aws_failure_status(enum aws_failure_kind kind);
/* Appends the body of the answer. */
void aws_failure_put(const struct aws_failure *failure, struct buffer *body);

#endif
