/* Provisioned throughput, when it is enforced (--dynamodb-throttle): a token bucket for the reads and one for the writes of a table
 * and of each global index, filled at the provisioned rate and holding what was unused for DYNAMODB_BURST_SECONDS. A request
 * passes while there is anything in the bucket and is charged what it cost, so a bucket may go below zero. */
#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"
#include "dynamodb_private.h"

struct bucket {
    double units;
    int64_t filled_us; /* steady */
};

bool throttle_applies(const struct call *call)
{
    return call->door->options.throttles;
}

/* Units a second; 0: on demand, or not known. */
static double throttle_rate(struct call *call, const struct schema *schema, const struct index_schema *index,
                            bool is_write)
{
    struct value properties =
        properties_decode(index == NULL ? schema->properties : index->properties, call->arena);
    const struct value *throughput = member_of(&properties, "ProvisionedThroughput");
    return (double)integer_of(throughput, is_write ? "WriteCapacityUnits" : "ReadCapacityUnits", 0);
}

/* Under the mutex. */
static struct bucket *throttle_bucket(struct dynamodb_doors *doors, const struct schema *schema,
                                      const struct index_schema *index, bool is_write, double rate)
{
    struct map **buckets = &doors->buckets;
    uint8_t key[5];
    int64_t now_us = clock_steady_us(clock_system());
    bytes_put_u32(key, index == NULL ? schema->space : index->space);
    key[4] = is_write;
    if (*buckets == NULL) {
        *buckets = map_create();
    }
    struct bucket *bucket = map_get(*buckets, bytes_of(key, sizeof(key)));
    if (bucket == NULL) {
        bucket = memory_create(sizeof(*bucket));
        bucket->units = rate * DYNAMODB_BURST_SECONDS;
        bucket->filled_us = now_us;
        (void)map_put(*buckets, bytes_of(key, sizeof(key)), bucket);
    }
    double most = rate * DYNAMODB_BURST_SECONDS;
    bucket->units += rate * (double)(now_us - bucket->filled_us) / 1000000;
    bucket->units = bucket->units > most ? most : bucket->units;
    bucket->filled_us = now_us;
    return bucket;
}

/* Takes units out of the bucket; what is left. */
static double bucket_take(struct call *call, const struct schema *schema, const struct index_schema *index,
                          bool is_write, double rate, double units)
{
    struct dynamodb_doors *doors = call->door->options.doors;
    (void)pthread_mutex_lock(&doors->mutex);
    struct bucket *bucket = throttle_bucket(doors, schema, index, is_write, rate);
    bucket->units -= units;
    double left = bucket->units;
    (void)pthread_mutex_unlock(&doors->mutex);
    return left;
}

/* Local indexes draw from their table. */
static bool throttle_is_own(struct call *call, const struct index_schema *index)
{
    struct value properties = properties_decode(index->properties, call->arena);
    return !boolean_of(&properties, "IsLocal");
}

bool throttle_refuses(struct call *call, const struct schema *schema, const struct index_schema *index,
                      bool is_write)
{
    if (!throttle_applies(call)) {
        return false;
    }
    const struct index_schema *own = index != NULL && throttle_is_own(call, index) ? index : NULL;
    double rate = throttle_rate(call, schema, own, is_write);
    return rate > 0 && bucket_take(call, schema, own, is_write, rate, 0) <= 0;
}

enum status throttle_fail(struct call *call, bool is_index)
{
    return call_fail(call, AWS_FAILURE_THROUGHPUT_EXCEEDED,
                     is_index
                         ? "The level of configured provisioned throughput for one or more global secondary "
                           "indexes of the table was exceeded. Consider increasing your provisioning level "
                           "for the under-provisioned global secondary indexes with the UpdateTable API"
                         : "The level of configured provisioned throughput for the table was exceeded. "
                           "Consider increasing your provisioning level with the UpdateTable API.");
}

enum status throttle_check(struct call *call, const struct schema *schema, const struct index_schema *index,
                           bool is_write)
{
    if (throttle_refuses(call, schema, index, is_write)) {
        return throttle_fail(call, index != NULL && throttle_is_own(call, index));
    }
    for (size_t i = 0; is_write && throttle_applies(call) && i < schema->indexes_count; i++) {
        if (throttle_refuses(call, schema, &schema->indexes[i], true)) {
            return throttle_fail(call, true);
        }
    }
    return STATUS_OK;
}

static void throttle_take(struct call *call, const struct capacity *capacity,
                          const struct index_schema *index, double units)
{
    double rate = throttle_rate(call, capacity->schema, index, capacity->is_write);
    if (rate > 0 && units > 0) {
        (void)bucket_take(call, capacity->schema, index, capacity->is_write, rate, units);
    }
}

void throttle_charge(struct call *call, const struct capacity *capacity)
{
    if (!throttle_applies(call)) {
        return;
    }
    throttle_take(call, capacity, NULL, capacity->table_units);
    for (size_t i = 0; capacity->index_units != NULL && i < capacity->schema->indexes_count; i++) {
        const struct index_schema *index = &capacity->schema->indexes[i];
        throttle_take(call, capacity, throttle_is_own(call, index) ? index : NULL, capacity->index_units[i]);
    }
}

void throttle_reset(struct dynamodb_doors *doors)
{
    struct bytes key;
    void *bucket = NULL;
    size_t position = 0;
    while (doors->buckets != NULL && map_next(doors->buckets, &position, &key, &bucket)) {
        memory_destroy(bucket);
    }
    map_destroy(&doors->buckets);
}
