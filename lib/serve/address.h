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

/* What the header Host has, with or without a port: an address of this machine's loopback, or localhost. A page whose name was
 * made to lead here (DNS rebinding) has its own name there. NULL: false. */
bool fc_host_is_loopback(const char *host);
/* Whether a browser sent the request for a page of another site, as far as it says: fetch_site is the header Sec-Fetch-Site, and
 * where there is none origin, the header Origin, is compared with host. Each may be NULL. */
bool fc_from_other_site(const char *fetch_site, const char *origin, const char *host);

#endif
