/* A module with a variable of each thread, for test_leaks.c. */
#include "tls_module.h"

static _Thread_local union {
    void *pointer;
    char space[TLS_SIZE];
} block;

__attribute__((visibility("default"))) void **slot(void);

void **slot(void)
{
    return &block.pointer;
}
