// The BLAS interface of OpenBLAS.
#pragma once
#include <cblas.h>
