/* Who asks: Signature Version 4, judged when there are access keys, and always where other machines can connect. Without any keys a
 * well-formed signature is enough on loopback, as developers expect of a local endpoint, but not for pages of other machines. */
#include "aws/signature.h"
#include "base/clock.h"
#include "dynamodb_private.h"
#include "identity/identity.h"

static bool authorise_header(void *context, const char *name, size_t index, struct bytes *ret_value)
{
    *ret_value = http_header(context, name);
    return index == 0 && ret_value->size > 0;
}

static enum status authorise_refuse(struct call *call, const struct aws_refusal *refusal)
{
    static const struct {
        const char *type;
        enum aws_failure_kind kind;
    } kinds[] = {
        {"MissingAuthenticationTokenException", AWS_FAILURE_MISSING_TOKEN},
        {"IncompleteSignatureException", AWS_FAILURE_INCOMPLETE_SIGNATURE},
        {"InvalidSignatureException", AWS_FAILURE_INVALID_SIGNATURE},
        {"UnrecognizedClientException", AWS_FAILURE_UNRECOGNIZED_CLIENT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (strstr(aws_refusal_type(refusal->kind), kinds[i].type) != NULL) {
            return call_fail(call, kinds[i].kind, "%s", refusal->text);
        }
    }
    return call_fail(call, AWS_FAILURE_ACCESS_DENIED, "%s", refusal->text);
}

static enum status authorise_verify(struct call *call, const struct aws_request *request,
                                    const struct aws_signature *signature)
{
    struct aws_refusal refusal;
    struct error error;
    struct identity_claim claim = {.access_key_id = signature->access_key_id,
                                   .date = signature->date,
                                   .region = signature->region,
                                   .service = signature->service,
                                   .string_to_sign = aws_string_to_sign(request, signature, call->arena),
                                   .signature = signature->signature};
    int64_t now_s = clock_wall_us(clock_system()) / 1000000;
    if (aws_signature_check_time(signature, now_s, call->arena, &refusal) != STATUS_OK) {
        return authorise_refuse(call, &refusal);
    }
    enum status status =
        identity_verify(call->door->options.identity, &claim, call->arena, &call->principal, &error);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    (void)aws_refuse(&refusal, status == STATUS_NOT_FOUND ? AWS_REFUSAL_UNRECOGNIZED_CLIENT
                                                          : AWS_REFUSAL_INVALID_SIGNATURE);
    return authorise_refuse(call, &refusal);
}

/* What follows scheme and "://" in an Origin header (RFC 6454 section 7); empty: it has none. */
static struct bytes origin_site(struct bytes origin)
{
    const uint8_t *scheme = bytes_find(origin, bytes_of_text("://"));
    return scheme == NULL ? (struct bytes){0} : bytes_from(origin, (size_t)(scheme + 3 - origin.data));
}

static bool is_of_digits(struct bytes address)
{
    bool is = true;
    for (size_t i = 0; i < address.size; i++) {
        is = is && (address.data[i] == '.' || (address.data[i] >= '0' && address.data[i] <= '9'));
    }
    return is;
}

/* A page of this machine has a name or an address of loopback. */
static bool origin_is_local(struct bytes origin)
{
    struct bytes site = origin_site(origin);
    const uint8_t *end =
        bytes_start_with(site, bytes_of_text("[")) ? bytes_find_byte(site, ']') : bytes_find_byte(site, ':');
    struct bytes host = end == NULL ? site : bytes_part(site, 0, (size_t)(end - site.data));
    return (bytes_start_with(host, bytes_of_text("127.")) && is_of_digits(host)) ||
           bytes_are_word(host, "localhost") || bytes_equal(host, bytes_of_text("[::1"));
}

/* Whether a browser sent it: these tell servers on loopback where a request is from (Fetch Metadata Request Headers). Where a page had
 * its own name mean this machine they do not, but then Host is that name too. Tools may send any Origin, to see what is answered. */
static bool is_of_browser(struct call *call, struct bytes origin)
{
    return http_header(call->exchange, "Sec-Fetch-Site").size > 0 ||
           bytes_equal(origin_site(origin), http_header(call->exchange, "Host"));
}

/* Where nobody proves who he is, a page of any site could have the browser of who looks at it read and write all tables. */
static enum status authorise_page(struct call *call)
{
    struct bytes origin = http_header(call->exchange, "Origin");
    return origin.size == 0 || origin_is_local(origin) || !is_of_browser(call, origin)
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_ACCESS_DENIED,
                           "Pages of %.*s may not use a server without access keys: make one (oxbow "
                           "credentials create)",
                           (int)origin.size, (const char *)origin.data);
}

enum status call_authorise(struct call *call)
{
    struct aws_refusal refusal;
    struct aws_signature signature = {0};
    struct aws_request request = {.method = bytes_of_text(http_method(call->exchange)),
                                  .path = http_path(call->exchange),
                                  .query = http_query(call->exchange),
                                  .body = http_body_received(call->exchange),
                                  .header = authorise_header,
                                  .context = call->exchange};
    call->region = bytes_of_text("us-east-1");
    call->account = bytes_of_text("000000000000");
    call->principal = bytes_of_text("local");
    bool is_required = call->door->is_remote || identity_is_required(call->door->options.identity);
    enum status status = is_required ? aws_signature_parse(&request, call->arena, &signature, &refusal)
                                     : aws_signature_peek(&request, call->arena, &signature, &refusal);
    if (status != STATUS_OK) {
        return authorise_refuse(call, &refusal);
    }
    if (signature.region.size > 0) {
        call->region = signature.region;
    }
    return is_required ? authorise_verify(call, &request, &signature) : authorise_page(call);
}
