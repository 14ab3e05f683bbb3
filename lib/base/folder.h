/* Folders. */
#ifndef FC_BASE_FOLDER_H
#define FC_BASE_FOLDER_H
#include <sys/stat.h>
#include "facecheck.h"

/* One folder, with that mode where it is new; one that is there already, also through a link, will do. */
fc_status fc_make_folder(const char *path, mode_t mode, fc_error *err);
/* The same with those above it. */
fc_status fc_make_folders(const char *path, mode_t mode, fc_error *err);

/* "DIR/NAME", with one slash between them however many dir ends in. Caller frees; NULL: no memory. */
char *fc_folder_join(const char *dir, const char *name);

/* Where the file of that name is or, where there is none yet, would be made: an absolute path, with no link in it. Caller frees.
 * FC_EMISSING: its folder is not there. */
fc_status fc_real_name(char **out, const char *name, fc_error *err);

#endif
