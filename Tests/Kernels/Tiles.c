// The cases of Tiles.h: attention in tiles, forward and backward.
#include <CKernels.h>
#include <math.h>

#include "Catalogue.h"

#if __has_include(<Tiles.h>)
#include <Tiles.h>

#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2(a, b)
#define F(name) PASTE(name, SUFFIX)

#define T float
#define SUFFIX f32
#define IN floats
#define OUT out_floats
#include "Tiles.inc"
#undef T
#undef SUFFIX
#undef IN
#undef OUT

#define T double
#define SUFFIX f64
#define IN doubles
#define OUT out_doubles
#include "Tiles.inc"

static const long keys[] = {1, 2, 17, 64, 65, 131, 200, -1};
const Case tile_cases[] = {
  {"attention in tiles f32", attend_f32, keys, 0},
  {"attention in tiles f64", attend_f64, keys, 0},
  {"attention in tiles, back, f32", attend_slope_f32, keys, 0},
  {"attention in tiles, back, f64", attend_slope_f64, keys, 0},
  {0},
};
#else
const Case tile_cases[] = {{0}};
#endif
