#include "http/http.h"

#include "base/memory.h"
#include "base/metric.h"
#include "codec/json.h"
#include "gate/health.h"
#include "gate/measure.h"
#include "net/http.h"

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a gauge, atomic */
static struct metric connections = GATE_CONNECTIONS("http");

struct http_door {
    struct http_door_options options;
    struct http_server *server;
};

enum {
    HTTP_BODY_BYTES_MAX = 64 * 1024, /* nothing here needs a body */
};

static void answer_text(struct http_exchange **exchange, unsigned status, const char *text)
{
    struct http_answer answer = {.status = status,
                                 .type = "text/plain; charset=utf-8",
                                 .body = bytes_of_text(text)};
    http_reply(exchange, &answer);
}

static void serve_metrics(struct http_exchange *exchange)
{
    struct buffer text = {0};
    metric_render(&text);
    struct http_answer answer = {.status = 200,
                                 .type = "text/plain; version=0.0.4; charset=utf-8",
                                 .body = buffer_bytes(&text)};
    http_reply(&exchange, &answer);
    buffer_reset(&text);
}

static struct value condition_value(const struct health_condition *condition, struct arena *arena)
{
    const struct value_member members[] = {
        {"advice", value_of_text(bytes_of_text(condition->advice))},
        {"name", value_of_text(bytes_of_text(condition->name))},
        {"stops_writes", value_of_boolean(condition->stops_writes)},
        {"text", value_of_text(bytes_of_text(condition->text))},
    };
    return value_of_members(arena, members, ARRAY_COUNT(members));
}

static void serve_ready(struct http_door *door, struct http_exchange *exchange)
{
    struct health health = {0};
    struct buffer text = {0};
    struct arena *arena = http_arena(exchange);
    door->options.health(door->options.context, &health);
    struct value conditions = {.kind = VALUE_LIST,
                               .items = {.at = arena_create_array(arena, health.count, sizeof(struct value)),
                                         .count = health.count}};
    for (size_t i = 0; i < health.count; i++) {
        conditions.items.at[i] = condition_value(&health.conditions[i], arena);
    }
    bool is_ready = health_is_ready(&health);
    const struct value_member members[] = {
        {"conditions", conditions},
        {"ready", value_of_boolean(is_ready)},
    };
    struct value body = value_of_members(arena, members, ARRAY_COUNT(members));
    codec_json_encode(&text, &body);
    buffer_put_u8(&text, '\n');
    struct http_answer answer = {.status = is_ready ? 200 : 503,
                                 .type = "application/json",
                                 .body = buffer_bytes(&text)};
    http_reply(&exchange, &answer);
    buffer_reset(&text);
}

static void serve_root(struct http_exchange *exchange)
{
    answer_text(&exchange, 200,
                "Oxbow " OXBOW_VERSION "\n\n"
                "/health    it is alive\n"
                "/ready     it takes writes; what is unusual, as JSON\n"
                "/metrics   for Prometheus\n");
}

/* Thread: the server's. */
static void http_handle(void *context, struct http_exchange *exchange)
{
    struct http_door *door = context;
    struct bytes path = http_path(exchange);
    const char *method = http_method(exchange);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        struct http_answer answer = {.status = 405,
                                     .type = "text/plain; charset=utf-8",
                                     .headers = "Allow: GET, HEAD\r\n",
                                     .body = bytes_of_text("only GET and HEAD\n")};
        http_reply(&exchange, &answer);
    } else if (bytes_equal(path, bytes_of_text("/metrics"))) {
        serve_metrics(exchange);
    } else if (bytes_equal(path, bytes_of_text("/ready"))) {
        serve_ready(door, exchange);
    } else if (bytes_equal(path, bytes_of_text("/health"))) {
        answer_text(&exchange, 200, "alive\n");
    } else if (bytes_equal(path, bytes_of_text("/"))) {
        serve_root(exchange);
    } else {
        answer_text(&exchange, 404, "there is nothing here; see /\n");
    }
}

enum status http_door_open(const struct http_door_options *options, struct http_door **ret_door,
                           struct error *error)
{
    struct http_door *door = memory_create(sizeof(*door));
    door->options = *options;
    metric_register(&connections);
    struct http_server_options server = {.endpoint = options->endpoint,
                                         .is_dated = true,
                                         .body_bytes_max = HTTP_BODY_BYTES_MAX,
                                         .connections = &connections,
                                         .handle = http_handle,
                                         .context = door};
    enum status status = http_server_open(&server, &door->server, error);
    if (status != STATUS_OK) {
        memory_destroy(door);
        return status;
    }
    *ret_door = door;
    return STATUS_OK;
}

void http_door_close(struct http_door **door)
{
    struct http_door *gone = *door;
    *door = NULL;
    if (gone != NULL) {
        http_server_close(&gone->server);
        memory_destroy(gone);
    }
}

const char *http_door_address(const struct http_door *door)
{
    return http_server_address(door->server);
}
