#include "http/http.h"

#include "base/memory.h"
#include "base/metric.h"
#include "gate/gate.h"
#include "net/http.h"

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

/* What the server knows of itself at this moment, beside what the floors count. */
static void put_facts(struct http_door *door, struct buffer *text)
{
    struct gate_facts facts;
    gate_facts_read(door->options.gate, &facts);
    const struct {
        const char *name;
        const char *help;
        uint64_t value;
    } gauges[] = {
        {"oxbow_committed_lsn", "Last LSN that is committed and visible.", facts.committed_lsn},
        {"oxbow_synced_lsn", "Last LSN that is durable.", facts.synced_lsn},
        {"oxbow_horizon_lsn", "Oldest LSN in the log.", facts.horizon_lsn},
        {"oxbow_checkpoint_lsn", "LSN of the newest checkpoint.", facts.checkpoint_lsn},
        {"oxbow_term", "Number of the writer's reign.", facts.term},
        {"oxbow_log_bytes", "Bytes of the log on disk.", facts.log_bytes},
        {"oxbow_log_segments", "Segments of the log.", facts.log_segments},
        {"oxbow_store_bytes", "Bytes of the store up to its last used page.", facts.store_bytes},
        {"oxbow_tables", "Tables of users.", facts.tables},
    };
    for (size_t i = 0; i < ARRAY_COUNT(gauges); i++) {
        buffer_put_format(text, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", gauges[i].name, gauges[i].help,
                          gauges[i].name, gauges[i].name, (unsigned long long)gauges[i].value);
    }
}

static void serve_metrics(struct http_door *door, struct http_exchange *exchange)
{
    struct buffer text = {0};
    metric_render(&text);
    put_facts(door, &text);
    struct http_answer answer = {.status = 200,
                                 .type = "text/plain; version=0.0.4; charset=utf-8",
                                 .body = buffer_bytes(&text)};
    http_reply(&exchange, &answer);
    buffer_reset(&text);
}

static void serve_ready(struct http_door *door, struct http_exchange *exchange)
{
    const char *reason = gate_refusal(door->options.gate);
    if (reason == NULL) {
        answer_text(&exchange, 200, "ready\n");
        return;
    }
    char *text = arena_format(http_arena(exchange), "not ready: %s\n", reason);
    answer_text(&exchange, 503, text);
}

static void serve_root(struct http_exchange *exchange)
{
    answer_text(&exchange, 200,
                "Oxbow " OXBOW_VERSION "\n\n"
                "/health    it is alive\n"
                "/ready     it takes writes\n"
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
        serve_metrics(door, exchange);
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
    struct http_server_options server = {.address = options->address,
                                         .flag = "--http",
                                         .body_bytes_max = HTTP_BODY_BYTES_MAX,
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
