/* Looking for damage, a step for each request. */
#include "scrub/scrub.h"

#include "base/damage.h"
#include "base/memory.h"
#include "native_private.h"

struct scrub_request {
    struct native_later later;
    struct buffer position;
};

static void scrub_destroy(struct native_later *later)
{
    struct scrub_request *request = (struct scrub_request *)later;
    buffer_reset(&request->position);
    memory_destroy(request);
}

static void put_step(struct buffer *body, const struct scrub_step *step, struct bytes position,
                     const char *damage)
{
    codec_put_map(body, damage == NULL ? 4 : 5);
    native__put_field(body, WIRE_FIELD_STAGE);
    codec_put_text(body, bytes_of_text(step->stage));
    native__put_field(body, WIRE_FIELD_TABLE);
    codec_put_text(body, step->subject);
    native__put_field(body, WIRE_FIELD_SCANNED);
    codec_put_unsigned(body, step->count);
    native__put_field(body, WIRE_FIELD_NEXT);
    codec_put_bytes(body, position);
    if (damage != NULL) {
        native__put_field(body, WIRE_FIELD_DAMAGE);
        codec_put_text(body, bytes_of_text(damage));
    }
}

/* Thread: the pool's. */
static void scrub_run(struct gate_reading *reading, struct gate_view *view, struct gate_view *aside)
{
    struct scrub_request *request = (struct scrub_request *)reading;
    struct native_reply *reply = request->later.reply;
    struct scrub_step step = {0};
    struct error error = {0};
    (void)aside;
    bool is_damaged = false;
    enum status status = gate_view_check(view, &error);
    if (status == STATUS_OK) {
        status = gate_scrub(request->later.door->options.gate, &request->position, &step, &error);
        is_damaged = damage_note(status, &error) == STATUS_CORRUPT;
    }
    if (status == STATUS_OK || is_damaged) {
        put_step(&reply->body, &step, buffer_bytes(&request->position), is_damaged ? error.text : NULL);
    } else {
        reply->status = status;
        native__put_error(&reply->body, status, error.text);
    }
    native__later_done(&request->later);
}

void native__serve_scrub(struct native_door *door, struct native_request *request)
{
    const struct value *from = codec_field(&request->body, WIRE_FIELD_NEXT);
    if (from != NULL && from->kind != VALUE_BYTES) {
        native__answer_error(door, &request->peer, STATUS_INVALID, "the position must be bytes");
        return;
    }
    struct scrub_request *scrub = memory_create(sizeof(*scrub));
    buffer_put(&scrub->position, from == NULL ? (struct bytes){0} : from->bytes);
    scrub->later.reading.run = scrub_run;
    scrub->later.destroy = scrub_destroy;
    native__later(door, &request->peer, &scrub->later);
}
