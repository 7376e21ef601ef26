#include "net/crc32.h"

#include <zlib.h>

uint32_t net_crc32(struct bytes bytes)
{
    return (uint32_t)crc32_z(0, bytes.data, bytes.size);
}
