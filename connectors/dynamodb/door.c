/* The door: a request's way from HTTP to its operation. */
#include "base/memory.h"
#include "dynamodb_private.h"

static const struct {
    const char *name;
    enum status (*serve)(struct call *call);
} operations[] = {
#define DYNAMODB_ENTRY(name, function) {#name, function},
    DYNAMODB_OPERATIONS(DYNAMODB_ENTRY)
#undef DYNAMODB_ENTRY
};

static void reply_text(struct http_exchange *exchange, unsigned status, const char *type, const char *headers,
                       const char *text)
{
    struct http_answer answer = {.status = status,
                                 .type = type,
                                 .headers = headers,
                                 .body = bytes_of_text(text)};
    http_reply(&exchange, &answer);
}

/* --- requests --------------------------------------------------------------------------------------------------- */

static enum status call_serve(struct call *call)
{
    for (size_t i = 0; i < ARRAY_COUNT(operations); i++) {
        if (strcmp(operations[i].name, call->operation->name) == 0) {
            measure_operation(call, i);
            return operations[i].serve(call);
        }
    }
    call->failure = (struct aws_failure){.kind = AWS_FAILURE_UNKNOWN_OPERATION};
    return STATUS_INVALID;
}

/* Requests about tables judge first whether there is a name, in words of their own. */
static enum status call_check_name(struct call *call)
{
    static const char *const about_tables[] = {"CreateTable", "DescribeTable", "UpdateTable", "DeleteTable"};
    const struct value *name = member_of(call->input, "TableName");
    bool is_about_table = false;
    for (size_t i = 0; i < ARRAY_COUNT(about_tables); i++) {
        is_about_table = is_about_table || strcmp(call->operation->name, about_tables[i]) == 0;
    }
    if (!is_about_table || (name != NULL && name->kind != VALUE_TEXT)) {
        return STATUS_OK;
    }
    if (name == NULL) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "The parameter 'TableName' is required but was not present in the request");
    }
    struct bytes table = table_named(call, name->bytes);
    return name_is_arn(table) ? call_fail_arn(call, table) : STATUS_OK;
}

/* What is newer than the API's model here and would change what comes of the request: overlooked it were a table without the
 * index, or an export of everything. */
static enum status call_check_newer(struct call *call)
{
    static const struct {
        const char *operation;
        const char *around; /* or NULL: the input */
        const char *member;
    } newer[] = {{"CreateTable", NULL, "VectorIndexes"},
                 {"UpdateTable", NULL, "VectorIndexUpdates"},
                 {"ImportTable", "TableCreationParameters", "VectorIndexes"},
                 {"RestoreTableFromBackup", NULL, "VectorIndexOverride"},
                 {"RestoreTableToPointInTime", NULL, "VectorIndexOverride"},
                 {"ExportTableToPointInTime", NULL, "FilterSpecification"}};
    for (size_t i = 0; i < ARRAY_COUNT(newer); i++) {
        if (strcmp(newer[i].operation, call->operation->name) != 0) {
            continue;
        }
        const struct value *around =
            newer[i].around == NULL ? call->input : member_of(call->input, newer[i].around);
        const struct value *member = member_of(around, newer[i].member);
        if (member != NULL && (member->kind != VALUE_LIST || member->items.count > 0) &&
            (member->kind != VALUE_MAP || member->pairs.count > 0)) {
            return call_fail(call, AWS_FAILURE_VALIDATION, "%s is not supported by this server",
                             newer[i].member);
        }
    }
    return STATUS_OK;
}

static enum status call_parse(struct call *call)
{
    struct value *input = arena_create(call->arena, sizeof(*input));
    struct error error;
    enum status status = codec_json_decode_plain(http_body(call->exchange), call->arena, input, &error);
    if (status == STATUS_TOO_LARGE) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
                         "levels beyond supported limit");
    }
    if (status != STATUS_OK || input->kind != VALUE_MAP) {
        call->failure = (struct aws_failure){.kind = AWS_FAILURE_SERIALIZATION};
        return STATUS_INVALID;
    }
    call->input = input;
    return STATUS_OK;
}

/* Where other machines can connect the signature is judged first: what a body becomes when it is parsed is many times its size. */
static enum status call_read(struct call *call)
{
    size_t service = 0;
    bool is_remote = call->door->is_remote;
    enum status status = is_remote ? call_authorise(call) : STATUS_OK;
    if (status == STATUS_OK) {
        status = call_parse(call);
    }
    if (status != STATUS_OK) {
        return status;
    }
    call->operation = aws_operation_find(http_header(call->exchange, "X-Amz-Target"), &service);
    if (call->operation == NULL) {
        call->failure = (struct aws_failure){.kind = AWS_FAILURE_UNKNOWN_OPERATION};
        return STATUS_INVALID;
    }
    status = is_remote ? STATUS_OK : call_authorise(call);
    if (status != STATUS_OK) {
        return status;
    }
    struct aws_failure failure;
    bool is_sound = aws_input_check(call->operation->input, call->input, call->arena, &failure);
    if (is_sound || failure.kind == AWS_FAILURE_VALIDATION) {
        status = call_check_name(call);
    }
    if (status == STATUS_OK && !is_sound) {
        call->failure = failure;
        status = STATUS_INVALID;
    }
    if (status == STATUS_OK) {
        status = call_check_newer(call);
    }
    return status;
}

static struct call *door_call(struct dynamodb_door *door, struct http_exchange *exchange)
{
    struct call *call = arena_create(http_arena(exchange), sizeof(*call));
    call->door = door;
    call->exchange = exchange;
    call->arena = http_arena(exchange);
    http_context_set(exchange, call);
    measure_begin(call);
    return call;
}

static void door_end(struct call *call, enum status status)
{
    if (status != STATUS_OK) {
        CHECK(!call->is_waiting && call->failure.kind != AWS_NO_FAILURE);
        call_reply_failure(call);
    }
}

/* The moment that it names is settled. */
static void door_take_up(struct call *call)
{
    door_end(call, call_serve(call));
}

static void door_serve(struct call *call)
{
    enum status status = call_read(call);
    if (status != STATUS_OK || !call_put_aside(call, door_take_up)) {
        door_end(call, status == STATUS_OK ? call_serve(call) : status);
    }
}

/* --- what is not the API ---------------------------------------------------------------------------------------- */

/* AWS STS API Reference, "Common Error Types". */
static void identity_refuse(const struct call *call)
{
    static const struct {
        enum aws_failure_kind kind;
        const char *code;
    } codes[] = {{AWS_FAILURE_MISSING_TOKEN, "MissingAuthenticationToken"},
                 {AWS_FAILURE_INCOMPLETE_SIGNATURE, "IncompleteSignature"},
                 {AWS_FAILURE_UNRECOGNIZED_CLIENT, "InvalidClientTokenId"},
                 {AWS_FAILURE_INVALID_SIGNATURE, "SignatureDoesNotMatch"}};
    const char *code = "AccessDenied";
    const char *text = call->failure.text;
    text = text == NULL || strstr(text, "]]>") != NULL ? "" : text;
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        code = codes[i].kind == call->failure.kind ? codes[i].code : code;
    }
    reply_text(call->exchange, 403, "text/xml", NULL,
               arena_format(call->arena,
                            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
                            "<Type>Sender</Type><Code>%s</Code><Message><![CDATA[%s]]></Message></Error>"
                            "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>",
                            code, text));
}

/* sts:GetCallerIdentity, which tools ask before anything else. */
static void door_serve_identity(struct call *call)
{
    struct http_exchange *exchange = call->exchange;
    if (call_authorise(call) != STATUS_OK) {
        identity_refuse(call);
        return;
    }
    struct bytes body = http_body(exchange);
    bool is_known = bytes_find(body, bytes_of_text("Action=GetCallerIdentity")) != NULL;
    reply_text(exchange, is_known ? 200 : 400, "text/xml", NULL,
               is_known ? "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                          "<GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn>"
                          "<UserId>000000000000</UserId><Account>000000000000</Account>"
                          "</GetCallerIdentityResult><ResponseMetadata><RequestId>"
                          "00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata>"
                          "</GetCallerIdentityResponse>"
                        : "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
                          "<Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation"
                          "</Message></Error></ErrorResponse>");
}

static void door_serve_preflight(struct http_exchange *exchange)
{
    struct bytes wanted = http_header(exchange, "Access-Control-Request-Headers");
    struct bytes method = http_header(exchange, "Access-Control-Request-Method");
    reply_text(exchange, 200, "text/plain",
               arena_format(http_arena(exchange),
                            "Access-Control-Allow-Origin: *\r\nAccess-Control-Max-Age: 172800\r\n"
                            "%s%.*s%s%s%.*s%s",
                            wanted.size > 0 ? "Access-Control-Allow-Headers: " : "", (int)wanted.size,
                            (const char *)wanted.data, wanted.size > 0 ? "\r\n" : "",
                            method.size > 0 ? "Access-Control-Allow-Methods: " : "", (int)method.size,
                            (const char *)method.data, method.size > 0 ? "\r\n" : ""),
               "");
}

/* What load balancers ask; the service tells the name that it was asked by. */
static void door_serve_health(struct http_exchange *exchange)
{
    struct bytes host = http_header(exchange, "Host");
    bool is_root = text_is(http_path(exchange), "/");
    reply_text(exchange, is_root ? 200 : 404, "text/plain", NULL,
               is_root ? arena_format(http_arena(exchange), "healthy: %s ",
                                      arena_copy_text(http_arena(exchange), host))
                       : "");
}

/* Thread: the server's. */
static void door_handle(void *context, struct http_exchange *exchange)
{
    const char *method = http_method(exchange);
    struct bytes type = http_header(exchange, "Content-Type");
    bool is_json = bytes_start_with(type, bytes_of_text("application/json")) ||
                   bytes_start_with(type, bytes_of_text("application/x-amz-json-1.0"));
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        door_serve_health(exchange);
    } else if (strcmp(method, "OPTIONS") == 0) {
        door_serve_preflight(exchange);
    } else if (strcmp(method, "POST") == 0 &&
               bytes_start_with(type, bytes_of_text("application/x-www-form-urlencoded"))) {
        door_serve_identity(door_call(context, exchange));
    } else if (strcmp(method, "POST") != 0 || !is_json) {
        call_reply_unknown(door_call(context, exchange));
    } else {
        door_serve(door_call(context, exchange));
    }
}

struct dynamodb_doors *dynamodb_doors_create(void)
{
    struct dynamodb_doors *doors = memory_create(sizeof(*doors));
    CHECK(pthread_mutex_init(&doors->mutex, NULL) == 0);
    return doors;
}

void dynamodb_doors_destroy(struct dynamodb_doors **doors)
{
    struct dynamodb_doors *gone = *doors;
    *doors = NULL;
    if (gone != NULL) {
        deleted_reset(gone);
        throttle_reset(gone);
        (void)pthread_mutex_destroy(&gone->mutex);
        memory_destroy(gone);
    }
}

enum status dynamodb_door_open(const struct dynamodb_door_options *options, struct dynamodb_door **ret_door,
                               struct error *error)
{
    struct dynamodb_door *door = memory_create(sizeof(*door));
    door->options = *options;
    door->is_remote = !net_endpoint_is_local(&options->endpoint);
    struct http_server_options server = {.endpoint = options->endpoint,
                                         .is_dated = true,
                                         .leader = options->leader == NULL ? NULL : options->leader->server,
                                         .body_bytes_max = DYNAMODB_BODY_BYTES_MAX,
                                         .connections = measure_connections(),
                                         .handle = door_handle,
                                         .context = door};
    uint64_t seed = 0;
    random_secret(&seed, sizeof(seed));
    random_init(&door->random, seed);
    enum status status = gate_view_open(options->gate, &door->view, error);
    if (status == STATUS_OK) {
        gate_view_show_plain(door->view, true);
    }
    if (status == STATUS_OK) {
        status = http_server_open(&server, &door->server, error);
    }
    if (status != STATUS_OK) {
        dynamodb_door_close(&door);
        return status;
    }
    *ret_door = door;
    return STATUS_OK;
}

void dynamodb_door_close(struct dynamodb_door **door)
{
    struct dynamodb_door *gone = *door;
    *door = NULL;
    if (gone != NULL) {
        http_server_close(&gone->server);
        gate_view_close(&gone->view);
        buffer_reset(&gone->headers);
        memory_destroy(gone);
    }
}

enum status dynamodb_door_reload(struct dynamodb_door *door, struct error *error)
{
    return http_server_reload(door->server, error);
}

const char *dynamodb_door_address(const struct dynamodb_door *door)
{
    return http_server_address(door->server);
}
