/* Signature Version 4 against the examples of AWS's documentation and the vectors of its published test suite. */
#include "aws/signature.h"

#include <strings.h>

#include "base/crypto.h"
#include "support/test.h"

static const char secret_of_iam[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
static const char secret_of_s3[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

enum {
    HEADERS_MAX = 6,
    SIGNED_AT = 1440938160, /* 2015-08-30T12:36:00Z */
};

struct header {
    const char *name;
    const char *value;
};

/* A request as text. */
struct vector {
    const char *method;
    const char *path;
    const char *query;
    const char *body;
    const char *secret;
    struct header headers[HEADERS_MAX];
};

static bool vector_header(void *context, const char *name, size_t index, struct bytes *ret_value)
{
    const struct vector *vector = context;
    for (size_t i = 0; i < HEADERS_MAX && vector->headers[i].name != NULL; i++) {
        if (strcasecmp(vector->headers[i].name, name) == 0 && index-- == 0) {
            *ret_value = bytes_of_text(vector->headers[i].value);
            return true;
        }
    }
    return false;
}

static struct bytes text_of(const char *text)
{
    return bytes_of_text(text == NULL ? "" : text);
}

static struct aws_request request_of(struct vector *vector)
{
    return (struct aws_request){.method = bytes_of_text(vector->method == NULL ? "GET" : vector->method),
                                .path = bytes_of_text(vector->path == NULL ? "/" : vector->path),
                                .query = text_of(vector->query),
                                .body = text_of(vector->body),
                                .header = vector_header,
                                .context = vector};
}

static void hmac(const void *key, size_t key_bytes, struct bytes bytes, uint8_t ret_digest[SHA256_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    crypto_hmac_sha256(bytes_of(key, key_bytes), bytes, digest);
    memcpy(ret_digest, digest, sizeof(digest));
}

/* Signs as a client does. */
static void sign(const char *secret, const struct aws_signature *signature, struct bytes string_to_sign,
                 char ret_signature[2 * SHA256_BYTES + 1])
{
    uint8_t key[SHA256_BYTES];
    char first[128];
    int size = snprintf(first, sizeof(first), "AWS4%s", secret);
    hmac(first, (size_t)size, signature->date, key);
    hmac(key, sizeof(key), signature->region, key);
    hmac(key, sizeof(key), signature->service, key);
    hmac(key, sizeof(key), bytes_of_text("aws4_request"), key);
    if (secret == secret_of_iam && bytes_equal(signature->service, bytes_of_text("iam"))) {
        static const uint8_t published[] = {0xc4, 0xaf, 0xb1, 0xcc, 0x57, 0x71, 0xd8, 0x71};
        assert_memory_equal(key, published, sizeof(published));
    }
    hmac(key, sizeof(key), string_to_sign, key);
    for (size_t i = 0; i < sizeof(key); i++) {
        (void)snprintf(ret_signature + 2 * i, 3, "%02x", key[i]);
    }
}

/* The request has the signature that it gives. */
static void expect_match(struct vector vector)
{
    struct aws_request request = request_of(&vector);
    struct arena arena = {0};
    struct aws_signature signature;
    struct aws_refusal refusal = {.text = ""};
    char expected[2 * SHA256_BYTES + 1];
    if (aws_signature_parse(&request, &arena, &signature, &refusal) != STATUS_OK) {
        fail_msg("%s: %s", aws_refusal_type(refusal.kind), refusal.text);
    }
    struct bytes string = aws_string_to_sign(&request, &signature, &arena);
    sign(vector.secret == NULL ? secret_of_iam : vector.secret, &signature, string, expected);
    if (!bytes_equal(signature.signature, bytes_of_text(expected))) {
        struct bytes canonical = aws_canonical_request(&request, &signature, &arena);
        fail_msg("the signature is %s for\n%.*s", expected, (int)canonical.size,
                 (const char *)canonical.data);
    }
    arena_reset(&arena);
}

static void expect_refusal(struct vector vector, const char *type, const char *text)
{
    struct aws_request request = request_of(&vector);
    struct arena arena = {0};
    struct aws_signature signature;
    struct aws_refusal refusal;
    request.service = bytes_of_text("dynamodb");
    enum status status = aws_signature_parse(&request, &arena, &signature, &refusal);
    if (status == STATUS_OK) {
        status = aws_signature_check_time(&signature, SIGNED_AT, &arena, &refusal);
    }
    assert_int_equal(status, STATUS_DENIED);
    assert_string_equal(aws_refusal_type(refusal.kind), type);
    assert_string_equal(refusal.text, text);
    arena_reset(&arena);
}

/* --- the documentation's examples ------------------------------------------------------------------------------- */

static void test_list_users(void **state)
{
    (void)state;
    struct vector vector = {
        .query = "Action=ListUsers&Version=2010-05-08",
        .headers = {{"Host", "iam.amazonaws.com"},
                    {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                    {"X-Amz-Date", "20150830T123600Z"},
                    {"Authorization",
                     "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                     "SignedHeaders=content-type;host;x-amz-date, "
                     "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"}}};
    struct aws_request request = request_of(&vector);
    struct arena arena = {0};
    struct aws_signature signature;
    struct aws_refusal refusal;
    assert_int_equal(aws_signature_parse(&request, &arena, &signature, &refusal), STATUS_OK);
    assert_true(bytes_equal(signature.access_key_id, bytes_of_text("AKIDEXAMPLE")));
    assert_true(bytes_equal(signature.region, bytes_of_text("us-east-1")));
    assert_true(bytes_equal(signature.service, bytes_of_text("iam")));
    assert_int_equal(signature.time_s, SIGNED_AT);
    assert_int_equal(signature.headers_count, 3);
    assert_false(signature.is_query);
    assert_true(
        bytes_equal(aws_string_to_sign(&request, &signature, &arena),
                    bytes_of_text("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                                  "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59")));
    arena_reset(&arena);
    expect_match(vector);
}

static void test_list_users_presigned(void **state)
{
    (void)state;
    struct vector vector = {
        .query = "Action=ListUsers&Version=2010-05-08&X-Amz-Algorithm=AWS4-HMAC-SHA256"
                 "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fiam%2Faws4_request"
                 "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=content-type%3Bhost"
                 "&X-Amz-Signature=37ac2f4fde00b0ac9bd9eadeb459b1bbee224158d66e7ae5fcadb70b2d181d02",
        .headers = {{"host", "iam.amazonaws.com"},
                    {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}}};
    expect_match(vector);
    struct aws_request request = request_of(&vector);
    struct arena arena = {0};
    struct aws_signature signature;
    struct aws_refusal refusal;
    assert_int_equal(aws_signature_parse(&request, &arena, &signature, &refusal), STATUS_OK);
    assert_true(signature.is_query);
    assert_int_equal(aws_signature_check_time(&signature, SIGNED_AT + 60, &arena, &refusal), STATUS_OK);
    assert_int_equal(aws_signature_check_time(&signature, SIGNED_AT + 61, &arena, &refusal), STATUS_DENIED);
    assert_string_equal(refusal.text, "Signature expired: 20150830T123600Z is now earlier than "
                                      "20150830T123601Z (20150830T123701Z - 1 min.)");
    arena_reset(&arena);
}

/* S3's example; its payload is not signed, which a header says here. */
static void test_unsigned_payload(void **state)
{
    (void)state;
    expect_match((struct vector){
        .path = "/test.txt",
        .body = "does not count",
        .secret = secret_of_s3,
        .query = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                 "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                 "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                 "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        .headers = {{"Host", "examplebucket.s3.amazonaws.com"},
                    {"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}}});
}

/* --- the test suite's vectors ----------------------------------------------------------------------------------- */

#define SUITE_NAMED(names, signature)                                                                        \
    {                                                                                                        \
        "Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " \
                         "SignedHeaders=" names ", Signature=" signature                                     \
    }
#define SUITE(signature)                                                                                     \
    {                                                                                                        \
        {"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"},                               \
            SUITE_NAMED("host;x-amz-date", signature)                                                        \
    }

static void test_paths(void **state)
{
    (void)state;
    const struct vector vectors[] = {
        {.path = "/", .headers = SUITE("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")},
        {.path = "", .headers = SUITE("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")},
        {.path = "//", .headers = SUITE("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")},
        {.path = "/./", .headers = SUITE("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")},
        {.path = "/example/..",
         .headers = SUITE("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")},
        {.path = "/example1/example2/../..",
         .headers = SUITE("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")},
        {.path = "//example//",
         .headers = SUITE("9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84")},
        {.path = "/./example",
         .headers = SUITE("ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5")},
        {.path = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         .headers = SUITE("07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f")},
        {.path = "/example space/",
         .headers = SUITE("652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741")},
        {.path = "/\xE1\x88\xB4",
         .headers = SUITE("8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")},
    };
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        expect_match(vectors[i]);
    }
}

static void test_queries(void **state)
{
    (void)state;
    const struct vector vectors[] = {
        {.query = "Param2=value2&Param1=value1",
         .headers = SUITE("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")},
        {.query = "&Param1=value1&&Param2=value2&",
         .headers = SUITE("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")},
        {.query = "Param1=value1",
         .headers = SUITE("a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb")},
        {.query = "P%61ram1=valu%65%31",
         .headers = SUITE("a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb")},
        {.query = "\xE1\x88\xB4=bar",
         .headers = SUITE("2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04")},
        {.query = "%e1%88%b4=bar",
         .headers = SUITE("2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04")},
    };
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        expect_match(vectors[i]);
    }
}

static void expect_query(const char *query, const char *canonical)
{
    struct vector vector = {.query = query,
                            .headers =
                                SUITE("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")};
    struct aws_request request = request_of(&vector);
    struct arena arena = {0};
    struct aws_signature signature;
    struct aws_refusal refusal;
    assert_int_equal(aws_signature_parse(&request, &arena, &signature, &refusal), STATUS_OK);
    struct bytes whole = aws_canonical_request(&request, &signature, &arena);
    char *begins = arena_format(&arena, "GET\n/\n%s\nhost:", canonical);
    assert_true(bytes_start_with(whole, bytes_of_text(begins)));
    arena_reset(&arena);
}

static void test_odd_queries(void **state)
{
    (void)state;
    expect_query("b&a=&b=1&a", "a=&a=&b=&b=1");
    expect_query("p=value2&p=Value1&p=value1", "p=Value1&p=value1&p=value2");
    expect_query("a=b=c&x=%2f%zz%", "a=b%3Dc&x=%2F%25zz%25");
    expect_query("a=1+2&b=%20*", "a=1%2B2&b=%20%2A");
    expect_query("=x&X-Amz-Signature=1", "=x&X-Amz-Signature=1"); /* left out only when presigned */
}

static void test_headers(void **state)
{
    (void)state;
    expect_match((struct vector){
        /* one name several times: in the order they came */
        .headers = {{"Host", "example.amazonaws.com"},
                    {"My-Header1", "value2"},
                    {"My-Header1", "value2"},
                    {"My-Header1", "value1"},
                    {"X-Amz-Date", "20150830T123600Z"},
                    SUITE_NAMED("host;my-header1;x-amz-date",
                                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea")}});
    expect_match((struct vector){
        /* spaces, and a list that is not in order */
        .headers = {{"Host", "example.amazonaws.com"},
                    {"My-Header1", " value1"},
                    {"MY-HEADER2", " \"a   b   c\" "},
                    {"X-Amz-Date", "20150830T123600Z"},
                    SUITE_NAMED("x-amz-date;Host;my-header1;my-header2",
                                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736")}});
}

static void test_bodies(void **state)
{
    (void)state;
    expect_match((
        struct vector){.method = "POST",
                       .headers = SUITE("5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")});
    expect_match((struct vector){
        .method = "POST",
        .body = "Param1=value1",
        .headers = {{"Host", "example.amazonaws.com"},
                    {"Content-Type", "application/x-www-form-urlencoded"},
                    {"X-Amz-Date", "20150830T123600Z"},
                    {"X-Amz-Content-Sha256",
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                    SUITE_NAMED("content-type;host;x-amz-date",
                                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a")}});
}

/* A Date header in HTTP's own form is signed as ISO 8601. */
static void test_http_date(void **state)
{
    (void)state;
    struct vector vector = {.headers = {{"Host", "example.amazonaws.com"},
                                        {"Date", "Sun, 30 Aug 2015 12:36:00 GMT"},
                                        SUITE_NAMED("host;date", "00")}};
    struct aws_request request = request_of(&vector);
    struct arena arena = {0};
    struct aws_signature signature;
    struct aws_refusal refusal;
    assert_int_equal(aws_signature_parse(&request, &arena, &signature, &refusal), STATUS_OK);
    assert_string_equal(signature.time, "20150830T123600Z");
    assert_int_equal(signature.time_s, SIGNED_AT);
    assert_string_equal(signature.headers[0], "date");
    arena_reset(&arena);
}

/* Where nobody has to prove who he is, made-up signatures do; parts that are missing do not. */
static void test_peek(void **state)
{
    (void)state;
    struct vector made_up = {
        .headers = {{"Host", "h"},
                    {"X-Amz-Date", "20200101T000000Z"},
                    {"Authorization",
                     "AWS4-HMAC-SHA256 Credential=any/1999/eu-north-1, SignedHeaders=x, Signature=y"}}};
    struct vector bare = {.headers = {{"Host", "h"}, {"X-Amz-Date", "20200101T000000Z"}}};
    struct arena arena = {0};
    struct aws_signature signature;
    struct aws_refusal refusal;
    struct aws_request request = request_of(&made_up);
    assert_int_equal(aws_signature_parse(&request, &arena, &signature, &refusal), STATUS_DENIED);
    assert_int_equal(aws_signature_peek(&request, &arena, &signature, &refusal), STATUS_OK);
    assert_int_equal(signature.region.size, 10);
    assert_memory_equal(signature.region.data, "eu-north-1", 10);
    assert_int_equal(signature.service.size, 0);
    request = request_of(&bare);
    assert_int_equal(aws_signature_peek(&request, &arena, &signature, &refusal), STATUS_DENIED);
    assert_int_equal(refusal.kind, AWS_REFUSAL_MISSING_TOKEN);
    arena_reset(&arena);
}

/* --- refusals --------------------------------------------------------------------------------------------------- */

#define SCOPE "AKID/20150830/us-east-1/dynamodb/aws4_request"
#define AUTHORIZATION "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host, Signature=ab"

static void test_missing(void **state)
{
    (void)state;
    static const char type[] = "MissingAuthenticationTokenException";
    static const char text[] = "Request is missing Authentication Token";
    expect_refusal((struct vector){0}, type, text);
    expect_refusal((struct vector){.headers = {{"Authorization", "Basic abc"}}}, type, text);
    expect_refusal((struct vector){.query = "X-Amz-Signature=1"}, type, text);
}

static void test_incomplete_header(void **state)
{
    (void)state;
    static const char type[] = "IncompleteSignatureException";
    expect_refusal((struct vector){.headers = {{"Authorization", "AWS4-HMAC-SHA256"}}}, type,
                   "Authorization header requires 'Credential' parameter. "
                   "Authorization header requires 'Signature' parameter. "
                   "Authorization header requires 'SignedHeaders' parameter. "
                   "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                   "Authorization=AWS4-HMAC-SHA256");
    expect_refusal((struct vector){.headers = {{"Authorization", AUTHORIZATION}}}, type,
                   "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                   "Authorization=" AUTHORIZATION);
    expect_refusal(
        (struct vector){.headers = {{"Authorization", "AWS4-HMAC-SHA256 Credential=AKID /2015/x"}}}, type,
        "'/2015/x' not a valid key=value pair (missing equal-sign) in Authorization header: "
        "'AWS4-HMAC-SHA256 Credential=AKID /2015/x'.");
    expect_refusal((struct vector){.headers = {{"Host", "h"},
                                               {"X-Amz-Date", "20150830T123600Z"},
                                               {"Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c, "
                                                                 "SignedHeaders=host, Signature=ab"}}},
                   type,
                   "Credential must have exactly 5 slash-delimited elements, e.g. "
                   "keyid/date/region/service/term, got 'a/b/c'");
    expect_refusal((struct vector){.headers = {{"X-Amz-Date", "now"}, {"Authorization", AUTHORIZATION}}},
                   type,
                   "Date must be in ISO-8601 'basic format'. Got 'now'. See "
                   "http://en.wikipedia.org/wiki/ISO_8601");
}

static void test_incomplete_query(void **state)
{
    (void)state;
    expect_refusal((struct vector){.query = "X-Amz-Algorithm="}, "IncompleteSignatureException",
                   "AWS query-string parameters must include 'X-Amz-Algorithm'. "
                   "AWS query-string parameters must include 'X-Amz-Credential'. "
                   "AWS query-string parameters must include 'X-Amz-Signature'. "
                   "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
                   "AWS query-string parameters must include 'X-Amz-Date'. "
                   "Re-examine the query-string parameters.");
}

static void expect_invalid(const char *time, const char *credential, const char *names, const char *text)
{
    struct arena arena = {0};
    char *authorization =
        arena_format(&arena, "AWS4-HMAC-SHA256 Credential=%s, SignedHeaders=%s, Signature=ab", credential,
                     names);
    expect_refusal(
        (struct vector){.headers = {{"Host", "h"}, {"X-Amz-Date", time}, {"Authorization", authorization}}},
        "InvalidSignatureException", text);
    arena_reset(&arena);
}

static void test_invalid(void **state)
{
    (void)state;
    static const char time[] = "20150830T123600Z";
    expect_invalid(time, SCOPE, "x-amz-date",
                   "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    expect_invalid(time, SCOPE, "host;x-amz-target",
                   "'x-amz-target' is named as a SignedHeader, but it does not exist in the HTTP request.");
    expect_invalid(time, "AKID/20150830/us-east-1/s3/aws4_request", "host",
                   "Credential should be scoped to correct service: 'dynamodb'. ");
    expect_invalid(
        time, "AKID/20150830/us-east-1/dynamodb/aws3_request", "host",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws3_request'.");
    expect_invalid(
        time, "AKID/20150829/us-east-1/dynamodb/aws4_request", "host",
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        "'20150829' != '20150830', from '20150830T123600Z'.");
    expect_refusal(
        (struct vector){.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                        .headers = {{"Authorization", AUTHORIZATION}}},
        "InvalidSignatureException",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
}

static void test_skew(void **state)
{
    (void)state;
    expect_invalid("20150830T123059Z", SCOPE, "host",
                   "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z "
                   "(20150830T123600Z - 5 min.)");
    expect_invalid("20150830T124101Z", SCOPE, "host",
                   "Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z "
                   "(20150830T123600Z + 5 min.)");
}

static void test_own_texts(void **state)
{
    (void)state;
    struct aws_refusal refusal;
    assert_int_equal(aws_refuse(&refusal, AWS_REFUSAL_UNRECOGNIZED_CLIENT), STATUS_DENIED);
    assert_string_equal(aws_refusal_type(refusal.kind), "UnrecognizedClientException");
    assert_string_equal(refusal.text, "The security token included in the request is invalid.");
    assert_int_equal(aws_refuse(&refusal, AWS_REFUSAL_INVALID_SIGNATURE), STATUS_DENIED);
    assert_string_equal(refusal.text,
                        "The request signature we calculated does not match the signature you provided. "
                        "Check your AWS Secret Access Key and signing method. Consult the service "
                        "documentation for details.");
}

/* Whatever comes: an answer, and nothing read beyond its end. */
static void test_noise(void **state)
{
    (void)state;
    static const char alphabet[] = "AWS4-HMAC256 Credential=/,;&%X-Amz-SignedHeaders=.\t\x80";
    uint64_t seed = test_seed();
    for (uint64_t round = 0; round < test_rounds(20000); round++) {
        char text[3][64];
        struct arena arena = {0};
        for (size_t i = 0; i < 3; i++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            size_t size = (seed >> 33) % 63;
            for (size_t k = 0; k < size; k++) {
                seed = seed * 6364136223846793005U + 1442695040888963407U;
                text[i][k] = alphabet[(seed >> 33) % (sizeof(alphabet) - 1)];
            }
            text[i][size] = '\0';
        }
        char *authorization = arena_format(&arena, "AWS4-HMAC-SHA256 %s", text[0]);
        struct vector vector = {.path = text[1],
                                .query = text[2],
                                .headers = {{"Host", text[1]},
                                            {"X-Amz-Date", "20150830T123600Z"},
                                            {"Authorization", authorization}}};
        struct aws_request request = request_of(&vector);
        struct aws_signature signature = {.date = bytes_of_text(text[0]), .time = text[1]};
        struct aws_refusal refusal;
        if (aws_signature_parse(&request, &arena, &signature, &refusal) != STATUS_OK) {
            assert_non_null(refusal.text);
        }
        (void)aws_string_to_sign(&request, &signature, &arena);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_users),
        cmocka_unit_test(test_list_users_presigned),
        cmocka_unit_test(test_unsigned_payload),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_odd_queries),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_http_date),
        cmocka_unit_test(test_peek),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_incomplete_header),
        cmocka_unit_test(test_incomplete_query),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_skew),
        cmocka_unit_test(test_own_texts),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests_name("aws/signature", tests, NULL, NULL);
}
