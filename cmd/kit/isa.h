/* The instruction set that the environment allows. */
#ifndef CMD_ISA_H
#define CMD_ISA_H
#include "facecheck.h"

/* The instruction set that the environment allows at most, and the variable that says so: oneDNN's, which reads it itself,
 * or the name that it had before. Kernels of our own follow it, too. NULL: none. */
const char *isa_allowed(const char **variable);
/* Holds the library's kernels to it. */
fc_status isa_hold(fc_error *err);

#endif
