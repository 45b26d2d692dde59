// What the machine asks of the runtime under it: counts of references, pieces of memory, a number
// as text. Knows no value.
//
// What reads or writes a count is never inlined: the compiler moves its own counting past loads and
// stores, but not past a call it cannot see into.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One reference more to a Swift object that no other thread holds.
void cl_retain(const void *object);

/// Gives an object the count of those that live for ever: it is never written again.
void cl_immortalize(void *object, uint64_t count);

/// One reference less, unless it is the last one or counted elsewhere: false then, and nothing done.
bool cl_release(const void *object);

/// One reference less by the runtime, which frees the object with the last one.
void cl_release_slowly(const void *object);

/// Whether an object has one reference alone; false for one whose references are counted elsewhere.
bool cl_is_unique(const void *object);

// Short strings and lists come and go by the million, and half of their time is the allocator's and
// the runtime's. So each thread keeps some of the pieces that were given back, by size, and makes
// objects in them. Each piece is the allocator's own, so that the runtime may free an object too.

/// Remembers of an object that the runtime has just made what the others of its class begin with:
/// class 0 are strings, class 1 lists, class 2 maps.
void cl_learn(uint32_t class, const void *object);

/// An object of so many bytes in a piece that was kept; null when there is none.
void *cl_object(uint32_t class, size_t size);

/// Takes back the piece of an object whose last reference is gone and that holds nothing more.
void cl_give(const void *object);

/// How many bytes the piece of memory that begins at `start` has, its allocator's surplus included.
size_t cl_size(const void *start);

/// Writes a number with so many decimals, correctly rounded, and gives the length of the text; 0
/// when it does not fit.
size_t cl_fixed(char *text, size_t size, double number, int decimals);
