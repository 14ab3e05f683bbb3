/* Any CPU. */
#define NAME(f) f##_base
#include "face/nms_kernel.h"
