// Where the sections of scalars.bin begin; made with it by Tests/Fixtures/tokenizers/make_scalars.py.

#pragma once

#define CT_KINDS 0
#define CT_KIND_INDEX 568
#define CT_KIND_BLOCKS 17976
#define CT_FORMS 52408
#define CT_FORM_INDEX 52792
#define CT_FORM_BLOCKS 70200
#define CT_CANONICAL 96696
#define CT_COMPATIBLE 116924
#define CT_LOWER 149300
#define CT_PAIRS 162488
#define CT_SIZE 173772
