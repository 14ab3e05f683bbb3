/* Any bytes as the body of a request: the first line is its type. What is taken has its parts inside the body, and keeps the limits. */
#include <stdlib.h>
#include <string.h>

#include "serve/form.h"
#include "serve/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void find(const char *path)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};

    for (size_t i = 0; i < 4; i++) {
        const fc_route *r;
        fc_route_args args;
        bool other;
        fc_error err;
        if (!fc_route_find(&r, &args, &other, methods[i], path, &err))
            must(other && !strcmp(r->method, methods[i]) && (!args.photo || args.id));
        fc_route_args_clear(&args);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const fc_form_limits limits = {.files = 3, .file_bytes = 4096};
    const uint8_t *end = n ? memchr(bytes, '\n', n) : NULL, *body = end ? end + 1 : bytes + n;
    const size_t length = (size_t)(bytes + n - body);
    char *type = strndup((const char *)bytes, end ? (size_t)(end - bytes) : n);
    fc_error err;
    fc_form f;

    find(type);
    const fc_status s = fc_form_parse(&f, type, body, length, &limits, &err);
    must(!s || (f.n == 0 && s != FC_END));
    must(f.files <= limits.files);
    for (size_t i = 0; i < f.n; i++) {
        const fc_form_part *p = &f.part[i];
        double x = 0;
        bool flag;
        must(p->name && p->data >= body && p->n <= length && p->data + p->n <= body + length);
        must(!p->file || p->n <= limits.file_bytes);
        if (!fc_form_real(&f, p->name, -1, 1, &x, &err))
            must(x >= -1 && x <= 1);
        (void)fc_form_flag(&f, p->name, &flag, &err);
    }
    fc_form_clear(&f);
    free(type);
    return 0;
}
