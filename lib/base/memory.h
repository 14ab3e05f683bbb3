/* Inside fc_memory: who takes memory from the budget, and gives it back. */
#ifndef FC_BASE_MEMORY_H
#define FC_BASE_MEMORY_H
#include "facecheck.h"

/* Takes so many bytes once they are free, those who came first before others. The caller must hold none of them, or
 * two could wait for each other. FC_ELIMIT: there are fewer in all; name is for the message. m may be NULL. */
fc_status fc_memory_take(fc_memory *m, uint64_t bytes, const char *name, fc_error *err);
/* More for one who holds some already; false, and nothing is taken, where that would have to be waited for. */
bool fc_memory_take_now(fc_memory *m, uint64_t bytes);
void fc_memory_give(fc_memory *m, uint64_t bytes);

/* What this machine, the control group or the limit of the address space (ulimit -v) lets the process have. */
uint64_t fc_memory_there(void);

#endif
