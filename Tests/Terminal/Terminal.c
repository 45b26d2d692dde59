// Starts a program that owns a terminal. Knows nothing of what is typed.
#define _GNU_SOURCE
#include "CTestTerminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

int ct_open(ct_terminal *terminal) {
  terminal->main = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal->main < 0) return errno;
  if (grantpt(terminal->main) != 0 || unlockpt(terminal->main) != 0) return errno;
  int failed = ptsname_r(terminal->main, terminal->path, sizeof terminal->path);
  if (failed) return failed;
  terminal->side = open(terminal->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal->side < 0) return errno;
  return fcntl(terminal->main, F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
}

int ct_start(
    const char *path, const char *folder, char *const words[], char *const environment[],
    pid_t *process) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  if (posix_spawnattr_init(&attributes) != 0) return ENOMEM;
  if (posix_spawn_file_actions_init(&actions) != 0) {
    posix_spawnattr_destroy(&attributes);
    return ENOMEM;
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  // The first terminal that a leader of a session opens becomes its own.
  int failed = posix_spawn_file_actions_addchdir_np(&actions, folder);
  if (!failed) failed = posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0);
  if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, 0, 1);
  if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, 0, 2);
  if (!failed) failed = posix_spawn(process, words[0], &actions, &attributes, words, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed;
}
