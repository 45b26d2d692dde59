// Embeds the tables of scalars; knows nothing of what they say.
#include "CScalars.h"

const unsigned char ct_scalars[CT_SIZE] = {
#embed "scalars.bin"
};
