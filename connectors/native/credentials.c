/* Requests about access keys: the row goes through the gate, and access/identity hears of it after the commit. */
#include "base/clock.h"
#include "base/memory.h"
#include "identity/identity.h"
#include "native_private.h"

/* An access key on its way in or out. */
struct native_credential {
    struct native_door *door;
    struct native_reply *reply;
    struct identity_issue issue; /* of one to be removed only the id */
};

static void credential_destroy(struct native_credential *credential)
{
    crypto_wipe(&credential->issue, sizeof(credential->issue));
    memory_destroy(credential);
}

static void put_text(struct buffer *body, enum wire_field field, const char *text)
{
    native__put_field(body, field);
    codec_put_text(body, bytes_of_text(text));
}

static void put_refusal(struct buffer *body, const struct native_credential *credential,
                        const struct gate_outcome *outcome)
{
    bool is_absent = outcome->status == STATUS_CONDITION;
    char text[96] = "there is no access key ";
    strncat(text, credential->issue.access_key_id, IDENTITY_ID_BYTES);
    codec_put_map(body, 2);
    native__put_field(body, WIRE_FIELD_STATUS);
    codec_put_unsigned(body, (uint64_t)(is_absent ? STATUS_NOT_FOUND : outcome->status));
    put_text(body, WIRE_FIELD_TEXT, is_absent ? text : outcome->text);
}

/* Thread: the writer's. */
static void credential_done(void *context, const struct gate_outcome *outcome)
{
    struct native_credential *credential = context;
    struct native_reply *reply = credential->reply;
    struct identity *identity = credential->door->options.identity;
    struct identity_issue *issue = &credential->issue;
    bool is_create = reply->peer.type == WIRE_CREDENTIAL_CREATE;
    if (outcome->status != STATUS_OK) {
        put_refusal(&reply->body, credential, outcome);
    } else if (is_create) {
        identity_admit(identity, issue);
        codec_put_map(&reply->body, 4);
        put_text(&reply->body, WIRE_FIELD_ACCESS_KEY, issue->access_key_id);
        put_text(&reply->body, WIRE_FIELD_SECRET, issue->secret);
        put_text(&reply->body, WIRE_FIELD_PRINCIPAL, issue->name);
    } else {
        identity_forget(identity, bytes_of_text(issue->access_key_id));
        codec_put_map(&reply->body, 1);
    }
    if (outcome->status == STATUS_OK) {
        native__put_field(&reply->body, WIRE_FIELD_LSN);
        codec_put_unsigned(&reply->body, outcome->lsn);
    }
    reply->status = outcome->status;
    struct native_door *door = credential->door;
    credential_destroy(credential);
    enum status status = mailbox_send_reply(door->mailbox, &reply->message);
    CHECK(status == STATUS_OK); /* the door closes after the writer */
}

static enum status credential_create(struct native_door *door, struct native_request *request,
                                     struct identity_issue *issue, struct gate_change *change,
                                     struct error *error)
{
    struct bytes name = {0};
    enum status status = codec_field_text(&request->body, WIRE_FIELD_PRINCIPAL, &name, error);
    if (status == STATUS_OK) {
        status = identity_issue(door->options.identity, name, clock_wall_us(clock_system()), issue, error);
    }
    if (status == STATUS_OK) {
        struct value *item = arena_create(&request->arena, sizeof(*item));
        *item = identity_item(door->options.identity, issue, &request->arena);
        change->kind = GATE_PUT;
        change->presence = GATE_IF_ABSENT;
        change->item = item;
    }
    return status;
}

static enum status credential_remove(struct native_request *request, struct identity_issue *issue,
                                     struct gate_change *change, struct error *error)
{
    struct bytes id = {0};
    enum status status = codec_field_text(&request->body, WIRE_FIELD_ACCESS_KEY, &id, error);
    if (status == STATUS_OK && id.size != IDENTITY_ID_BYTES) {
        status = error_set(error, STATUS_NOT_FOUND, "an access key id has %d characters", IDENTITY_ID_BYTES);
    }
    if (status == STATUS_OK) {
        memcpy(issue->access_key_id, id.data, id.size);
        const struct value_member key[] = {{"id", value_of_text(arena_copy(&request->arena, id))}};
        struct value *item = arena_create(&request->arena, sizeof(*item));
        *item = value_of_members(&request->arena, key, ARRAY_COUNT(key));
        change->kind = GATE_DELETE;
        change->presence = GATE_IF_PRESENT;
        change->item = item;
    }
    return status;
}

void native__serve_credential_change(struct native_door *door, struct native_request *request)
{
    struct error error;
    struct native_credential *credential = memory_create(sizeof(*credential));
    struct gate_change *change = arena_create(&request->arena, sizeof(*change));
    change->table = bytes_of_text("system.credentials");
    change->is_system = true;
    enum status status = request->peer.type == WIRE_CREDENTIAL_CREATE
                             ? credential_create(door, request, &credential->issue, change, &error)
                             : credential_remove(request, &credential->issue, change, &error);
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        credential_destroy(credential);
        return;
    }
    credential->door = door;
    credential->reply = memory_create(sizeof(*credential->reply));
    credential->reply->peer = request->peer;
    struct gate_transaction transaction = {.arena = &request->arena,
                                           .changes = change,
                                           .count = 1,
                                           .actor = bytes_of_text("local"),
                                           .done = credential_done,
                                           .context = credential};
    atomic_fetch_add(&door->writes, 1);
    status = gate_submit(door->options.gate, &transaction, NULL, &error);
    if (status != STATUS_OK) {
        native__answer_error(door, &request->peer, status, error.text);
        memory_destroy(credential->reply);
        credential_destroy(credential);
        atomic_fetch_sub(&door->writes, 1);
    }
}

struct credential_list {
    struct buffer entries;
    uint32_t count;
};

static void list_entry(void *context, const struct identity_entry *entry)
{
    struct credential_list *list = context;
    struct buffer *entries = &list->entries;
    codec_put_map(entries, 4);
    native__put_field(entries, WIRE_FIELD_ACCESS_KEY);
    codec_put_text(entries, entry->access_key_id);
    native__put_field(entries, WIRE_FIELD_PRINCIPAL);
    codec_put_text(entries, entry->name);
    put_text(entries, WIRE_FIELD_STATE, entry->is_active ? "active" : "inactive");
    native__put_field(entries, WIRE_FIELD_TIME);
    codec_put_integer(entries, entry->created_us);
    list->count++;
}

void native__serve_credential_list(struct native_door *door, struct native_request *request)
{
    struct credential_list list = {0};
    struct buffer body = {0};
    identity_list(door->options.identity, list_entry, &list);
    codec_put_map(&body, 1);
    native__put_field(&body, WIRE_FIELD_CREDENTIALS);
    codec_put_array(&body, list.count);
    buffer_put(&body, buffer_bytes(&list.entries));
    native__reply(door, &request->peer, &body);
    buffer_reset(&body);
    buffer_reset(&list.entries);
}
