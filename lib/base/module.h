/* Parts of facecheck that are loaded on first use, because what they link costs too much at every start. */
#ifndef FC_BASE_MODULE_H
#define FC_BASE_MODULE_H
#include <pthread.h>

#include "facecheck.h"

/* A module, opened once for all threads when it is first needed; a failure is kept and told each time. */
typedef struct fc_module {
    const char *name;   /* of the file, facecheck-NAME.so */
    const char *absent; /* why this build has none; NULL: it has */
    const void *table;  /* "fc_NAME" in it, once fc_module_need has returned FC_OK */
    pthread_mutex_t lock;
    bool tried;
    fc_error fault;
} fc_module;
#define FC_MODULE(NAME, ABSENT)                                                                              \
    {                                                                                                        \
        .name = NAME, .absent = ABSENT, .lock = PTHREAD_MUTEX_INITIALIZER                                    \
    }

/* Opens it: from the build tree when this code runs from it, else from LIBDIR/facecheck beside the program or library, else
 * from the folder configured at build time. It is never closed. Its table is a struct of functions whose first member, a
 * const char *, is the FC_VERSION that it was built for; another version's is refused. FC_EUNSUPPORTED where there is none. */
fc_status fc_module_need(fc_module *m, fc_error *err);

/* The path of a file that is installed where modules are, and looked for as they are; false: there is none. path has
 * PATH_MAX bytes. */
bool fc_module_file(char *path, const char *file);

#endif
