// Starts a program that owns a terminal; for tests that type at it.
#pragma once
#include <sys/types.h>

/// A terminal: the end that a person would sit at and the other one, kept open, and the other's path.
typedef struct {
  int main, side;
  char path[32];
} ct_terminal;

/// Makes a terminal; 0, or the number of the error.
int ct_open(ct_terminal *terminal);

/// Starts `words[0]` in a folder as the leader of a session whose terminal is at `path`, all signals
/// as they are by default; 0, or the number of the error.
int ct_start(
    const char *path, const char *folder, char *const words[], char *const environment[],
    pid_t *process);
