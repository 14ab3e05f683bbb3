/* Any CPU. */
#define NAME(f) f##_base
#include "detect/area_kernel.h"
