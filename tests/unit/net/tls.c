/* TLS between a server and OpenSSL's own client, with certificates made here. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/file.h"
#include "echo.h"
#include "net/stream.h"

#define HEAD(path) "POST " path " HTTP/1.1\r\nHost: x\r\n"
#define ANSWER(length) "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " length "\r\n"

struct files {
    char *directory;
    char *certificate;
    char *key;
    char *other_key;
    char *locked_key; /* with a passphrase */
    char *text;       /* no PEM */
};

static void run(const char *format, const char *a, const char *b)
{
    char command[1024];
    (void)snprintf(command, sizeof(command), format, a, b);
    assert_int_equal(system(command), 0);
}

static int files_make(void **state)
{
    struct files *files = memory_create(sizeof(*files));
    struct error error;
    files->directory = test_directory_create();
    files->certificate = file_path_join(files->directory, "certificate.pem");
    files->key = file_path_join(files->directory, "key.pem");
    files->other_key = file_path_join(files->directory, "other.pem");
    files->locked_key = file_path_join(files->directory, "locked.pem");
    files->text = file_path_join(files->directory, "text.pem");
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1 -out %s -keyout %s 2>/dev/null",
        files->certificate, files->key);
    run("openssl ecparam -name prime256v1 -genkey -noout -out %s %s", files->other_key, "2>/dev/null");
    run("openssl pkcs8 -topk8 -passout pass:secret -in %s -out %s 2>/dev/null", files->key,
        files->locked_key);
    assert_ok(file_replace(files->directory, "text.pem", bytes_of_text("no certificate\n"), &error), error);
    *state = files;
    return 0;
}

static int files_remove(void **state)
{
    struct files *files = *state;
    test_directory_remove(files->directory);
    memory_destroy(files->certificate);
    memory_destroy(files->key);
    memory_destroy(files->other_key);
    memory_destroy(files->locked_key);
    memory_destroy(files->text);
    memory_destroy(files);
    return 0;
}

struct secure {
    SSL_CTX *settings;
    SSL *session;
    int connection;
};

/* The handshake, up to `version`, offering `protocols` (ALPN's form, or NULL). False when it fails. */
static bool secure_open_on(struct secure *secure, int connection, const struct files *files, int version,
                           const char *protocols)
{
    secure->settings = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_load_verify_file(secure->settings, files->certificate), 1);
    SSL_CTX_set_verify(secure->settings, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_security_level(secure->settings, 0); /* or it would not offer what is too old */
    assert_int_equal(SSL_CTX_set_max_proto_version(secure->settings, version), 1);
    secure->session = SSL_new(secure->settings);
    if (protocols != NULL) {
        assert_int_equal(SSL_set_alpn_protos(secure->session, (const unsigned char *)protocols,
                                             (unsigned)strlen(protocols)),
                         0);
    }
    secure->connection = connection;
    assert_int_equal(SSL_set_fd(secure->session, secure->connection), 1);
    return SSL_connect(secure->session) == 1;
}

static bool secure_open(struct secure *secure, const struct echo *echo, const struct files *files,
                        int version, const char *protocols)
{
    return secure_open_on(secure, echo_connect(echo), files, version, protocols);
}

static void secure_close(struct secure *secure)
{
    ERR_clear_error();
    SSL_free(secure->session);
    SSL_CTX_free(secure->settings);
    assert_int_equal(close(secure->connection), 0);
}

static void secure_send(struct secure *secure, struct bytes bytes)
{
    size_t written = 0;
    assert_int_equal(SSL_write_ex(secure->session, bytes.data, bytes.size, &written), 1);
    assert_int_equal(written, bytes.size);
}

static void secure_receive(struct secure *secure, struct buffer *text, size_t size)
{
    buffer_clear(text);
    while (text->size < size) {
        size_t want = size - text->size;
        size_t got = 0;
        assert_int_equal(SSL_read_ex(secure->session, buffer_extend(text, want), want, &got), 1);
        text->size -= want - got;
    }
}

static void secure_expect(struct secure *secure, const char *expected)
{
    struct buffer text = {0};
    secure_receive(secure, &text, strlen(expected));
    assert_text(&text, expected);
    buffer_reset(&text);
}

static void secure_expect_end(struct secure *secure)
{
    uint8_t byte = 0;
    int result = SSL_read(secure->session, &byte, 1);
    assert_int_equal(SSL_get_error(secure->session, result), SSL_ERROR_ZERO_RETURN);
}

static void echo_open_secure(struct echo *echo, const struct files *files, unsigned idle_ms)
{
    struct http_server_options options = {.endpoint.certificate_file = files->certificate,
                                          .endpoint.key_file = files->key,
                                          .idle_ms = idle_ms};
    echo_open(echo, options);
}

static void test_requests(void **state)
{
    const struct files *files = *state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct echo echo;
    echo_open_secure(&echo, files, 0);
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
        struct secure secure;
        const unsigned char *protocol = NULL;
        unsigned protocol_bytes = 0;
        assert_true(secure_open(&secure, &echo, files, versions[i], "\x02h2\x08http/1.1"));
        assert_int_equal(SSL_version(secure.session), versions[i]);
        SSL_get0_alpn_selected(secure.session, &protocol, &protocol_bytes);
        assert_true(bytes_equal(bytes_of(protocol, protocol_bytes), bytes_of_text("http/1.1")));
        secure_send(&secure, bytes_of_text(HEAD("/echo") "Content-Length: 5\r\n\r\nhello" HEAD(
                                 "/later") "Content-Length: 5\r\n\r\nworld" HEAD("/echo") "\r\n"));
        secure_expect(&secure, ANSWER("5") "\r\nhello" ANSWER("5") "\r\nworld" ANSWER("0") "\r\n");
        secure_send(&secure,
                    bytes_of_text(HEAD("/echo") "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
        secure_expect(&secure, "HTTP/1.1 100 Continue\r\n\r\n");
        secure_send(&secure, bytes_of_text("ok"));
        secure_expect(&secure, ANSWER("2") "\r\nok");
        secure_send(&secure, bytes_of_text(HEAD("/echo") "Connection: close\r\n\r\n"));
        secure_expect(&secure, ANSWER("0") "Connection: close\r\n\r\n");
        secure_expect_end(&secure);
        secure_close(&secure);
    }
    echo_close(&echo);
}

static void test_large_bodies(void **state)
{
    struct echo echo;
    struct secure secure;
    struct buffer text = {0};
    uint8_t *body = memory_create(ECHO_BODY_BYTES_MAX);
    memset(body, 'b', ECHO_BODY_BYTES_MAX);
    echo_open_secure(&echo, *state, 0);
    assert_true(secure_open(&secure, &echo, *state, TLS1_3_VERSION, NULL));
    secure_send(&secure, bytes_of_text(HEAD("/echo") "Content-Length: 1048576\r\n\r\n"));
    secure_send(&secure, bytes_of(body, ECHO_BODY_BYTES_MAX));
    secure_expect(&secure, ANSWER("1048576") "\r\n");
    secure_receive(&secure, &text, ECHO_BODY_BYTES_MAX);
    assert_memory_equal(text.data, body, ECHO_BODY_BYTES_MAX);
    for (int i = 0; i < 4; i++) {
        secure_send(&secure, bytes_of_text(HEAD("/large") "\r\n"));
    }
    (void)usleep(200000);
    assert_true(atomic_load(&echo.handled) <= 3);
    for (int i = 0; i < 4; i++) {
        secure_expect(&secure, ANSWER("8388608") "\r\n");
        secure_receive(&secure, &text, LARGE_BYTES);
        assert_memory_equal(text.data, echo.large, LARGE_BYTES);
    }
    /* A refusal is heard, though the body is still on its way. */
    secure_send(&secure, bytes_of_text(HEAD("/echo") "Content-Length: 9999999\r\n\r\n"));
    secure_send(&secure, bytes_of(body, ECHO_BODY_BYTES_MAX));
    secure_expect(&secure, "HTTP/1.1 413 Payload Too Large\r\n");
    secure_close(&secure);
    echo_close(&echo);
    buffer_reset(&text);
    memory_destroy(body);
}

static void expect_an_answer(struct secure *secure)
{
    secure_send(secure, bytes_of_text(HEAD("/echo") "Content-Length: 2\r\n\r\nok"));
    secure_expect(secure, ANSWER("2") "\r\nok");
}

static void test_a_certificate_that_is_renewed(void **state)
{
    struct files files = *(const struct files *)*state;
    struct files renewed = files;
    struct echo echo;
    struct secure old;
    struct secure new;
    struct error error;
    renewed.certificate = file_path_join(files.directory, "renewed.pem");
    renewed.key = file_path_join(files.directory, "renewed_key.pem");
    run("cp %s %s", files.certificate, renewed.certificate);
    run("cp %s %s", files.key, renewed.key);
    echo_open_secure(&echo, &renewed, 0);
    assert_true(secure_open(&old, &echo, &files, TLS1_3_VERSION, NULL));
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=again "
        "-addext subjectAltName=IP:127.0.0.1 -out %s -keyout %s 2>/dev/null",
        renewed.certificate, renewed.key);
    assert_ok(http_server_reload(echo.server, &error), error);
    expect_an_answer(&old);
    assert_false(secure_open(&new, &echo, &files, TLS1_3_VERSION, NULL)); /* it knows the old one only */
    secure_close(&new);
    assert_true(secure_open(&new, &echo, &renewed, TLS1_3_VERSION, NULL));
    expect_an_answer(&new);
    secure_close(&new);
    renewed.text = file_path_join(files.directory, "kept.pem");
    run("cp %s %s", renewed.certificate, renewed.text);
    run("echo nothing >%s%s", renewed.certificate, "");
    assert_status(http_server_reload(echo.server, &error), STATUS_INVALID, error);
    memory_destroy(renewed.certificate);
    renewed.certificate = renewed.text;
    assert_true(secure_open(&new, &echo, &renewed, TLS1_3_VERSION, NULL));
    expect_an_answer(&new);
    secure_close(&new);
    expect_an_answer(&old);
    secure_close(&old);
    echo_close(&echo);
    memory_destroy(renewed.certificate);
    memory_destroy(renewed.key);
}

static void test_who_gets_no_connection(void **state)
{
    struct echo echo;
    struct secure secure;
    struct buffer text = {0};
    echo_open_secure(&echo, *state, 0);
    assert_false(secure_open(&secure, &echo, *state, TLS1_1_VERSION, NULL));
    secure_close(&secure);
    assert_false(secure_open(&secure, &echo, *state, TLS1_3_VERSION, "\x02h2"));
    secure_close(&secure);
    int connection = echo_connect(&echo);
    client_send_text(connection, HEAD("/echo") "\r\n");
    client_receive_all(connection, &text); /* an alert, if it gets through */
    assert_int_equal(atomic_load(&echo.handled), 0);
    assert_int_equal(close(connection), 0);
    buffer_reset(&text);
    echo_close(&echo);
}

/* Records cut anywhere, one damaged, and a client that says half a hello. */
static void test_hostile_bytes(void **state)
{
    struct echo echo;
    struct secure secure;
    struct buffer text = {0};
    echo_open_secure(&echo, *state, 1500);
    int half = echo_connect(&echo);
    client_send(half, bytes_of("\x16\x03\x01\x02\x00\x01", 6));
    assert_true(secure_open(&secure, &echo, *state, TLS1_3_VERSION, NULL));
    secure_send(&secure, bytes_of_text(HEAD("/echo") "\r\n"));
    secure_expect(&secure, ANSWER("0") "\r\n");
    client_send(secure.connection, bytes_of("\x17\x03\x03\x00\x20 this is not what the key says.. ", 37));
    uint8_t byte = 0;
    assert_true(SSL_read(secure.session, &byte, 1) <= 0);
    secure_close(&secure);
    client_receive_all(half, &text); /* the idle timer ends it */
    assert_int_equal(text.size, 0);
    assert_int_equal(close(half), 0);
    buffer_reset(&text);
    echo_close(&echo);
}

static void test_files_that_cannot_be_used(void **state)
{
    const struct files *files = *state;
    const struct {
        const char *certificate;
        const char *key;
        enum status status;
        const char *words;
    } cases[] = {
        {"/nowhere/c.pem", files->key, STATUS_NOT_FOUND, "certificate /nowhere/c.pem does not exist"},
        {files->certificate, "/nowhere/k.pem", STATUS_NOT_FOUND, "key /nowhere/k.pem does not exist"},
        {files->text, files->key, STATUS_INVALID, "cannot use the certificate"},
        {files->certificate, files->text, STATUS_INVALID, "cannot use the key"},
        {files->certificate, files->other_key, STATUS_INVALID, "does not belong to the certificate"},
        {files->certificate, files->locked_key, STATUS_INVALID, "without a passphrase"},
        {files->certificate, NULL, STATUS_INVALID, "one is missing"},
        {NULL, files->key, STATUS_INVALID, "one is missing"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct http_server_options options = {.endpoint.address = "127.0.0.1:0",
                                              .endpoint.flag = "--http",
                                              .endpoint.certificate_file = cases[i].certificate,
                                              .endpoint.key_file = cases[i].key,
                                              .handle = echo_handle};
        struct http_server *server = NULL;
        struct error error;
        assert_status(http_server_open(&options, &server, &error), cases[i].status, error);
        if (strstr(error.text, cases[i].words) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].words);
        }
        assert_null(server);
    }
}

/* --- byte streams ----------------------------------------------------------------------------------------------- */

static void mirror_opened(void *context, struct stream *stream)
{
    (void)context;
    (void)stream;
}

/* Sends back what comes; ends with a full stop. */
static size_t mirror_received(void *context, struct stream *stream, struct bytes bytes)
{
    (void)context;
    stream_send(stream, bytes);
    if (bytes.data[bytes.size - 1] == '.') {
        stream_end(stream);
    }
    return bytes.size;
}

/* A protocol without a name takes whatever protocols a client names. */
static void test_streams(void **state)
{
    const struct files *files = *state;
    struct stream_server_options options = {.endpoint.address = "127.0.0.1:0",
                                            .endpoint.flag = "--cql",
                                            .endpoint.certificate_file = files->certificate,
                                            .endpoint.key_file = files->key,
                                            .opened = mirror_opened,
                                            .received = mirror_received,
                                            .closed = mirror_opened};
    struct stream_server *server = NULL;
    struct error error;
    assert_ok(stream_server_open(&options, &server, &error), error);
    static const char *const protocols[] = {NULL, "\x03"
                                                  "cql"};
    for (size_t i = 0; i < ARRAY_COUNT(protocols); i++) {
        struct secure secure;
        int connection = client_connect(stream_server_address(server));
        assert_true(secure_open_on(&secure, connection, files, TLS1_3_VERSION, protocols[i]));
        secure_send(&secure, bytes_of_text("hello"));
        secure_expect(&secure, "hello");
        secure_send(&secure, bytes_of_text("bye."));
        secure_expect(&secure, "bye.");
        secure_expect_end(&secure);
        secure_close(&secure);
    }
    stream_server_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_large_bodies),
        cmocka_unit_test(test_a_certificate_that_is_renewed),
        cmocka_unit_test(test_who_gets_no_connection),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_files_that_cannot_be_used),
        cmocka_unit_test(test_streams),
    };
    return cmocka_run_group_tests_name("net/tls", tests, files_make, files_remove);
}
