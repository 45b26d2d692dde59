// The loops for any CPU: what the other variants are held against. On ARM these are vectors too.
#define VARIANT scalar
#include "Variant.inc"
