// Embeds the programs that the interpreter is measured with. One line a program, here and in the
// table.
#include "CPrograms.h"

static const unsigned char fib[] = {
#embed "../../../Tests/Benchmarks/language/fib.quire"
};
static const unsigned char integer_loop[] = {
#embed "../../../Tests/Benchmarks/language/integer-loop.quire"
};
static const unsigned char float_sum[] = {
#embed "../../../Tests/Benchmarks/language/float-sum.quire"
};
static const unsigned char list_sort[] = {
#embed "../../../Tests/Benchmarks/language/list-sort.quire"
};
static const unsigned char word_count[] = {
#embed "../../../Tests/Benchmarks/language/word-count.quire"
};
static const unsigned char string_building[] = {
#embed "../../../Tests/Benchmarks/language/string-building.quire"
};
static const unsigned char closures[] = {
#embed "../../../Tests/Benchmarks/language/closures.quire"
};
static const unsigned char n_body[] = {
#embed "../../../Tests/Benchmarks/language/n-body.quire"
};
static const unsigned char characters[] = {
#embed "../../../Tests/Benchmarks/language/characters.quire"
};
static const unsigned char collatz[] = {
#embed "../../../Tests/Benchmarks/language/collatz.quire"
};
static const unsigned char grouping[] = {
#embed "../../../Tests/Benchmarks/language/grouping.quire"
};
static const unsigned char json_text[] = {
#embed "../../../Tests/Benchmarks/language/json-text.quire"
};
static const unsigned char levenshtein[] = {
#embed "../../../Tests/Benchmarks/language/levenshtein.quire"
};
static const unsigned char mandelbrot[] = {
#embed "../../../Tests/Benchmarks/language/mandelbrot.quire"
};
static const unsigned char matrix[] = {
#embed "../../../Tests/Benchmarks/language/matrix.quire"
};
static const unsigned char memo[] = {
#embed "../../../Tests/Benchmarks/language/memo.quire"
};
static const unsigned char pipeline[] = {
#embed "../../../Tests/Benchmarks/language/pipeline.quire"
};
static const unsigned char queens[] = {
#embed "../../../Tests/Benchmarks/language/queens.quire"
};
static const unsigned char quicksort[] = {
#embed "../../../Tests/Benchmarks/language/quicksort.quire"
};
static const unsigned char records[] = {
#embed "../../../Tests/Benchmarks/language/records.quire"
};
static const unsigned char sieve[] = {
#embed "../../../Tests/Benchmarks/language/sieve.quire"
};
static const unsigned char trees[] = {
#embed "../../../Tests/Benchmarks/language/trees.quire"
};
static const unsigned char words[] = {
#embed "../../../Tests/Benchmarks/language/words.quire"
};
static const unsigned char brackets[] = {
#embed "../../../Tests/Benchmarks/language/brackets.quire"
};
static const unsigned char inventory[] = {
#embed "../../../Tests/Benchmarks/language/inventory.quire"
};
static const unsigned char life[] = {
#embed "../../../Tests/Benchmarks/language/life.quire"
};
static const unsigned char paths[] = {
#embed "../../../Tests/Benchmarks/language/paths.quire"
};
static const unsigned char slices[] = {
#embed "../../../Tests/Benchmarks/language/slices.quire"
};

static const struct bench_program table[] = {
    {"fib(30)", fib, sizeof fib},
    {"integer loop", integer_loop, sizeof integer_loop},
    {"float sum", float_sum, sizeof float_sum},
    {"list sort", list_sort, sizeof list_sort},
    {"word count", word_count, sizeof word_count},
    {"string building", string_building, sizeof string_building},
    {"closures", closures, sizeof closures},
    {"n-body", n_body, sizeof n_body},
    {"characters", characters, sizeof characters},
    {"collatz", collatz, sizeof collatz},
    {"grouping", grouping, sizeof grouping},
    {"json text", json_text, sizeof json_text},
    {"levenshtein", levenshtein, sizeof levenshtein},
    {"mandelbrot", mandelbrot, sizeof mandelbrot},
    {"matrix", matrix, sizeof matrix},
    {"memo", memo, sizeof memo},
    {"pipeline", pipeline, sizeof pipeline},
    {"queens", queens, sizeof queens},
    {"quicksort", quicksort, sizeof quicksort},
    {"records", records, sizeof records},
    {"sieve", sieve, sizeof sieve},
    {"trees", trees, sizeof trees},
    {"words", words, sizeof words},
    {"brackets", brackets, sizeof brackets},
    {"inventory", inventory, sizeof inventory},
    {"life", life, sizeof life},
    {"paths", paths, sizeof paths},
    {"slices", slices, sizeof slices},
};

const struct bench_program *bench_programs(void) { return table; }

int bench_program_count(void) { return (int)(sizeof table / sizeof table[0]); }
