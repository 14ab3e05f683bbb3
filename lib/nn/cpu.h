/* What this CPU can do beyond what the compiler's own questions cover. */
#ifndef FC_NN_CPU_H
#define FC_NN_CPU_H
#include <stdbool.h>

/* Matrix tiles of bfloat16 (Intel AMX), and the kernel lets this process use them; asks it to on the first call. */
bool fc_cpu_has_tiles(void);

#endif
