// Embeds the modules. One line a module, here and in the table.
#include "CStdlib.h"

static const unsigned char data[] = {
#embed "modules/data.quire" suffix(, 0)
};
static const unsigned char interp[] = {
#embed "modules/interp.quire" suffix(, 0)
};
static const unsigned char linalg[] = {
#embed "modules/linalg.quire" suffix(, 0)
};
static const unsigned char metrics[] = {
#embed "modules/metrics.quire" suffix(, 0)
};
static const unsigned char nest[] = {
#embed "modules/nest.quire" suffix(, 0)
};
static const unsigned char nn[] = {
#embed "modules/nn.quire" suffix(, 0)
};
static const unsigned char optim[] = {
#embed "modules/optim.quire" suffix(, 0)
};
static const unsigned char sampling[] = {
#embed "modules/sampling.quire" suffix(, 0)
};
static const unsigned char stats[] = {
#embed "modules/stats.quire" suffix(, 0)
};
static const unsigned char text[] = {
#embed "modules/text.quire" suffix(, 0)
};
static const unsigned char world[] = {
#embed "modules/world.quire" suffix(, 0)
};

static const struct quire_module table[] = {
    {"data", data, sizeof data - 1},
    {"interp", interp, sizeof interp - 1},
    {"linalg", linalg, sizeof linalg - 1},
    {"metrics", metrics, sizeof metrics - 1},
    {"nest", nest, sizeof nest - 1},
    {"nn", nn, sizeof nn - 1},
    {"optim", optim, sizeof optim - 1},
    {"sampling", sampling, sizeof sampling - 1},
    {"stats", stats, sizeof stats - 1},
    {"text", text, sizeof text - 1},
    {"world", world, sizeof world - 1},
};

const struct quire_module *quire_modules(void) { return table; }

int quire_module_count(void) { return (int)(sizeof table / sizeof table[0]); }
