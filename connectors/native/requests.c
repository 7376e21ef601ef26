/* Which request goes where. */
#include "gate/health.h"
#include "native_private.h"

void native__put_field(struct buffer *body, enum wire_field field)
{
    codec_put_unsigned(body, (uint64_t)field);
}

void native__reply(struct native_door *door, const struct native_peer *peer, const struct buffer *body)
{
    (void)native__send(door, peer, peer->type | WIRE_REPLY, body); /* a peer that is gone misses nothing */
    native__measure_end(peer, STATUS_OK);
}

static void put_fact(struct buffer *body, const char *name, uint64_t number)
{
    codec_put_text(body, bytes_of_text(name));
    codec_put_unsigned(body, number);
}

/* What is unusual, each with advice. */
static void put_conditions(struct native_door *door, struct buffer *body)
{
    struct health health = {0};
    door->options.health(door->options.health_context, &health);
    native__put_field(body, WIRE_FIELD_CONDITIONS);
    codec_put_array(body, (uint32_t)health.count);
    for (size_t i = 0; i < health.count; i++) {
        const struct health_condition *condition = &health.conditions[i];
        codec_put_map(body, 4);
        codec_put_text(body, bytes_of_text("advice"));
        codec_put_text(body, bytes_of_text(condition->advice));
        codec_put_text(body, bytes_of_text("name"));
        codec_put_text(body, bytes_of_text(condition->name));
        codec_put_text(body, bytes_of_text("stops_writes"));
        codec_put_boolean(body, condition->stops_writes);
        codec_put_text(body, bytes_of_text("text"));
        codec_put_text(body, bytes_of_text(condition->text));
    }
}

static void serve_status(struct native_door *door, struct native_request *request)
{
    struct gate_facts facts;
    struct buffer body = {0};
    gate_facts_read(door->options.gate, &facts);
    codec_put_map(&body, 3);
    native__put_field(&body, WIRE_FIELD_VERSION);
    codec_put_text(&body, bytes_of_text(OXBOW_VERSION));
    native__put_field(&body, WIRE_FIELD_FACTS);
    codec_put_map(&body, 9);
    put_fact(&body, "checkpoint_lsn", facts.checkpoint_lsn);
    put_fact(&body, "committed_lsn", facts.committed_lsn);
    put_fact(&body, "horizon_lsn", facts.horizon_lsn);
    put_fact(&body, "log_bytes", facts.log_bytes);
    put_fact(&body, "log_segments", facts.log_segments);
    put_fact(&body, "store_bytes", facts.store_bytes);
    put_fact(&body, "synced_lsn", facts.synced_lsn);
    put_fact(&body, "tables", facts.tables);
    put_fact(&body, "term", facts.term);
    put_conditions(door, &body);
    native__reply(door, &request->peer, &body);
    buffer_reset(&body);
}

/* NOLINTNEXTLINE(readability-function-size): one case a request */
void native__serve(struct native_door *door, struct native_request *request)
{
    switch (request->peer.type) {
    case WIRE_STATUS:
        serve_status(door, request);
        break;
    case WIRE_METRICS:
        native__serve_metrics(door, request);
        break;
    case WIRE_TABLE_CREATE:
    case WIRE_TABLE_DROP:
    case WIRE_TABLE_TRUNCATE:
    case WIRE_TABLE_ALTER:
        native__serve_table_change(door, request);
        break;
    case WIRE_RESTORE:
        native__serve_restore(door, request);
        break;
    case WIRE_TABLE_LIST:
        native__serve_table_list(door, request);
        break;
    case WIRE_TABLE_DESCRIBE:
        native__serve_table_describe(door, request);
        break;
    case WIRE_PUT:
    case WIRE_DELETE:
    case WIRE_UPDATE:
    case WIRE_TRANSACT:
        native__serve_write(door, request);
        break;
    case WIRE_GET:
        native__serve_get(door, request);
        break;
    case WIRE_SCAN:
        native__serve_scan(door, request);
        break;
    case WIRE_SCRUB:
        native__serve_scrub(door, request);
        break;
    case WIRE_HISTORY:
        native__serve_history(door, request);
        break;
    case WIRE_COMPARE:
        native__serve_compare(door, request);
        break;
    case WIRE_FUNCTION_DEPLOY:
    case WIRE_FUNCTION_INVOKE:
    case WIRE_FUNCTION_DELETE:
    case WIRE_MAPPING_CREATE:
    case WIRE_MAPPING_DELETE:
    case WIRE_PARKED_DELETE:
        native__serve_function(door, request);
        break;
    case WIRE_FUNCTION_LIST:
        native__serve_function_list(door, request);
        break;
    case WIRE_MAPPING_LIST:
        native__serve_mapping_list(door, request);
        break;
    case WIRE_CREDENTIAL_CREATE:
    case WIRE_CREDENTIAL_REMOVE:
        native__serve_credential_change(door, request);
        break;
    case WIRE_CREDENTIAL_LIST:
        native__serve_credential_list(door, request);
        break;
    case WIRE_UNSUBSCRIBE:
        native__unsubscribe(door, request);
        break;
    case WIRE_SUBSCRIBE:
        native__subscribe(door, request);
        break;
    case WIRE_CREDIT:
        native__credit(door, request);
        break;
    default:
        native__answer_error(door, &request->peer, STATUS_UNSUPPORTED, "an unknown request type");
        break;
    }
}
