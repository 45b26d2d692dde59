// Message digests of libcrypto.
#pragma once
#include <openssl/evp.h>
