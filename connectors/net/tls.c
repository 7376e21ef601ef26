#include "tls.h"

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/diagnostic.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/metric.h"
#include "net/bounds.h"
#include "net/endpoint.h"

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a gauge, atomic */
static struct metric expiry = {.kind = METRIC_GAUGE,
                               .name = "oxbow_tls_certificate_expiry_seconds",
                               .help = "When the certificate of doors with TLS expires, since 1970."};

struct tls_context {
    pthread_mutex_t mutex; /* of settings: those who come meanwhile take either */
    SSL_CTX *settings;     /* each session has a share of its own */
    char *certificate_file;
    char *key_file;
    unsigned char protocol[16]; /* as RFC 7301 lists names: its length, then the name */
};

struct tls {
    SSL *session;
    BIO *received; /* the session owns both */
    BIO *unsent;
};

/* --- certificate and key ---------------------------------------------------------------------------------------- */

/* RFC 7301: a client that names protocols but not this one gets no connection; one that names none gets it. */
static int tls_choose_protocol(SSL *session, const unsigned char **ret_chosen, unsigned char *ret_size,
                               const unsigned char *offered, unsigned offered_bytes, void *context)
{
    const struct tls_context *of = context;
    unsigned char *chosen = NULL;
    (void)session;
    if (SSL_select_next_proto(&chosen, ret_size, of->protocol, of->protocol[0] + 1U, offered,
                              offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *ret_chosen = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Nobody is there to be asked for a passphrase. */
static int tls_no_passphrase(char *room, int room_bytes, int is_writing, void *context)
{
    (void)room;
    (void)room_bytes;
    (void)is_writing;
    (void)context;
    return -1;
}

static const char *tls_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == NULL ? "unknown reason" : reason;
}

static enum status tls_load(SSL_CTX *settings, const char *certificate_file, const char *key_file,
                            struct error *error)
{
    if (!file_exists(certificate_file)) {
        return error_set(error, STATUS_NOT_FOUND, "the certificate %s does not exist", certificate_file);
    }
    if (!file_exists(key_file)) {
        return error_set(error, STATUS_NOT_FOUND, "the key %s does not exist", key_file);
    }
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(settings, certificate_file) != 1) {
        return error_set(error, STATUS_INVALID,
                         "cannot use the certificate %s: %s; it must be PEM, the server's own certificate "
                         "first, then its chain",
                         certificate_file, tls_reason());
    }
    /* Checks on its own that it belongs to the certificate. */
    if (SSL_CTX_use_PrivateKey_file(settings, key_file, SSL_FILETYPE_PEM) != 1) {
        if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
            ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH) {
            return error_set(error, STATUS_INVALID,
                             "the key %s does not belong to the certificate %s; give the key that the "
                             "certificate was made with",
                             key_file, certificate_file);
        }
        return error_set(error, STATUS_INVALID,
                         "cannot use the key %s: %s; it must be PEM without a passphrase", key_file,
                         tls_reason());
    }
    return STATUS_OK;
}

int64_t net_certificate_expiry_s(void)
{
    return metric_value(&expiry);
}

static void tls_note_expiry(const X509 *certificate)
{
    struct tm parts = {0};
    if (certificate != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1) {
        metric_register(&expiry);
        metric_set(&expiry, (int64_t)timegm(&parts));
    }
}

/* The server goes on with a certificate whose time is not now: clients may be told to take it. */
static void tls_check_dates(SSL_CTX *settings, const char *certificate_file)
{
    const X509 *certificate = SSL_CTX_get0_certificate(settings);
    int days_since = 0; /* both of one sign, with the seconds beside them */
    int days_left = 0;
    int seconds_since = 0;
    int seconds_left = 0;
    if (certificate == NULL ||
        ASN1_TIME_diff(&days_since, &seconds_since, X509_get0_notBefore(certificate), NULL) != 1 ||
        ASN1_TIME_diff(&days_left, &seconds_left, NULL, X509_get0_notAfter(certificate)) != 1) {
        return;
    }
    if (days_left < 0 || seconds_left < 0) {
        diagnostic_write(DIAGNOSTIC_WARNING, "net",
                         "the certificate %s expired %d day(s) ago: clients refuse it; put a new one in its "
                         "place and reload (SIGHUP)",
                         certificate_file, -days_left);
    } else if (days_since < 0 || seconds_since < 0) {
        diagnostic_write(DIAGNOSTIC_WARNING, "net",
                         "the certificate %s holds in %d day(s) only: clients refuse it until then",
                         certificate_file, -days_since);
    } else if (days_left < NET_CERTIFICATE_NOTICE_DAYS) {
        diagnostic_write(DIAGNOSTIC_WARNING, "net",
                         "the certificate %s expires in %d day(s); put a new one in its place and reload "
                         "(SIGHUP)",
                         certificate_file, days_left);
    }
}

/* Who has the key can stand in for the server. */
static void tls_check_key_mode(const char *key_file)
{
    struct stat facts;
    if (stat(key_file, &facts) == 0 && (facts.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        diagnostic_write(DIAGNOSTIC_WARNING, "net",
                         "every user of this machine may read or change the key %s; chmod 600 it", key_file);
    }
}

enum status net__tls_context_open(const char *certificate_file, const char *key_file, const char *protocol,
                                  struct tls_context **ret_context, struct error *error)
{
    if (certificate_file == NULL || key_file == NULL) {
        return error_set(error, STATUS_INVALID, "TLS takes both a certificate and its key; one is missing");
    }
    struct tls_context *context = memory_create(sizeof(*context));
    CHECK(pthread_mutex_init(&context->mutex, NULL) == 0);
    context->certificate_file = memory_copy_text(certificate_file);
    context->key_file = memory_copy_text(key_file);
    if (protocol != NULL) {
        size_t size = strlen(protocol);
        CHECK(size < sizeof(context->protocol));
        context->protocol[0] = (unsigned char)size;
        memcpy(context->protocol + 1, protocol, size);
    }
    enum status status = net__tls_context_reload(context, error);
    if (status != STATUS_OK) {
        net__tls_context_close(&context);
        return status;
    }
    *ret_context = context;
    return STATUS_OK;
}

enum status net__tls_context_reload(struct tls_context *context, struct error *error)
{
    SSL_CTX *settings = SSL_CTX_new(TLS_server_method());
    CHECK(settings != NULL);
    CHECK(SSL_CTX_set_min_proto_version(settings, TLS1_2_VERSION) == 1);
    (void)SSL_CTX_set_options(settings, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(settings, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(settings, SSL_SESS_CACHE_OFF); /* tickets do without it */
    if (context->protocol[0] > 0) {
        SSL_CTX_set_alpn_select_cb(settings, tls_choose_protocol, context);
    }
    SSL_CTX_set_default_passwd_cb(settings, tls_no_passphrase);
    enum status status = tls_load(settings, context->certificate_file, context->key_file, error);
    ERR_clear_error();
    if (status == STATUS_OK) {
        tls_check_dates(settings, context->certificate_file);
        tls_check_key_mode(context->key_file);
        tls_note_expiry(SSL_CTX_get0_certificate(settings));
        (void)pthread_mutex_lock(&context->mutex);
        SSL_CTX *old = context->settings;
        context->settings = settings;
        settings = old;
        (void)pthread_mutex_unlock(&context->mutex);
    }
    SSL_CTX_free(settings);
    return status;
}

void net__tls_context_close(struct tls_context **context)
{
    struct tls_context *gone = *context;
    *context = NULL;
    if (gone != NULL) {
        SSL_CTX_free(gone->settings);
        (void)pthread_mutex_destroy(&gone->mutex);
        memory_destroy(gone->certificate_file);
        memory_destroy(gone->key_file);
        memory_destroy(gone);
    }
}

/* --- a connection ----------------------------------------------------------------------------------------------- */

struct tls *net__tls_create(struct tls_context *context)
{
    struct tls *tls = memory_create(sizeof(*tls));
    (void)pthread_mutex_lock(&context->mutex);
    tls->session = SSL_new(context->settings);
    (void)pthread_mutex_unlock(&context->mutex);
    tls->received = BIO_new(BIO_s_mem());
    tls->unsent = BIO_new(BIO_s_mem());
    CHECK(tls->session != NULL && tls->received != NULL && tls->unsent != NULL);
    SSL_set_bio(tls->session, tls->received, tls->unsent);
    SSL_set_accept_state(tls->session);
    return tls;
}

void net__tls_destroy(struct tls **tls)
{
    struct tls *gone = *tls;
    *tls = NULL;
    if (gone != NULL) {
        SSL_free(gone->session);
        memory_destroy(gone);
    }
}

void net__tls_receive(struct tls *tls, struct bytes ciphered)
{
    CHECK(ciphered.size <= INT32_MAX);
    CHECK(BIO_write(tls->received, ciphered.data, (int)ciphered.size) == (int)ciphered.size);
}

enum tls_result net__tls_read(struct tls *tls, void *room, size_t room_bytes, size_t *ret_size)
{
    ERR_clear_error(); /* SSL_get_error looks at what others left in this thread's queue */
    int result = SSL_read_ex(tls->session, room, room_bytes, ret_size);
    if (result == 1) {
        return TLS_DATA;
    }
    int problem = SSL_get_error(tls->session, result);
    ERR_clear_error();
    if (problem == SSL_ERROR_WANT_READ || problem == SSL_ERROR_WANT_WRITE) {
        return TLS_MORE;
    }
    return problem == SSL_ERROR_ZERO_RETURN ? TLS_END : TLS_FAILED;
}

bool net__tls_write(struct tls *tls, struct bytes plain)
{
    size_t written = 0;
    if (plain.size == 0) {
        return true;
    }
    ERR_clear_error();
    int result = SSL_write_ex(tls->session, plain.data, plain.size, &written);
    ERR_clear_error();
    return result == 1 && written == plain.size; /* memory takes all of it */
}

bool net__tls_is_ready(const struct tls *tls)
{
    return SSL_is_init_finished(tls->session) == 1;
}

const char *net__tls_name(const struct tls *tls, const char **ret_cipher)
{
    const SSL_CIPHER *cipher = net__tls_is_ready(tls) ? SSL_get_current_cipher(tls->session) : NULL;
    *ret_cipher = cipher == NULL ? NULL : SSL_CIPHER_standard_name(cipher);
    return cipher == NULL ? NULL : SSL_get_version(tls->session);
}

void net__tls_end(struct tls *tls)
{
    if (net__tls_is_ready(tls)) {
        (void)SSL_shutdown(tls->session);
        ERR_clear_error();
    }
}

struct bytes net__tls_unsent(const struct tls *tls)
{
    char *data = NULL;
    long size = BIO_get_mem_data(tls->unsent, &data);
    return size <= 0 ? (struct bytes){0} : bytes_of(data, (size_t)size);
}

void net__tls_sent(struct tls *tls)
{
    (void)BIO_reset(tls->unsent);
}
