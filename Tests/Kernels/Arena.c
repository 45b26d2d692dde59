// The arena: random sizes from several threads, every block filled with its own pattern and read
// back, so that an overlap shows; then everything is given back and one free block must be left.
#include <CKernels.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "Catalogue.h"

enum { THREADS = 4, SLOTS = 64, ROUNDS = 2500, SWAPPED = 16 };

typedef struct {
  uint64_t state;
  long wrong;
} Worker;

static long pick(Worker *worker, long limit) {
  worker->state = worker->state * 6364136223846793005u + 1442695040888963407u;
  return (long)((worker->state >> 33) % (uint64_t)limit);
}

// Places through which threads hand blocks to each other.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t *swapped[SWAPPED];

// Mostly small, some large.
static long size_of(Worker *worker) {
  long kind = pick(worker, 16);
  return pick(worker, kind == 0 ? 3000000 : kind < 4 ? 100000 : kind < 8 ? 9000 : 700);
}

// The size stands at the front; the rest repeats a pattern of it and the address.
static uint64_t *make(Worker *worker) {
  long size = 8 + size_of(worker), fresh = 0;
  uint64_t *block = ck_arena_take(size, &fresh);
  if (!block || (uintptr_t)block % 64) {
    worker->wrong++;
    return block;
  }
  block[0] = (uint64_t)size;
  memset(block + 1, (uint8_t)((uintptr_t)block >> 6), (size_t)size - 8);
  return block;
}

static void drop(Worker *worker, uint64_t *block) {
  if (!block) return;
  const uint8_t *bytes = (const uint8_t *)(block + 1), pattern = (uint8_t)((uintptr_t)block >> 6);
  for (uint64_t i = 0; i < block[0] - 8; i++) {
    if (bytes[i] == pattern) continue;
    worker->wrong++;
    break;
  }
  ck_arena_give(block);
}

static void *work(void *raw) {
  Worker *worker = raw;
  uint64_t *own[SLOTS] = {0};
  for (long round = 0; round < ROUNDS; round++) {
    long place = pick(worker, SLOTS);
    if (pick(worker, 4) == 0) {
      pthread_mutex_lock(&lock);
      uint64_t **other = &swapped[pick(worker, SWAPPED)], *block = *other;
      *other = own[place];
      pthread_mutex_unlock(&lock);
      own[place] = block;
    } else {
      drop(worker, own[place]);
      own[place] = make(worker);
    }
    if (round % 1000 == 500) ck_arena_trim(pick(worker, 2) * 1000000);
  }
  for (long i = 0; i < SLOTS; i++) drop(worker, own[i]);
  return 0;
}

static long expect(int isTrue, const char *what) {
  if (!isTrue) printf("arena: %s\n", what);
  return !isTrue;
}

long arena_wrongs(void) {
  long wrong = 0, fresh = 0;
  wrong += expect(!ck_arena_take(100, &fresh) && fresh > 0, "memory before any is allowed");
  ck_arena_allow(1l << 40);
  pthread_t threads[THREADS];
  Worker workers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (Worker){.state = (uint64_t)i + 1};
    if (pthread_create(&threads[i], 0, work, &workers[i]) != 0) return wrong + 1;
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], 0);
    wrong += expect(workers[i].wrong == 0, "a block is not what was written");
  }
  wrong += expect(ck_arena_check() == 0, "headers that disagree after threads");
  for (int i = 0; i < SWAPPED; i++) drop(&workers[0], swapped[i]);
  ck_arena_state state = ck_arena_look();
  wrong += expect(state.blocks == 0 && state.in_use == 0, "blocks left");
  wrong += expect(state.free_blocks == state.regions, "free blocks that were not joined");
  wrong += expect(ck_arena_check() == 0, "headers that disagree");

  // What repeats asks for nothing the second time, whatever the order it is given back in.
  void *kept[40];
  for (int round = 0; round < 3; round++) {
    long before = ck_arena_look().system_calls;
    for (int i = 0; i < 40; i++) kept[i] = ck_arena_take(1000 + 70001 * i, &fresh);
    for (int i = 0; i < 40; i++) ck_arena_give(kept[round == 1 ? 39 - i : i]);
    if (round > 0) wrong += expect(ck_arena_look().system_calls == before, "new memory");
  }

  state = ck_arena_look();
  wrong += expect(state.held > 10000000, "nothing held after use");
  ck_arena_trim(5000000);
  wrong += expect(ck_arena_look().held <= 5000000 + 100000, "more than the trim should keep");
  ck_arena_trim(0);
  wrong += expect(ck_arena_look().held < 100000, "memory held after a trim");
  wrong += expect(ck_arena_check() == 0, "headers that disagree after a trim");

  // Returned pages read as zeros when they are written again; their blocks are whole.
  uint8_t *block = ck_arena_take(1 << 20, &fresh);
  block[0] = block[(1 << 20) - 1] = 1;
  ck_arena_give(block);
  wrong += expect(!ck_arena_take(-1, &fresh), "memory of a negative size");
  wrong += expect(!ck_arena_take(1l << 47, &fresh), "memory beyond the address space");
  ck_arena_reset_peak();
  void *one = ck_arena_take(100, &fresh), *none = ck_arena_take(0, &fresh);
  wrong += expect(ck_arena_look().peak == 192 && one != none, "a peak of 128 and 64 bytes");
  ck_arena_give(one);
  ck_arena_give(none);
  wrong += expect(ck_arena_look().in_use == 0 && ck_arena_check() == 0, "the end");
  return wrong;
}
