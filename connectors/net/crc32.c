#include "net/crc32.h"

#include <zlib.h>

uint32_t net_crc32(struct bytes bytes)
{
    return net_crc32_from(0, bytes);
}

uint32_t net_crc32_from(uint32_t crc, struct bytes bytes)
{
    return bytes.size == 0 ? crc : (uint32_t)crc32_z(crc, bytes.data, bytes.size);
}
