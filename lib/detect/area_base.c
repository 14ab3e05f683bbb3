/* Any CPU. */
#define NAME(f) f##_base
#define LANES   4
#include "detect/area_kernel.h"
