/* For analyzers, in front of each file: what fails returns no FC_OK, which they cannot see. */
#include "base/error.h"

#define fc_fail(err, status, ...) ((void)(fc_fail)(err, status, __VA_ARGS__), (status) ? (status) : FC_EIO)
#define fc_fail_nomem(err, bytes) ((void)(fc_fail_nomem)(err, bytes), FC_ENOMEM)
#define fc_fail_errno(err, name)  ((void)(fc_fail_errno)(err, name), FC_EIO)
