// GNU readline, and accessors for its globals (Swift 6 does not see mutable C globals).
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <readline/readline.h>
#include <readline/history.h>

static inline const char *cr_line(void) { return rl_line_buffer ? rl_line_buffer : ""; }
static inline int cr_point(void) { return rl_point; }
static inline int cr_end(void) { return rl_end; }
static inline void cr_set_point(int point) {
  rl_point = point < 0 ? 0 : point > rl_end ? rl_end : point;
}

/// The message that stands in place of the prompt (a search), or null.
static inline const char *cr_message(void) {
  return rl_display_prompt && rl_display_prompt != rl_prompt ? rl_display_prompt : (const char *)0;
}

/// As readline prepares the terminal, and Ctrl-S and Ctrl-Q are keys.
static inline void cr_prepare_keys(int meta) {
  rl_prep_terminal(meta);
  struct termios mode;
  if (tcgetattr(0, &mode) != 0) return;
  mode.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
  tcsetattr(0, TCSADRAIN, &mode);
}

/// Readline never touches signals, never sizes lines by COLUMNS, and draws through `redisplay`.
static inline void cr_configure(const char *name, void (*redisplay)(void)) {
  rl_readline_name = name;
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  rl_prep_term_function = cr_prepare_keys;
  rl_instream = stdin;
  rl_outstream = stdout;
  if (redisplay) rl_redisplay_function = redisplay;
}

static inline void cr_on_startup(int (*hook)(void)) { rl_startup_hook = hook; }
static inline int cr_is_terminal_prepared(void) { return (rl_readline_state & RL_STATE_TERMPREPPED) != 0; }
static inline int cr_is_searching(void) {
  return (rl_readline_state & (RL_STATE_ISEARCH | RL_STATE_NSEARCH)) != 0;
}
static inline void cr_set_done(void) { rl_done = 1; }
static inline void cr_clear_pending(void) {
  rl_free_line_state();
  rl_callback_sigcleanup();
  rl_replace_line("", 1);
}
static inline void cr_prepare(void) {
  if (rl_prep_term_function) (*rl_prep_term_function)(1);
}
static inline void cr_deprepare(void) {
  if (rl_deprep_term_function) (*rl_deprep_term_function)();
}
