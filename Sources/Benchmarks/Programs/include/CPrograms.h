// The programs of `quire bench language`, as they stand in Tests/Benchmarks/language.
#pragma once
#include <stddef.h>

struct bench_program {
    const char *name;
    const unsigned char *text;
    size_t length;
};

/// All programs, in the order they are measured.
const struct bench_program *bench_programs(void);
int bench_program_count(void);
