/* The metrics as msgpack, for `oxbow top` and whoever has no Prometheus. */
#include "base/metric.h"
#include "native_private.h"

/* Families are encoded one after the other; how many samples one has is known when the next begins. */
struct metrics_message {
    struct buffer families;
    uint32_t families_count;
    struct buffer samples; /* of the family at hand */
    uint32_t samples_count;
    struct metric_family family;
};

static void put_name(struct buffer *buffer, const char *name)
{
    codec_put_text(buffer, bytes_of_text(name));
}

static void message_end_family(struct metrics_message *message)
{
    static const char *const kinds[] = {[METRIC_COUNTER] = "counter",
                                        [METRIC_GAUGE] = "gauge",
                                        [METRIC_HISTOGRAM] = "histogram",
                                        [METRIC_HISTOGRAM_SECONDS] = "histogram"};
    struct buffer *families = &message->families;
    if (message->family.name == NULL) {
        return;
    }
    codec_put_map(families, 4);
    put_name(families, "name");
    put_name(families, message->family.name);
    put_name(families, "kind");
    put_name(families, kinds[message->family.kind]);
    put_name(families, "help");
    put_name(families, message->family.help);
    put_name(families, "samples");
    codec_put_array(families, message->samples_count);
    buffer_put(families, buffer_bytes(&message->samples));
    buffer_clear(&message->samples);
    message->samples_count = 0;
    message->families_count++;
}

static void put_family(void *context, const struct metric_family *family)
{
    struct metrics_message *message = context;
    message_end_family(message);
    message->family = *family;
}

static void put_number(struct buffer *buffer, double number)
{
    struct value value = {.kind = VALUE_DOUBLE, .float64 = number};
    codec_value_encode(buffer, &value);
}

static void put_sample(void *context, const struct metric_family *family, const struct metric_sample *sample)
{
    struct metrics_message *message = context;
    struct buffer *samples = &message->samples;
    bool is_histogram = sample->bounds != NULL;
    (void)family;
    codec_put_map(samples, is_histogram ? 4 : 2);
    put_name(samples, "labels");
    put_name(samples, sample->labels == NULL ? "" : sample->labels);
    put_name(samples, is_histogram ? "sum" : "value");
    put_number(samples, sample->value);
    message->samples_count++;
    if (!is_histogram) {
        return;
    }
    put_name(samples, "bounds");
    codec_put_array(samples, (uint32_t)sample->bounds_count);
    for (size_t i = 0; i < sample->bounds_count; i++) {
        put_number(samples, sample->bounds[i]);
    }
    put_name(samples, "counts");
    codec_put_array(samples, (uint32_t)sample->bounds_count + 1);
    for (size_t i = 0; i <= sample->bounds_count; i++) {
        codec_put_unsigned(samples, sample->buckets[i]);
    }
}

void native__serve_metrics(struct native_door *door, struct native_request *request)
{
    struct metrics_message message = {0};
    struct metric_sink sink = {.family = put_family, .sample = put_sample, .context = &message};
    struct buffer body = {0};
    metric_visit(&sink);
    message_end_family(&message);
    codec_put_map(&body, 1);
    native__put_field(&body, WIRE_FIELD_METRICS);
    codec_put_array(&body, message.families_count);
    buffer_put(&body, buffer_bytes(&message.families));
    native__reply(door, &request->peer, &body);
    buffer_reset(&message.families);
    buffer_reset(&message.samples);
    buffer_reset(&body);
}
