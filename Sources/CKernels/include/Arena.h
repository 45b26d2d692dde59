// Memory of tensors: one arena over address space that is reserved ahead and filled with pages as
// they are first written. Blocks are aligned to 64 bytes; what is given back joins its free
// neighbours and serves the next taker of a fitting size, so a loop that repeats asks the system
// for nothing from its second round on. Every function may be called from any thread.
#pragma once
#include <stdint.h>

/// What an arena holds, in bytes; headers (64 bytes a block) count in `held` alone.
typedef struct {
  /// Asked for and not given back, in steps of 64.
  long in_use;
  /// The most of `in_use` since `ck_arena_reset_peak`.
  long peak;
  /// Pages taken from the system and not returned: blocks in use, and free memory once written.
  /// Not less than what stands in memory, but for a page a free block.
  long held;
  /// Calls that asked the system: for address space, or by writing where nothing was before.
  long system_calls;
  /// Blocks in use, free blocks, and pieces of address space.
  long blocks, free_blocks, regions;
} ck_arena_state;

/// Memory for `bytes` (0 too has an address); NULL when the system has no address space, when
/// `ck_arena_bound` forbids it, or when more fresh pages are needed than `ck_arena_allow` allowed:
/// `*fresh` then says how many bytes, 0 otherwise.
void *ck_arena_take(long bytes, long *fresh);
/// Gives a block of `ck_arena_take` back.
void ck_arena_give(void *pointer);
/// Fresh bytes that may be taken from now on. At the start none.
void ck_arena_allow(long bytes);
/// The most that may be in use from now on; what is in use stays. At the start as good as no bound.
void ck_arena_bound(long bytes);
/// Returns the pages of free memory to the system while more than `keep` bytes of it are held, the
/// largest blocks first, and whole pieces of address space that nothing uses. Returns the bytes.
long ck_arena_trim(long keep);
ck_arena_state ck_arena_look(void);
void ck_arena_reset_peak(void);
/// 0 when every block's header agrees with its neighbours and the counts, for tests.
int ck_arena_check(void);
