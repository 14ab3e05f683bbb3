#include "serve/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

/* The decimal digits of a port behind the last colon; -1: there is none. */
static int port_of(const char *colon)
{
    const char *digits = colon + 1;
    const size_t n = strspn(digits, "0123456789");

    if (!n || n > 5 || digits[n] || atol(digits) > 65535)
        return -1;
    return (int)atol(digits);
}

static bool parse_4(fc_address *out, const char *host, uint16_t port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&out->at;

    if (inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &in->sin_addr) != 1)
        return false;
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    out->size = sizeof *in;
    out->loopback = ntohl(in->sin_addr.s_addr) >> 24 == 127;
    return true;
}

static bool parse_6(fc_address *out, const char *host, uint16_t port)
{
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&out->at;

    if (inet_pton(AF_INET6, host, &in->sin6_addr) != 1)
        return false;
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(port);
    out->size = sizeof *in;
    out->loopback = IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
    return true;
}

fc_status fc_address_parse(fc_address *out, const char *text, fc_error *err)
{
    const char *colon = strrchr(text, ':');
    const int port = colon ? port_of(colon) : -1;
    char host[64] = "";
    const size_t n = colon ? (size_t)(colon - text) : 0;
    bool good = port >= 0 && n > 0 && n < sizeof host;

    *out = (fc_address){.size = 0};
    if (good) {
        memcpy(host, text, n);
        if (host[0] == '[' && host[n - 1] == ']') {
            host[n - 1] = '\0';
            good = parse_6(out, host + 1, (uint16_t)port);
        } else {
            good = parse_4(out, host, (uint16_t)port);
        }
    }
    return good ? FC_OK
                : fc_fail(err, FC_EUSAGE, "want an address such as 127.0.0.1:6000 or [::1]:6000, got '%s'",
                          text);
}

void fc_address_text(char out[80], const struct sockaddr_storage *at)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;
    char host[INET6_ADDRSTRLEN] = "?";

    if (at->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, 80, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else if (at->ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, 80, "%s:%u", host, ntohs(v4->sin_port));
    } else {
        snprintf(out, 80, "a local socket");
    }
}

bool fc_host_is_loopback(const char *host)
{
    char text[80];
    fc_address a;
    const size_t n = host ? strlen(host) : 0;
    const bool has_port = n && host[n - 1] != ']' && strchr(host, ':');

    if (!n || n > sizeof text - 3)
        return false;
    snprintf(text, sizeof text, "%s%s", host, has_port ? "" : ":0");
    for (char *p = text; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    return !fc_address_parse(&a, text, NULL) && a.loopback;
}

bool fc_from_other_site(const char *fetch_site, const char *origin, const char *host)
{
    if (fetch_site)
        return strcasecmp(fetch_site, "same-origin") && strcasecmp(fetch_site, "none");
    if (!origin)
        return false;
    const char *name = strstr(origin, "://");
    return !name || !host || strcasecmp(name + 3, host);
}
