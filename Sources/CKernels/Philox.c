// The Philox generator, a block at a time.
#include "Functions.h"
#include "include/CKernels.h"

void ck_philox(uint64_t key, uint64_t stream, uint64_t block, uint64_t out[2]) {
  ck_philox_words(key, stream, block, &out[0], &out[1]);
}
