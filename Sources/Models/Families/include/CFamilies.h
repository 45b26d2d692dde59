// The family files, as bytes of the binary: one entry a file, ended by an entry without bytes.
#ifndef QUIRE_CFAMILIES_H
#define QUIRE_CFAMILIES_H

#include <stddef.h>

typedef struct {
  const char *name;
  const unsigned char *bytes;
  size_t count;
} QuireFamilyFile;

/// The file at `index`; `bytes` is null past the last.
QuireFamilyFile quire_family_file(size_t index);

#endif
