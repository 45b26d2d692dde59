// Blocks stand one behind the other, each behind a header of 64 bytes that knows its own size and
// that of the block before. Free blocks are listed by size: up to 4 KiB one list a size, above that
// eight lists for each power of two. The smallest that fits is taken, cut from its front.
//
// `touched` is how much of a free block, from its header on, may stand in memory; behind that its
// pages were never written, or were returned. Joined blocks keep that promise from above: what lies
// between is counted as touched.
#define _GNU_SOURCE
#include "include/Arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { UNIT = 64, SMALL = 64, BINS = SMALL + 8 * 36, WORDS = (BINS + 63) / 64, LOOKED_AT = 64 };
enum { HUGE_PAGE = 1 << 21 };

typedef struct Block Block;
struct Block {
  // Header included, a multiple of 64; 0 in the header that ends a region.
  long size;
  // That of the block before; 0 in the first of a region.
  long before;
  long touched;
  Block *next, *previous;
  long is_used;
  long unused[2];
};
static_assert(sizeof(Block) == UNIT, "a header keeps blocks aligned");

typedef struct Region Region;
struct Region {
  Region *next;
  long size;
  long unused[6];
};
static_assert(sizeof(Region) == UNIT, "a region's header keeps blocks aligned");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Block *bins[BINS];
static uint64_t filled[WORDS];
static Region *regions;
static long allowed;
// The most that may be in use.
static long bound = 1l << 62;
static ck_arena_state state;

static Block *after(Block *block) { return (Block *)((char *)block + block->size); }
static Block *ahead(Block *block) { return (Block *)((char *)block - block->before); }
static Block *first(Region *region) { return (Block *)(region + 1); }
static long least(long a, long b) { return a < b ? a : b; }

// MARK: lists of free blocks

// Sizes of a list lie below those of the next.
static int bin_of(long size) {
  long units = size / UNIT;
  if (units < SMALL) return (int)units;
  int log = 63 - __builtin_clzl((unsigned long)units);
  int bin = SMALL + (log - 6) * 8 + (int)((units >> (log - 3)) & 7);
  return bin < BINS ? bin : BINS - 1;
}

static void insert(Block *block) {
  int bin = bin_of(block->size);
  block->is_used = 0;
  block->previous = 0;
  block->next = bins[bin];
  if (bins[bin]) bins[bin]->previous = block;
  bins[bin] = block;
  filled[bin / 64] |= 1ull << (bin % 64);
  state.free_blocks++;
}

static void withdraw(Block *block) {
  int bin = bin_of(block->size);
  if (block->next) block->next->previous = block->previous;
  if (block->previous)
    block->previous->next = block->next;
  else
    bins[bin] = block->next;
  if (!bins[bin]) filled[bin / 64] &= ~(1ull << (bin % 64));
  state.free_blocks--;
}

// The smallest of a list that holds `size`, among those at its front.
static Block *best(int bin, long size) {
  Block *found = 0;
  int left = LOOKED_AT;
  for (Block *block = bins[bin]; block && left > 0; block = block->next, left--) {
    if (block->size < size || (found && block->size >= found->size)) continue;
    found = block;
    if (block->size == size) break;
  }
  return found;
}

static Block *find(long size) {
  int bin = bin_of(size);
  Block *found = best(bin, size);
  if (found) return found;
  int word = ++bin / 64;
  if (bin >= BINS) return 0;
  uint64_t bits = filled[word] & (~0ull << (bin % 64));
  while (!bits && ++word < WORDS) bits = filled[word];
  return bits ? best(word * 64 + __builtin_ctzll(bits), size) : 0;
}

// MARK: address space

// As much as there is memory, which costs nothing until it is written; little where the process may
// only have so much address space.
static long usual_region(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) return 32l * HUGE_PAGE;
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || size <= 0 || pages > (1l << 46) / size) return 512l * HUGE_PAGE;
  return (pages * size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

static Block *add_region(long need) {
  if (need > (1l << 46)) return 0;
  long wanted = (need + 2 * UNIT + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE, size = usual_region();
  if (size < wanted) size = wanted;
  void *map = MAP_FAILED;
  while (map == MAP_FAILED) {
    state.system_calls++;
    map = mmap(0, (size_t)size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map != MAP_FAILED) break;
    if (size == wanted) return 0;
    size /= 2;
    if (size < wanted) size = wanted;
  }
  // Large pages, but for the start: a short program writes little and should not wait for more.
  if (size > 2l * HUGE_PAGE)
    madvise((char *)map + HUGE_PAGE, (size_t)(size - HUGE_PAGE), MADV_HUGEPAGE);
  Region *region = map;
  *region = (Region){.next = regions, .size = size};
  regions = region;
  state.regions++;
  Block *block = first(region);
  *block = (Block){.size = size - 2 * UNIT, .touched = UNIT};
  state.held += UNIT;
  *after(block) = (Block){.before = block->size, .is_used = 1};
  insert(block);
  return block;
}

// MARK: taking and giving

void *ck_arena_take(long bytes, long *fresh) {
  *fresh = 0;
  if (bytes < 0 || bytes > (1l << 46)) return 0;
  long size = UNIT + (bytes == 0 ? UNIT : (bytes + UNIT - 1) / UNIT * UNIT);
  pthread_mutex_lock(&lock);
  if (size - UNIT > bound - state.in_use) goto failed;
  Block *block = find(size);
  if (!block && size > allowed) {
    *fresh = size;
    goto failed;
  }
  if (!block) block = add_region(size);
  if (!block) goto failed;
  // What is left over is a block of its own unless it would be a header alone.
  long touched = block->touched, left = block->size - size;
  if (left < 2 * UNIT) left = 0;
  long grown = block->size - left - least(block->size - left, touched);
  if (grown > allowed) {
    *fresh = grown;
    goto failed;
  }
  withdraw(block);
  block->size -= left;
  block->is_used = 1;
  state.held += block->size - touched;
  if (left) {
    Block *rest = after(block);
    *rest = (Block){.size = left, .before = block->size, .touched = touched - block->size};
    // Its header was just written.
    if (rest->touched < UNIT) rest->touched = UNIT;
    state.held += rest->touched;
    after(rest)->before = left;
    insert(rest);
  }
  if (grown > 0) {
    allowed -= grown;
    state.system_calls++;
  }
  state.blocks++;
  state.in_use += block->size - UNIT;
  if (state.in_use > state.peak) state.peak = state.in_use;
  pthread_mutex_unlock(&lock);
  return block + 1;
failed:
  pthread_mutex_unlock(&lock);
  return 0;
}

void ck_arena_give(void *pointer) {
  if (!pointer) return;
  Block *block = (Block *)pointer - 1;
  pthread_mutex_lock(&lock);
  state.blocks--;
  state.in_use -= block->size - UNIT;
  block->touched = block->size;
  Block *neighbour = after(block);
  if (!neighbour->is_used) {
    withdraw(neighbour);
    block->touched += neighbour->touched;
    block->size += neighbour->size;
  }
  if (block->before && !ahead(block)->is_used) {
    neighbour = ahead(block);
    withdraw(neighbour);
    // What was not touched between the two counts as held from now on.
    state.held += neighbour->size - neighbour->touched;
    neighbour->touched = neighbour->size + block->touched;
    neighbour->size += block->size;
    block = neighbour;
  }
  after(block)->before = block->size;
  insert(block);
  pthread_mutex_unlock(&lock);
}

void ck_arena_bound(long bytes) {
  pthread_mutex_lock(&lock);
  bound = bytes;
  pthread_mutex_unlock(&lock);
}

void ck_arena_allow(long bytes) {
  pthread_mutex_lock(&lock);
  allowed = bytes;
  pthread_mutex_unlock(&lock);
}

// MARK: giving back to the system

// Whole pages behind the header.
static void discard(Block *block, long page) {
  long start = ((long)(block + 1) + page - 1) / page * page;
  // A block's end lies in a page of the next block's header, the touched part's end may not.
  long reach = (long)block + block->touched, limit = (long)after(block) / page * page;
  long end = least((reach + page - 1) / page * page, limit);
  if (end <= start || madvise((void *)start, (size_t)(end - start), MADV_DONTNEED) != 0) return;
  // Less than a page is still there at the end of the block; it counts as gone.
  long kept = start - (long)block;
  state.held -= block->touched - kept;
  block->touched = kept;
}

// Pieces of address space without a block in use, the first one made excepted.
static void unmap_empty(void) {
  for (Region **place = &regions; *place;) {
    Region *region = *place;
    Block *block = first(region);
    if (block->is_used || after(block)->size != 0 || !region->next) {
      place = &region->next;
      continue;
    }
    withdraw(block);
    state.held -= block->touched;
    state.regions--;
    *place = region->next;
    munmap(region, (size_t)region->size);
  }
}

long ck_arena_trim(long keep) {
  long page = sysconf(_SC_PAGESIZE);
  if (page <= 0) return 0;
  pthread_mutex_lock(&lock);
  long before = state.held, spare = before - state.in_use - state.blocks * UNIT;
  if (spare > keep) {
    if (keep <= 0) unmap_empty();
    for (int bin = BINS - 1; bin >= 0; bin--)
      for (Block *block = bins[bin]; block && spare > keep + before - state.held;
           block = block->next)
        discard(block, page);
  }
  long returned = before - state.held;
  pthread_mutex_unlock(&lock);
  return returned;
}

// MARK: looking

ck_arena_state ck_arena_look(void) {
  pthread_mutex_lock(&lock);
  ck_arena_state found = state;
  pthread_mutex_unlock(&lock);
  return found;
}

void ck_arena_reset_peak(void) {
  pthread_mutex_lock(&lock);
  state.peak = state.in_use;
  pthread_mutex_unlock(&lock);
}

static int is_listed(const Block *wanted) {
  for (const Block *block = bins[bin_of(wanted->size)]; block; block = block->next)
    if (block == wanted) return 1;
  return 0;
}

int ck_arena_check(void) {
  int wrong = 0;
  long used = 0, free_blocks = 0, in_use = 0, held = 0, count = 0;
  pthread_mutex_lock(&lock);
  for (Region *region = regions; region; region = region->next, count++) {
    long before = 0, was_free = 0;
    Block *block = first(region);
    for (; block->size; before = block->size, block = after(block)) {
      if (block->size % UNIT || block->size < 2 * UNIT || block->before != before) wrong++;
      if ((char *)after(block) > (char *)region + region->size - UNIT) {
        wrong++;
        break;
      }
      if (block->is_used) {
        used++;
        in_use += block->size - UNIT;
        held += block->size;
      } else {
        // Two free neighbours should have been joined.
        if (was_free || !is_listed(block) || block->touched > block->size) wrong++;
        free_blocks++;
        held += block->touched;
      }
      was_free = !block->is_used;
    }
    if (block->before != before || !block->is_used) wrong++;
  }
  if (used != state.blocks || free_blocks != state.free_blocks || in_use != state.in_use) wrong++;
  if (held != state.held || count != state.regions) wrong++;
  pthread_mutex_unlock(&lock);
  return wrong;
}
