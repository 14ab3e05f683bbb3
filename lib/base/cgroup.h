/* Limits of the control groups that this process is in. */
#ifndef FC_BASE_CGROUP_H
#define FC_BASE_CGROUP_H
#include "facecheck.h"

/* The limit that a group's folder states, of version 2 or 1; 0: none. */
typedef uint64_t fc_cgroup_limit_fn(const char *dir);

/* The least limit of this process's groups and their ancestors, in version 2 and below the controller in version 1
 * ("cpu", "memory"); 0: none. */
uint64_t fc_cgroup_least(const char *controller, fc_cgroup_limit_fn *limit);

#endif
