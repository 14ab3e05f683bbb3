/* Any CPU. */
#define NAME(f) f##_base
#include "detect/nms_kernel.h"
