/* libdeflate's CRC-32 goes by the processor's carry-less multiplication: a tenth of zlib's instructions. */
#include "net/crc32.h"

#include <libdeflate.h>

uint32_t net_crc32(struct bytes bytes)
{
    return net_crc32_from(0, bytes);
}

uint32_t net_crc32_from(uint32_t crc, struct bytes bytes)
{
    return bytes.size == 0 ? crc : libdeflate_crc32(crc, bytes.data, bytes.size);
}
