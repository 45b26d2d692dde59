// GNU readline and history, and accessors for their globals (Swift 6 does not see mutable C globals).
#pragma once
#include <stdio.h>
#include <readline/readline.h>
#include <readline/history.h>
