/* The files that this process is going to write, so that none of them is an input that would be lost. */
#ifndef FC_BASE_OUTPUTS_H
#define FC_BASE_OUTPUTS_H
#include <sys/stat.h>
#include "facecheck.h"

/* Before anything is read, and before there are threads: path will be written, and what is there now be replaced. What is
 * no regular file (a device, a pipe, a folder) is not replaced, and nothing to remember. FC_EUSAGE: another output has
 * that name already. FC_EMISSING, FC_EIO: there is no such folder, or nothing may be written there; that a disk is full, only
 * writing shows. */
fc_status fc_outputs_add(const char *path, fc_error *err);

/* path, an output by this very name, is read, too, and what is read decides what takes its place: from now on, that is no
 * reason to refuse it. After the inputs that the user named were looked at, and before there are threads. */
void fc_outputs_renew(const char *path);

bool fc_outputs_any(void);

/* For whoever reads a file, by device and inode: FC_EUSAGE where it is one of the outputs, and fc_atomic_commit will not
 * replace it. path is what messages call it. */
fc_status fc_outputs_spare(const struct stat *st, const char *path, fc_error *err);
/* The same by name, through links, for what may be read by somebody else, or has a part in what is read; what is not
 * there yet counts, too (a database's log). */
fc_status fc_outputs_spare_name(const char *path, fc_error *err);

/* What a tool is told to write into a folder has names that nobody spelled out, so that files of others may be in the
 * way: from now on, fc_atomic_commit replaces none in this folder. Before there are threads; the folder is there. */
fc_status fc_outputs_keep_folder(const char *dir, fc_error *err);
/* Whether path is in such a folder. */
bool fc_outputs_keeps(const char *path);

/* FC_EUSAGE: path is an output that was found to be an input. */
fc_status fc_outputs_check(const char *path, fc_error *err);

#endif
