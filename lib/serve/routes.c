#include "serve/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define LINES "application/jsonl"
#define JSON  "application/json"

const fc_route fc_routes[] = {
    {FC_ROUTE_PING, "GET", "/ping", .open = true, .answers = JSON, .summary = "Whether the server is there."},
    {FC_ROUTE_METRICS, "GET", "/metrics", .answers = "text/plain",
     .summary = "Counts and times, for Prometheus."},
    {FC_ROUTE_OPENAPI, "GET", "/openapi.json", .open = true, .answers = JSON, .summary = "This description."},
    {FC_ROUTE_PAGE, "GET", "/", .open = true, .answers = "text/html", .summary = "A page for people."},
    {FC_ROUTE_DETECT, "POST", "/v1/detect", FC_ROUTE_WORK, .answers = LINES, .files = "*",
     .fields = "timings",
     .summary = "The faces of pictures: a line for each picture, as fc-detect writes it."},
    {FC_ROUTE_EMBED, "POST", "/v1/embed", FC_ROUTE_WORK, .answers = LINES, .files = "*", .fields = "timings",
     .summary =
         "The faces of pictures with their embeddings: a line for each picture, as fc-embed writes it."},
    {FC_ROUTE_MATCH, "POST", "/v1/match", FC_ROUTE_WORK, .answers = LINES, .files = "reference,*",
     .fields = "threshold,metric,no-timings",
     .summary =
         "Every face of pictures compared with the reference's: a line for each, as fc-match writes it."},
    {FC_ROUTE_IDENTIFY, "POST", "/v1/identify", FC_ROUTE_WORK, .answers = LINES, .files = "*",
     .fields = "threshold,fpir,candidates,fuse,unique,no-timings",
     .summary = "Who of the gallery the faces of pictures are: a line for each, as fc-match -g writes it."},
    {FC_ROUTE_PHOTO_MATCH, "POST", "/photo_match", FC_ROUTE_WORK, .answers = JSON,
     .files = "reference,sample", .fields = "threshold,type",
     .summary = "Two photos: whether they are of one person."},
    {FC_ROUTE_PHOTO_MATCH, "POST", "/identity", FC_ROUTE_WORK, .answers = JSON, .files = "reference,sample",
     .fields = "threshold,type", .summary = "The same as /photo_match."},
    {FC_ROUTE_CACHED_DATA, "POST", "/cached_data", FC_ROUTE_WORK, .answers = JSON,
     .files = "reference,sample", .fields = "threshold,type",
     .summary = "A photo and a stored embedding: a record, an array of NumPy or a tensor of PyTorch."},
    {FC_ROUTE_ENROLL, "POST", "/v1/enroll", FC_ROUTE_WRITE, .answers = LINES, .files = "*", .fields = "id",
     .summary = "Photos of a person into the gallery: a line for each, as fc-enroll writes it."},
    {FC_ROUTE_PEOPLE, "GET", "/v1/people", FC_ROUTE_WORK, .answers = LINES,
     .summary = "The gallery's people."},
    {FC_ROUTE_PERSON, "GET", "/v1/people/{id}", FC_ROUTE_WORK, .answers = LINES,
     .summary = "A person: what is kept with them, and their photos."},
    {FC_ROUTE_PERSON_PUT, "PUT", "/v1/people/{id}", FC_ROUTE_WRITE, .answers = LINES, .files = "*",
     .fields = "meta,name",
     .summary = "A person is made, gets another name, or other data to keep with them."},
    {FC_ROUTE_PERSON_DELETE, "DELETE", "/v1/people/{id}", FC_ROUTE_WRITE, .answers = LINES,
     .summary = "A person is removed, with all photos."},
    {FC_ROUTE_PHOTOS, "GET", "/v1/people/{id}/photos", FC_ROUTE_WORK, .answers = LINES,
     .summary = "A person's photos."},
    {FC_ROUTE_PHOTO_ADD, "POST", "/v1/people/{id}/photos", FC_ROUTE_WRITE, .answers = LINES, .files = "*",
     .summary = "Photos of a person are added: a line for each, as fc-enroll writes it."},
    {FC_ROUTE_PHOTO_PUT, "PUT", "/v1/people/{id}/photos/{photo}", FC_ROUTE_WRITE, .answers = LINES,
     .files = "*", .summary = "A photo takes the place of another."},
    {FC_ROUTE_PHOTO_DELETE, "DELETE", "/v1/people/{id}/photos/{photo}", FC_ROUTE_WRITE, .answers = LINES,
     .summary = "A photo is removed."},
};
const size_t FC_ROUTES = sizeof fc_routes / sizeof *fc_routes;

void fc_route_args_clear(fc_route_args *a)
{
    free(a->id);
    free(a->photo);
    *a = (fc_route_args){0};
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The segment [n] decoded; NULL: it cannot be, or there is no memory, which *s says. */
static char *decode(const char *from, size_t n, fc_status *s, fc_error *err)
{
    char *out = malloc(n + 1), *to = out;

    if (!out)
        *s = fc_fail_nomem(err, n + 1);
    for (size_t i = 0; out && i < n; i++) {
        const bool escape = from[i] == '%';
        const int high = escape && n - i > 2 ? hex_digit(from[i + 1]) : -1,
                  low = high < 0 ? -1 : hex_digit(from[i + 2]);
        if (escape && (low < 0 || (high == 0 && low == 0))) {
            *s = fc_fail(err, FC_EUSAGE,
                         "a path with a %% that no two hexadecimal digits follow, or that is a NUL");
            free(out);
            return NULL;
        }
        *to++ = escape ? (char)(high << 4 | low) : from[i];
        i += escape ? 2 : 0;
    }
    if (out)
        *to = '\0';
    return out;
}

/* Whether path is what pattern says; the parts that stand for names are left in at and n. */
static bool fits(const char *pattern, const char *path, const char *at[2], size_t n[2])
{
    size_t k = 0;

    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        at[k] = path;
        n[k] = strcspn(path, "/");
        path += n[k];
        if (!n[k++])
            return false;
        pattern = strchr(pattern, '}') + 1;
    }
    return !*path;
}

fc_status fc_route_find(const fc_route **out, fc_route_args *args, bool *other, const char *method,
                        const char *path, fc_error *err)
{
    const bool head = !strcmp(method, "HEAD");

    *out = NULL;
    *args = (fc_route_args){0};
    *other = false;
    for (size_t i = 0; i < FC_ROUTES; i++) {
        const fc_route *r = &fc_routes[i];
        const char *at[2] = {NULL, NULL};
        size_t n[2] = {0, 0};
        fc_status s = FC_OK;
        if (!fits(r->path, path, at, n))
            continue;
        *other = true;
        if (strcmp(r->method, head ? "GET" : method) != 0)
            continue;
        if (at[0])
            args->id = decode(at[0], n[0], &s, err);
        if (!s && at[1])
            args->photo = decode(at[1], n[1], &s, err);
        if (s) {
            fc_route_args_clear(args);
            return s;
        }
        *out = r;
        return FC_OK;
    }
    return fc_fail(err, FC_EMISSING, *other ? "this path has no such method" : "no such path");
}

void fc_route_allow(char out[64], const char *path)
{
    const char *at[2];
    size_t n[2], used = 0;

    *out = '\0';
    for (size_t i = 0; i < FC_ROUTES; i++)
        if (fits(fc_routes[i].path, path, at, n)) {
            const bool get = !strcmp(fc_routes[i].method, "GET");
            used += (size_t)snprintf(out + used, 64 - used, "%s%s%s", used ? ", " : "", fc_routes[i].method,
                                     get ? ", HEAD" : "");
        }
}
