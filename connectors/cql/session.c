#include "session.h"

#include <strings.h>

#include "base/memory.h"
#include "cql/bounds.h"
#include "door.h"
#include "identity/identity.h"
#include "measure.h"
#include "message.h"
#include "role/role.h"
#include "segment.h"

enum {
    OUTPUT_BYTES = 64 * 1024, /* gathered of one connection's answers before they are sent */
};

/* --- opening and closing ---------------------------------------------------------------------------------------- */

void cql__session_open(struct cql_door *door, struct stream *stream)
{
    struct session *session = memory_create(sizeof(*session));
    *session = (struct session){.door = door, .stream = stream};
    stream_addresses(stream, &session->local, &session->remote);
    list_add(&door->sessions, &session->among, session);
    if (door->options.doors != NULL) {
        session->client = cql__client_create(cql__doors_clients(door->options.doors), &session->remote);
    }
    stream_context_set(stream, session);
    cql__measure_connections(1);
}

/* Bytes of an envelope that came so far. */
static void session_count_waiting(struct session *session, size_t bytes)
{
    session->door->bodies_bytes += bytes;
    session->door->bodies_bytes -= session->waiting_bytes;
    session->waiting_bytes = bytes;
}

static void session_destroy(struct session *session)
{
    buffer_reset(&session->envelopes);
    buffer_reset(&session->keyspace);
    buffer_reset(&session->principal);
    buffer_reset(&session->access_key);
    buffer_reset(&session->driver_name);
    buffer_reset(&session->driver_version);
    memory_destroy(session);
}

void cql__session_close(struct session *session)
{
    list_remove(&session->among);
    session_count_waiting(session, 0);
    session->stream = NULL;
    if (session->client != NULL) {
        cql__client_destroy(cql__doors_clients(session->door->options.doors), &session->client);
    }
    cql__measure_connections(-1);
    if (session->in_flight == 0) {
        session_destroy(session);
    }
}

void cql__session_landed(struct session *session)
{
    CHECK(session->in_flight > 0);
    if (--session->in_flight == 0 && session->stream == NULL) {
        session_destroy(session);
    }
}

/* Nothing more is taken from the client; what it was answered still arrives. */
static void session_end(struct session *session)
{
    session->is_ended = true;
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

static void session_flush(struct session *session)
{
    struct buffer *output = &session->door->output;
    stream_send(session->stream, buffer_bytes(output));
    buffer_clear(output);
    if (output->capacity > CQL_BODY_BYTES_MAX / 64) {
        buffer_reset(output);
    }
}

/* The envelope in v3 and v4: the body compressed when that pays. */
static void session_put_envelope(const struct session *session, struct bytes envelope, struct buffer *wire)
{
    size_t at = wire->size;
    struct bytes body = bytes_from(envelope, ENVELOPE_HEADER_BYTES);
    if (session->compression == CQL_PLAIN || session->state == SESSION_FRESH ||
        body.size < CQL_COMPRESS_BYTES_MIN) {
        buffer_put(wire, envelope);
        return;
    }
    buffer_put(wire, bytes_part(envelope, 0, ENVELOPE_HEADER_BYTES));
    if (cql__compress(session->compression, body, wire)) {
        wire->data[at + 1] |= ENVELOPE_COMPRESSED;
        cql__envelope_end(wire, at);
    } else {
        buffer_put(wire, body);
    }
}

void cql__session_send(struct session *session)
{
    struct cql_door *door = session->door;
    struct bytes envelope = buffer_bytes(&door->scratch);
    bool is_receiving = door->receiving == session;
    struct buffer *wire = is_receiving ? &door->output : &door->framed;
    if (session->stream != NULL && session->is_framed) {
        cql__segment_write(envelope, session->compression == CQL_LZ4, wire);
    } else if (session->stream != NULL) {
        session_put_envelope(session, envelope, wire);
    }
    if (session->stream != NULL && !is_receiving) {
        /* others of its requests are in the same batch, as a rule */
        bool is_last = session->in_flight <= 1;
        (is_last ? stream_send : stream_hold)(session->stream, buffer_bytes(wire));
    }
    buffer_clear(&door->framed);
    buffer_clear(&door->scratch);
    if (door->scratch.capacity > CQL_BODY_BYTES_MAX / 64) {
        buffer_reset(&door->scratch);
        buffer_reset(&door->framed);
    }
}

/* Tells of what is no request, and ends the connection. */
static void session_refuse(struct session *session, const struct envelope *envelope, const char *text)
{
    struct reply_head head = {.version = session->version == 0 ? envelope->version : session->version,
                              .stream = envelope->stream};
    struct cql_failure failure = {.code = CQL_PROTOCOL_ERROR, .message = bytes_of_text(text)};
    cql__reply_error(&session->door->scratch, &head, &failure);
    cql__measure_failure(CQL_PROTOCOL_ERROR);
    cql__session_send(session);
    session_end(session);
}

/* A login whose password is being looked at; in its request's arena. */
struct session_login {
    struct bytes user;
    enum role_login_result result;
};

/* --- requests about the connection itself ----------------------------------------------------------------------- */

/* The answer to a request that the session itself answers is in the scratch. */
static void session_answered(struct session *session, struct flight **flight)
{
    cql__session_send(session);
    cql__measure_request(*flight);
    cql__flight_destroy(flight);
}

static bool session_take_compression(struct session *session, struct bytes wanted, uint8_t version)
{
    static const struct {
        const char *name;
        enum cql_compression compression;
        uint8_t until;
    } known[] = {{"lz4", CQL_LZ4, 5}, {"snappy", CQL_SNAPPY, 4}};
    session->compression = CQL_PLAIN;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (wanted.size == strlen(known[i].name) && version <= known[i].until &&
            strncasecmp((const char *)wanted.data, known[i].name, wanted.size) == 0) {
            session->compression = known[i].compression;
        }
    }
    return wanted.size == 0 || session->compression != CQL_PLAIN;
}

static void session_ready(struct session *session)
{
    session->state = SESSION_READY;
    if (session->stream != NULL) { /* it may have left while its password was looked at */
        stream_settle(session->stream);
    }
    if (session->client != NULL) {
        cql__client_ready(cql__doors_clients(session->door->options.doors), session->client,
                          buffer_bytes(&session->principal));
    }
}

/* What others may know of the client from now on. */
static void session_tell_started(struct session *session, const struct cql_startup *startup, uint8_t version)
{
    struct cql_client facts = {.version = version,
                               .stage = CQL_CLIENT_AUTHENTICATING,
                               .options = startup->options};
    if (session->client != NULL) {
        facts.tls_protocol = stream_tls(session->stream, &facts.tls_cipher);
        cql__client_started(cql__doors_clients(session->door->options.doors), session->client, &facts);
    }
}

/* Its answer is the last that v5 sends without segments. */
static void session_startup(struct session *session, struct flight **flight)
{
    const struct cql_startup *startup = &(*flight)->message.startup;
    struct arena *arena = &(*flight)->arena;
    struct reply_head head = cql__flight_head(*flight);
    if (session->state != SESSION_FRESH) {
        cql__flight_refuse(flight, CQL_PROTOCOL_ERROR,
                           "Unexpected message STARTUP: the connection began already");
        return;
    }
    if (startup->cql_version.data[0] < '3' || startup->cql_version.data[0] > '9') {
        const char *text =
            arena_format(arena,
                         "CQL version %s is not supported by the binary protocol (supported version "
                         "are >= 3.0.0)",
                         arena_copy_text(arena, startup->cql_version));
        cql__flight_refuse(flight, CQL_PROTOCOL_ERROR, text);
        return;
    }
    if (!session_take_compression(session, startup->compression, head.version)) {
        const char *text = arena_format(arena, "Unknown compression algorithm: %s",
                                        arena_copy_text(arena, startup->compression));
        cql__flight_refuse(flight, CQL_PROTOCOL_ERROR, text);
        return;
    }
    buffer_put(&session->driver_name, startup->driver_name);
    buffer_put(&session->driver_version, startup->driver_version);
    session_tell_started(session, startup, head.version);
    bool requires_login = session->door->options.requires_login;
    if (requires_login) {
        cql__reply_authenticate(&session->door->scratch, &head, AUTHENTICATION_CLASS);
    } else {
        cql__reply_ready(&session->door->scratch, &head);
    }
    session_answered(session, flight);
    session->version = head.version;
    session->is_framed = head.version >= 5;
    if (requires_login) {
        session->state = SESSION_AUTHENTICATING;
    } else {
        session_ready(session);
    }
}

static void session_refuse_login(struct session *session, struct flight **flight, const char *text)
{
    cql__flight_refuse(flight, CQL_AUTHENTICATION_ERROR, text);
    if (++session->refusals >= CQL_AUTHENTICATIONS_MAX) {
        session_end(session);
    }
}

static void session_admit(struct session *session, struct flight **flight, struct bytes principal)
{
    struct reply_head head = cql__flight_head(*flight);
    cql__reply_authenticated(&session->door->scratch, &head);
    buffer_put(&session->principal, principal);
    buffer_put(&session->access_key, session->authentication.access_key);
    session_ready(session);
    session_answered(session, flight);
}

/* What the roles say of a password: its flight is answered as any is that was under way. */
static void session_verified(struct cql_request *request)
{
    struct flight *flight = cql__flight_of(request);
    struct session *session = flight->session;
    const struct session_login *login = request->context;
    struct arena *arena = &flight->arena;
    session->is_verifying = false;
    if (login->result == ROLE_LOGIN_OK) {
        session_admit(session, &flight, login->user);
    } else if (login->result == ROLE_LOGIN_CLOSED) {
        cql__flight_refuse(&flight, CQL_OVERLOADED, "The server is stopping");
    } else {
        bool is_wrong = login->result == ROLE_LOGIN_WRONG;
        session_refuse_login(session, &flight,
                             is_wrong ? cql__wrong_password(login->user, arena)
                                      : cql__login_forbidden(login->user, arena));
    }
    if (session->is_ended && session->stream != NULL) {
        stream_end(session->stream);
    }
    cql__session_landed(session);
}

/* Thread: the roles'. */
static void session_login_done(void *context, enum role_login_result result)
{
    struct cql_request *request = context;
    struct session_login *login = request->context;
    login->result = result;
    cql_request_resume(request, session_verified);
}

/* Has the password looked at on another thread. */
static void session_verify(struct session *session, struct flight **flight)
{
    struct flight *asking = *flight;
    struct authentication *authentication = &session->authentication;
    struct session_login *login = arena_create(&asking->arena, sizeof(*login));
    struct error error;
    login->user = authentication->user;
    asking->request.door = session->door;
    asking->request.context = login;
    session->is_verifying = true;
    session->in_flight++;
    if (role_login(session->door->options.roles, authentication->user, authentication->password,
                   session_login_done, &asking->request, &error) == STATUS_OK) {
        *flight = NULL;
        return;
    }
    session->is_verifying = false;
    session->in_flight--;
    cql__flight_refuse(flight, CQL_OVERLOADED, arena_format(&asking->arena, "%s", error.text));
}

static void session_authenticate(struct session *session, struct flight **flight)
{
    struct arena *arena = &(*flight)->arena;
    struct reply_head head = cql__flight_head(*flight);
    struct bytes challenge = {0};
    struct bytes principal = {0};
    struct error error = {0};
    if (session->is_verifying) {
        cql__flight_refuse(flight, CQL_PROTOCOL_ERROR,
                           "Unexpected message AUTH_RESPONSE: the one before is not answered yet");
        return;
    }
    switch (cql__authenticate(&session->authentication, &session->door->options,
                              (*flight)->message.token.bytes, arena, &challenge, &principal, &error)) {
    case AUTHENTICATION_PASSED:
        session_admit(session, flight, principal);
        break;
    case AUTHENTICATION_ASKED:
        session_verify(session, flight);
        break;
    case AUTHENTICATION_CHALLENGED:
        cql__reply_challenge(&session->door->scratch, &head, challenge);
        session_answered(session, flight);
        break;
    case AUTHENTICATION_REFUSED:
    default:
        session_refuse_login(session, flight, arena_format(arena, "%s", error.text));
        break;
    }
}

static void session_options(struct session *session, struct flight **flight)
{
    struct reply_head head = cql__flight_head(*flight);
    cql__reply_supported(&session->door->scratch, &head);
    session_answered(session, flight);
}

static void session_register(struct session *session, struct flight **flight)
{
    struct reply_head head = cql__flight_head(*flight);
    session->events |= (*flight)->message.events;
    cql__reply_ready(&session->door->scratch, &head);
    session_answered(session, flight);
}

/* Whether the access key that it came in with was taken away since. */
static bool session_is_over(const struct session *session)
{
    struct identity *identity = session->door->options.identity;
    return session->access_key.size > 0 && !identity_is_active(identity, buffer_bytes(&session->access_key));
}

static void session_execute(struct session *session, struct flight **flight)
{
    if (session_is_over(session)) {
        cql__flight_refuse(flight, CQL_UNAUTHORIZED,
                           "The access key of this connection is not active any more");
        session_end(session);
        return;
    }
    if (session->in_flight >= CQL_REQUESTS_MAX) {
        cql__flight_refuse(
            flight, CQL_OVERLOADED,
            "Server is in overloaded state. Too many requests of this connection are under way");
        return;
    }
    cql__flight_execute(flight);
}

/* --- requests --------------------------------------------------------------------------------------------------- */

/* Which requests there are in which state; any other is unexpected. */
static const struct {
    enum cql_opcode opcode;
    enum session_state from;
    enum session_state until;
    void (*serve)(struct session *session, struct flight **flight);
} moves[] = {
    {OPCODE_STARTUP, SESSION_FRESH, SESSION_READY, session_startup}, /* refuses by itself what comes late */
    {OPCODE_OPTIONS, SESSION_FRESH, SESSION_READY, session_options},
    {OPCODE_AUTH_RESPONSE, SESSION_AUTHENTICATING, SESSION_AUTHENTICATING, session_authenticate},
    {OPCODE_REGISTER, SESSION_READY, SESSION_READY, session_register},
    {OPCODE_QUERY, SESSION_READY, SESSION_READY, session_execute},
    {OPCODE_PREPARE, SESSION_READY, SESSION_READY, session_execute},
    {OPCODE_EXECUTE, SESSION_READY, SESSION_READY, session_execute},
    {OPCODE_BATCH, SESSION_READY, SESSION_READY, session_execute},
};

static void session_serve(struct session *session, struct flight **flight)
{
    static const char *const expected[] = {[SESSION_FRESH] = "STARTUP or OPTIONS",
                                           [SESSION_AUTHENTICATING] = "AUTH_RESPONSE",
                                           [SESSION_READY] = "a request"};
    enum cql_opcode opcode = (*flight)->message.opcode;
    for (size_t i = 0; i < ARRAY_COUNT(moves); i++) {
        if (moves[i].opcode == opcode && moves[i].from <= session->state &&
            session->state <= moves[i].until) {
            moves[i].serve(session, flight);
            return;
        }
    }
    const char *text = arena_format(&(*flight)->arena, "Unexpected message %s, expecting %s",
                                    cql__opcode_name(opcode), expected[session->state]);
    cql__flight_refuse(flight, CQL_PROTOCOL_ERROR, text);
}

static size_t session_body_bytes_max(const struct session *session)
{
    size_t given = session->door->options.body_bytes_max;
    size_t most = given == 0 ? (size_t)CQL_BODY_BYTES_MAX : given;
    return session->state == SESSION_READY || most < CQL_STARTUP_BYTES_MAX ? most : CQL_STARTUP_BYTES_MAX;
}

/* Whether `bytes` of a body of `body_bytes` in all are more than the requests of all connections leave room for. */
static bool session_lacks_room(const struct session *session, size_t body_bytes, size_t bytes)
{
    const struct cql_door *door = session->door;
    size_t given = door->options.bodies_bytes_max;
    size_t others = door->bodies_bytes - session->waiting_bytes;
    return body_bytes > CQL_BODY_BYTES_GRANTED &&
           others + bytes > (given == 0 ? (size_t)CQL_BODIES_BYTES_MAX : given);
}

static void session_refuse_body(struct flight **flight)
{
    cql__flight_refuse(flight, CQL_OVERLOADED,
                       "Server is in overloaded state. Requests under way hold too many bytes");
}

/* The body in memory of the request's own, without its compression. */
static enum status session_read_body(const struct session *session, const struct envelope *envelope,
                                     struct arena *arena, struct bytes *ret_body, struct error *error)
{
    bool is_compressed = (envelope->flags & ENVELOPE_COMPRESSED) != 0 && envelope->version < 5;
    if (!is_compressed || envelope->body.size == 0) {
        *ret_body = arena_copy(arena, envelope->body);
        return STATUS_OK;
    }
    return cql__decompress(session->compression, envelope->body, session_body_bytes_max(session), arena,
                           ret_body, error);
}

static bool opcode_is_traced(enum cql_opcode opcode)
{
    return opcode == OPCODE_QUERY || opcode == OPCODE_PREPARE || opcode == OPCODE_EXECUTE ||
           opcode == OPCODE_BATCH;
}

static void session_take(struct session *session, const struct envelope *envelope)
{
    struct error error;
    struct bytes body;
    if (session->version != 0 && envelope->version != session->version) {
        (void)error_set(
            &error, STATUS_INVALID,
            "Invalid message version. Got %u/v%u but previous messages on this connection had version "
            "%u/v%u",
            envelope->version, envelope->version, session->version, session->version);
        session_refuse(session, envelope, error.text);
        return;
    }
    struct flight *flight = cql__flight_create(session, envelope);
    enum status status = session_read_body(session, envelope, &flight->arena, &body, &error);
    if (status == STATUS_OK) {
        status = cql__message_decode(envelope, body, &flight->arena, &flight->message, &error);
    }
    if (status == STATUS_OK && session_lacks_room(session, body.size, body.size)) {
        session_refuse_body(&flight);
        return;
    }
    if (status == STATUS_OK) {
        flight->body_bytes = body.size;
        session->door->bodies_bytes += body.size;
    }
    if (status != STATUS_OK) {
        flight->message.opcode = envelope->opcode;
        cql__flight_refuse(&flight, CQL_PROTOCOL_ERROR, error.text);
        return;
    }
    if ((envelope->flags & ENVELOPE_TRACING) != 0 && opcode_is_traced(envelope->opcode)) {
        cql__flight_trace(flight);
    }
    if (session->client != NULL) {
        cql__client_requested(session->client);
    }
    session_serve(session, &flight);
}

/* --- receiving -------------------------------------------------------------------------------------------------- */

/* Drops what came of a body that there is no room for, and soon the rest. False: there is room. */
static bool session_drop(struct session *session, const struct envelope *envelope, size_t bytes)
{
    if (!session_lacks_room(session, envelope->body_bytes, bytes)) {
        return false;
    }
    struct flight *flight = cql__flight_create(session, envelope);
    session->skipped_bytes = ENVELOPE_HEADER_BYTES + envelope->body_bytes - bytes;
    session_refuse_body(&flight);
    return true;
}

/* Takes an envelope at the front of `input`, or what came of one that is dropped. False when there is none; *ret_used is what
 * was taken. */
static bool session_take_envelope(struct session *session, struct bytes input, size_t *ret_used)
{
    struct envelope envelope;
    struct error error;
    *ret_used = 0;
    if (session->skipped_bytes > 0) {
        *ret_used = session->skipped_bytes < input.size ? session->skipped_bytes : input.size;
        session->skipped_bytes -= *ret_used;
        return *ret_used > 0;
    }
    switch (cql__envelope_read(input, session_body_bytes_max(session), &envelope, ret_used, &error)) {
    case ENVELOPE_WHOLE:
        session_take(session, &envelope);
        return true;
    case ENVELOPE_REFUSED:
        session_refuse(session, &envelope, error.text);
        return false;
    case ENVELOPE_MORE:
    default:
        if (session_drop(session, &envelope, input.size)) {
            *ret_used = input.size;
        }
        return *ret_used > 0;
    }
}

/* The same out of the segments that came. */
static bool session_take_framed(struct session *session)
{
    struct buffer *envelopes = &session->envelopes;
    size_t used = 0;
    struct bytes rest = bytes_from(buffer_bytes(envelopes), session->envelopes_at);
    bool has_taken = session_take_envelope(session, rest, &used);
    session->envelopes_at += used;
    if (session->envelopes_at == envelopes->size) {
        session->envelopes_at = 0;
        buffer_clear(envelopes);
        if (envelopes->capacity > CQL_BUFFER_BYTES_KEPT) {
            buffer_reset(envelopes);
        }
    } else if (!has_taken && !session->is_ended && session->is_self_contained) {
        struct envelope unknown = {.version = session->version};
        session_refuse(session, &unknown, "A self-contained frame ends within a message");
    }
    return has_taken;
}

/* Takes a segment at the front of `input`. */
static bool session_take_segment(struct session *session, struct bytes input, size_t *ret_used)
{
    struct envelope unknown = {.version = session->version};
    struct buffer *envelopes = &session->envelopes;
    struct error error;
    if (session->envelopes_at > 0) {
        envelopes->size -= session->envelopes_at;
        memmove(envelopes->data, envelopes->data + session->envelopes_at, envelopes->size);
        session->envelopes_at = 0;
    }
    bool has_part = envelopes->size > 0;
    bool is_lz4 = session->compression == CQL_LZ4;
    switch (cql__segment_read(input, is_lz4, envelopes, &session->is_self_contained, ret_used, &error)) {
    case SEGMENT_WHOLE:
        if (session->is_self_contained && has_part) {
            session_refuse(session, &unknown,
                           "A self-contained frame comes within a message that is in parts");
            return false;
        }
        return true;
    case SEGMENT_BROKEN:
        session_refuse(session, &unknown, error.text);
        return false;
    case SEGMENT_MORE:
    default:
        return false;
    }
}

/* One envelope or segment further. False when there is none, or it is not the time. */
static bool session_step(struct session *session, struct bytes input, size_t *ret_used)
{
    *ret_used = 0;
    if (session->door->output.size >= OUTPUT_BYTES) {
        session_flush(session);
    }
    if (session->is_ended || stream_is_congested(session->stream)) {
        return false;
    }
    if (!session->is_framed) {
        return session_take_envelope(session, input, ret_used);
    }
    if (session->envelopes.size > session->envelopes_at && session_take_framed(session)) {
        return true;
    }
    return !session->is_ended && session_take_segment(session, input, ret_used);
}

size_t cql__session_receive(struct session *session, struct bytes bytes)
{
    struct cql_door *door = session->door;
    size_t used = 0;
    size_t step = 0;
    CHECK(door->receiving == NULL);
    door->receiving = session;
    while (session_step(session, bytes_from(bytes, used), &step)) {
        used += step;
    }
    session_flush(session);
    door->receiving = NULL;
    size_t waiting = bytes.size - used + session->envelopes.size - session->envelopes_at;
    session_count_waiting(session, session->is_ended ? 0 : waiting);
    if (session->is_ended) {
        stream_end(session->stream);
        return bytes.size;
    }
    return used;
}
