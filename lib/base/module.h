/* Parts of facecheck that are loaded on first use, because what they link costs too much at every start. */
#ifndef FC_BASE_MODULE_H
#define FC_BASE_MODULE_H
#include "facecheck.h"

/* dlopens "facecheck-NAME.so": from the build tree when this code runs from it, else from LIBDIR/facecheck
 * beside the program or library, else from the folder configured at build time. Never closed. */
fc_status fc_module_open(void **out, const char *name, fc_error *err);

/* The table of functions "fc_NAME" in that module: a struct whose first member, a const char *, is the FC_VERSION that it
 * was built for; another version's is refused. NULL on error. */
fc_status fc_module_get(const void **out, const char *name, fc_error *err);

#endif
