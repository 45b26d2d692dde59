// CommonMark with GitHub's extensions: the static libraries, so that a start loads nothing for it.
#pragma once
#include <cmark-gfm.h>
#include <cmark-gfm-core-extensions.h>
