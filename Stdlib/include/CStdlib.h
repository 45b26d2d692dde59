// The library modules written in Quire, embedded in the binary as bytes (each ends with a zero).
#pragma once

struct quire_module {
  const char *name;
  const unsigned char *text;
  unsigned long length;
};

/// All modules; the count is `quire_module_count()`.
const struct quire_module *quire_modules(void);
int quire_module_count(void);
