/* Any CPU. */
#define NAME(f) f##_base
#include "face/area_kernel.h"
