/* What fc-serve answers: the one table of methods and paths, from which the description for programs is made, too. */
#ifndef FC_SERVE_ROUTES_H
#define FC_SERVE_ROUTES_H
#include "facecheck.h"

typedef enum fc_route_id {
    FC_ROUTE_PING,
    FC_ROUTE_METRICS,
    FC_ROUTE_OPENAPI,
    FC_ROUTE_PAGE,
    FC_ROUTE_DETECT,
    FC_ROUTE_EMBED,
    FC_ROUTE_MATCH,
    FC_ROUTE_IDENTIFY,
    FC_ROUTE_PHOTO_MATCH,
    FC_ROUTE_CACHED_DATA,
    FC_ROUTE_ENROLL,
    FC_ROUTE_PEOPLE,
    FC_ROUTE_PERSON,
    FC_ROUTE_PERSON_PUT,
    FC_ROUTE_PERSON_DELETE,
    FC_ROUTE_PHOTOS,
    FC_ROUTE_PHOTO_ADD,
    FC_ROUTE_PHOTO_PUT,
    FC_ROUTE_PHOTO_DELETE
} fc_route_id;

typedef enum fc_route_kind {
    FC_ROUTE_AT_ONCE, /* by the thread that reads requests */
    FC_ROUTE_WORK,    /* by a worker */
    FC_ROUTE_WRITE    /* by a worker, where the gallery may be written */
} fc_route_kind;

typedef struct fc_route {
    fc_route_id id;
    const char *method, *path; /* {id}, {photo}: what stands there, up to a slash */
    fc_route_kind kind;
    bool open;           /* without the token, too */
    const char *answers; /* media type */
    const char *files;   /* names of files that it takes, by commas; "*": any; NULL: no body */
    const char *fields;  /* names of fields that it takes, by commas; NULL: none */
    const char *summary; /* a sentence */
} fc_route;
/* [FC_ROUTES] */
extern const fc_route fc_routes[];
extern const size_t FC_ROUTES;

/* The parts of a path that stand for {id} and {photo}, decoded. */
typedef struct fc_route_args {
    char *id, *photo; /* owned; NULL: there is none */
} fc_route_args;
void fc_route_args_clear(fc_route_args *a);

/* path: as it was sent, without what follows a question mark. HEAD finds what GET does. *other: the path has other methods.
 * FC_EMISSING: there is no such path, or method. FC_EUSAGE: a path that cannot be decoded (%00, %zz). */
fc_status fc_route_find(const fc_route **out, fc_route_args *args, bool *other, const char *method,
                        const char *path, fc_error *err);
/* "GET, HEAD, PUT": the methods of the route's path, for the header Allow. */
void fc_route_allow(char out[64], const char *path);

/* The table as an OpenAPI 3.0 document, for a server that is version. Caller frees. */
char *fc_routes_openapi(fc_error *err);

#endif
