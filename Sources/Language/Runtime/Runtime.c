#include "CRuntime.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

// The Swift runtime's counts for objects that one thread alone holds: without the processor's locks.
extern void *swift_nonatomic_retain(void *object);
extern void swift_nonatomic_release(void *object);

// A reference in the count of an object, which stands in its second word. The count of an object
// with few references, all of them strong, is never negative; all others, immortal ones among them,
// are. The tests hold this against what the runtime says.
#define REFERENCE ((int64_t)1 << 33)

// The count of objects that live for ever, the same in every thread once it is known.
static _Atomic int64_t immortal;

void cl_immortalize(void *object, uint64_t count) {
  atomic_store_explicit(&immortal, (int64_t)count, memory_order_relaxed);
  ((uint64_t *)object)[1] = count;
}

static bool is_immortal(int64_t count) {
  return count < 0 && count == atomic_load_explicit(&immortal, memory_order_relaxed);
}

void cl_retain(const void *object) {
  int64_t *count = (int64_t *)object + 1;
  int64_t more = (int64_t)((uint64_t)*count + REFERENCE);
  if (more >= 0) *count = more;
  else if (!is_immortal(*count)) swift_nonatomic_retain((void *)object);
}

bool cl_release(const void *object) {
  int64_t *count = (int64_t *)object + 1;
  int64_t less = (int64_t)((uint64_t)*count - REFERENCE);
  if (*count < 0) return is_immortal(*count);
  if (less < 0) return false;
  *count = less;
  return true;
}

void cl_release_slowly(const void *object) { swift_nonatomic_release((void *)object); }

bool cl_is_unique(const void *object) {
  return ((const uint64_t *)object)[1] < (uint64_t)REFERENCE;
}

// Where tools look for memory that is used after it was given back, nothing is kept.
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if __has_feature(address_sanitizer) || defined(CL_KEEPS_NOTHING)
#define KEPT_MIB 0
#else
#define KEPT_MIB 8
#endif

enum {
  // Sizes go by 16 bytes; larger pieces are not kept.
  SIZES = 12,
  // So many bytes a thread keeps at most.
  KEPT = KEPT_MIB << 20,
};

typedef struct piece {
  struct piece *next;
} piece;

// What stands in the first two words of a new object of a class: its type and its count.
typedef struct {
  uint64_t type;
  uint64_t count;
} start;

static _Thread_local piece *kept[SIZES];
static _Thread_local size_t kept_bytes;
// Zero until the runtime has made one on this thread.
static _Thread_local start starts[3];

void cl_learn(uint32_t class, const void *object) {
  const uint64_t *words = (const uint64_t *)object;
  // The maker may hold more than the one reference.
  starts[class] = (start){words[0], words[1] & (uint64_t)(REFERENCE - 1)};
}

void *cl_object(uint32_t class, size_t size) {
  // The allocator's pieces have 24 bytes, 40, 56 and so on.
  size_t place = size < 24 ? 0 : (size + 7) / 16 - 1;
  if (place >= SIZES) return NULL;
  piece *found = kept[place];
  if (found == NULL || starts[class].type == 0) return NULL;
  kept[place] = found->next;
  kept_bytes -= place * 16 + 24;
  uint64_t *words = (uint64_t *)found;
  words[0] = starts[class].type;
  words[1] = starts[class].count;
  return found;
}

// A thread that ends gives the allocator what it kept.
static pthread_key_t ending;
static pthread_once_t is_prepared = PTHREAD_ONCE_INIT;
static bool has_key;
static _Thread_local bool keeps;

static void give_all(void *unused) {
  (void)unused;
  for (size_t place = 0; place < SIZES; place++) {
    while (kept[place] != NULL) {
      piece *next = kept[place]->next;
      free(kept[place]);
      kept[place] = next;
    }
  }
  kept_bytes = 0;
  keeps = false;
}

static void prepare(void) { has_key = pthread_key_create(&ending, give_all) == 0; }

// Whether this thread may keep pieces: only where its end will be noticed.
static bool start_keeping(void) {
  pthread_once(&is_prepared, prepare);
  keeps = has_key && pthread_setspecific(ending, &kept) == 0;
  return keeps;
}

void cl_give(const void *object) {
  size_t place = (malloc_usable_size((void *)object) - 8) / 16 - 1;
  size_t size = place * 16 + 24;
  if (place < SIZES && kept_bytes + size <= KEPT && (keeps || start_keeping())) {
    piece *given = (piece *)object;
    given->next = kept[place];
    kept[place] = given;
    kept_bytes += size;
  } else {
    free((void *)object);
  }
}

size_t cl_size(const void *start) { return malloc_usable_size((void *)start); }

size_t cl_fixed(char *text, size_t size, double number, int decimals) {
  int length = snprintf(text, size, "%.*f", decimals, number);
  return length > 0 && (size_t)length < size ? (size_t)length : 0;
}
