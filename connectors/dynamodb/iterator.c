/* Sequence numbers and shard iterators.
 *
 * A sequence number is 35 digits: timeline 5 (from 10000), term 10, LSN 20; they sort as text as they do in the log.
 *
 * An iterator is "ARN|1|" and, in base 64: table u32 | first schema version of the stream u32 | shard u8 | next LSN u64 |
 * time of issue, ms u64 | first 16 bytes of the HMAC-SHA256 of all before, and of the ARN. It needs no memory here. */
#include "iterator.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/crypto.h"

enum {
    TIMELINE_BASE = 10000,
    SEQUENCE_DIGITS = 35,
    ITERATOR_PLAIN_BYTES = 25,
    ITERATOR_MAC_BYTES = 16,
};

const char *sequence_format(struct call *call, uint64_t term, uint64_t lsn)
{
    return arena_format(call->arena, "%05u%010llu%020llu", TIMELINE_BASE + call->door->options.timeline,
                        (unsigned long long)term, (unsigned long long)lsn);
}

enum status sequence_parse(struct call *call, struct bytes text, uint64_t *ret_lsn)
{
    uint64_t timeline = 0;
    uint64_t lsn = 0;
    if (text.size != SEQUENCE_DIGITS) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid SequenceNumber: %.*s", (int)text.size,
                         (const char *)text.data);
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c < '0' || c > '9') {
            return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid SequenceNumber: %.*s", (int)text.size,
                             (const char *)text.data);
        }
        timeline = i < 5 ? timeline * 10 + (uint64_t)(c - '0') : timeline;
        lsn = i >= 15 ? lsn * 10 + (uint64_t)(c - '0') : lsn;
    }
    *ret_lsn = lsn;
    return timeline == TIMELINE_BASE + call->door->options.timeline
               ? STATUS_OK
               : call_fail(call, AWS_FAILURE_TRIMMED,
                           "The sequence number belongs to an earlier life of this database");
}

static void iterator_mac(struct call *call, struct bytes arn, const uint8_t *plain,
                         uint8_t ret_mac[SHA256_BYTES])
{
    struct buffer bytes = {0};
    buffer_put(&bytes, bytes_of(plain, ITERATOR_PLAIN_BYTES));
    buffer_put(&bytes, arn);
    crypto_hmac_sha256(bytes_of(call->door->options.secret, sizeof(call->door->options.secret)),
                       buffer_bytes(&bytes), ret_mac);
    buffer_reset(&bytes);
}

const char *iterator_format(struct call *call, struct bytes arn, const struct iterator *iterator)
{
    uint8_t data[ITERATOR_PLAIN_BYTES + ITERATOR_MAC_BYTES];
    uint8_t mac[SHA256_BYTES];
    struct buffer text = {0};
    bytes_put_u32(data, iterator->table);
    bytes_put_u32(data + 4, iterator->version);
    data[8] = iterator->shard;
    bytes_put_u64(data + 9, iterator->lsn);
    bytes_put_u64(data + 17, (uint64_t)(clock_wall_us(clock_system()) / 1000));
    iterator_mac(call, arn, data, mac);
    memcpy(data + ITERATOR_PLAIN_BYTES, mac, ITERATOR_MAC_BYTES);
    buffer_put(&text, arn);
    buffer_put_text(&text, "|1|");
    base64_encode(bytes_of(data, sizeof(data)), &text);
    const char *kept = arena_copy_text(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return kept;
}

static enum status iterator_fail(struct call *call)
{
    return call_fail(call, AWS_FAILURE_VALIDATION, "Invalid ShardIterator");
}

enum status iterator_parse(struct call *call, struct bytes text, struct iterator *ret_iterator,
                           struct bytes *ret_arn)
{
    const uint8_t *bar = bytes_find_byte(text, '|');
    size_t arn_bytes = bar == NULL ? 0 : (size_t)(bar - text.data);
    uint8_t mac[SHA256_BYTES];
    struct bytes data;
    if (bar == NULL || text.size < arn_bytes + 3 ||
        !base64_decode(bytes_from(text, arn_bytes + 3), call->arena, &data) ||
        data.size != ITERATOR_PLAIN_BYTES + ITERATOR_MAC_BYTES) {
        return iterator_fail(call);
    }
    *ret_arn = bytes_part(text, 0, arn_bytes);
    iterator_mac(call, *ret_arn, data.data, mac);
    if (!crypto_equal(mac, data.data + ITERATOR_PLAIN_BYTES, ITERATOR_MAC_BYTES)) {
        return iterator_fail(call);
    }
    *ret_iterator = (struct iterator){.table = bytes_get_u32(data.data),
                                      .version = bytes_get_u32(data.data + 4),
                                      .shard = data.data[8],
                                      .lsn = bytes_get_u64(data.data + 9)};
    int64_t now_ms = clock_wall_us(clock_system()) / 1000;
    int64_t issued_ms = (int64_t)bytes_get_u64(data.data + 17);
    return now_ms - issued_ms <= (int64_t)DYNAMODB_ITERATOR_MINUTES * 60000
               ? STATUS_OK
               : call_fail(
                     call, AWS_FAILURE_ITERATOR_EXPIRED,
                     "Iterator expired. The iterator was created at time %lld while right now it is %lld "
                     "which is further in the future than the tolerated delay of %d milliseconds.",
                     (long long)issued_ms, (long long)now_ms, DYNAMODB_ITERATOR_MINUTES * 60000);
}
