/* The CRC-32 of gzip and zlib (RFC 1952 section 8), which some protocols send beside a body. */
#ifndef NET_CRC32_H
#define NET_CRC32_H

#include "base/bytes.h"

uint32_t net_crc32(struct bytes bytes);
/* The same continued: `crc` is that of the bytes before. */
uint32_t net_crc32_from(uint32_t crc, struct bytes bytes);

#endif
