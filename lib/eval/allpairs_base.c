/* Any CPU. */
#define NAME(f) f##_base
#define LANES   4
#define ROWS    4
#define VECTORS 2
#include "eval/allpairs_kernel.h"
