#include "support/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* named by libFuzzer */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_one(bytes_of(data, size));
    return 0;
}
