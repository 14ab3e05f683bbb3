/* Any CPU. */
#define NAME(f) f##_base
#include "plot/tsne_kernel.h"
