/* Where a server listens. */
#ifndef FC_SERVE_ADDRESS_H
#define FC_SERVE_ADDRESS_H
#include <sys/socket.h>

#include "facecheck.h"

typedef struct fc_address {
    struct sockaddr_storage at;
    socklen_t size;
    bool loopback; /* reached from this machine alone */
} fc_address;

/* "127.0.0.1:6000", "[::1]:6000", "localhost:6000" (127.0.0.1); port 0: any that is free. FC_EUSAGE: it is none. No name is
 * looked up. */
fc_status fc_address_parse(fc_address *out, const char *text, fc_error *err);
/* As people write it. */
void fc_address_text(char out[80], const struct sockaddr_storage *at);

#endif
