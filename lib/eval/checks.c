#include "eval/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/grow.h"
#include "eval/checks_impl.h"

void fc_checks_clear(fc_checks *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->check[i].name);
        free(c->check[i].failure);
    }
    free(c->check);
    *c = (fc_checks){0};
}

fc_status fc_checks_add(fc_checks *c, const char *name, const char *failure, fc_error *err)
{
    const fc_check check = {strdup(name), failure ? strdup(failure) : NULL};
    fc_status s = check.name && (check.failure || !failure) ? FC_OK : fc_fail_nomem(err, strlen(name) + 1);

    if (!s)
        s = fc_grow(&c->check, c->n + 1, &c->cap, sizeof *c->check, err);
    if (s) {
        free(check.name);
        free(check.failure);
        return s;
    }
    c->check[c->n++] = check;
    c->failed += failure != NULL;
    return FC_OK;
}

/* ---- JUnit ---- */

static void put_xml(FILE *f, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '&' || c == '<' || c == '>' || c == '"')
            fprintf(f, "&#%d;", c);
        else
            putc(c < 0x20 ? ' ' : c, f);
    }
}

static void put_check(FILE *f, const fc_check *c, const char *command)
{
    fprintf(f, "  <testcase classname=\"fc-eval.%s\" name=\"", command);
    put_xml(f, c->name);
    if (c->failure) {
        fputs("\"><failure message=\"", f);
        put_xml(f, c->failure);
        fputs("\"/></testcase>\n", f);
    } else {
        fputs("\"/>\n", f);
    }
}

fc_status fc_checks_save_junit(const fc_checks *c, const char *command, double seconds, const char *path,
                               fc_error *err)
{
    fc_atomic_file f;
    fc_status s = fc_atomic_open(&f, path, err);

    if (s)
        return s;
    fprintf(f.f,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuite name=\"fc-eval %s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"%.3f\">\n",
            command, c->n, c->failed, seconds);
    for (size_t i = 0; i < c->n; i++)
        put_check(f.f, &c->check[i], command);
    fputs("</testsuite>\n", f.f);
    if (ferror(f.f)) {
        s = fc_fail_errno(err, path);
        fc_atomic_discard(&f);
        return s;
    }
    return fc_atomic_commit(&f, err);
}
