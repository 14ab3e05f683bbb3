/* Where the program was installed. */
#ifndef CMD_INSTALL_H
#define CMD_INSTALL_H
#include "facecheck.h"

/* The folder that stands so to the one that this very program is in, wherever it was installed; in_build: the same where it runs
 * from a build folder, NULL: none then. Caller frees; *out is NULL where there is none. One that is not there is told by the
 * name that was tried. */
fc_status install_folder(char **out, const char *from_tools, const char *in_build, fc_error *err);

#endif
