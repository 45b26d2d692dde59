// Nothing to call: Level.c runs before the tests do.
#pragma once
