#include "serve/reply.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"

void fc_reply_clear(fc_reply *r)
{
    free(r->body);
    *r = (fc_reply){.exit = -1};
}

int fc_reply_status(fc_status s, bool of_request)
{
    switch (s) {
    case FC_EUSAGE:
    case FC_ERECORD:
        return 400;
    case FC_EMISSING:
        return 404;
    case FC_EEXISTS:
    case FC_ECONTRACT:
        return 409;
    case FC_ELIMIT:
        return 413;
    case FC_EEMPTY:
    case FC_EFORMAT:
    case FC_ETRUNCATED:
    case FC_ECORRUPT:
        return of_request ? 400 : 415;
    case FC_EUNSUPPORTED:
        return 415;
    case FC_EFACES:
    case FC_EDATA:
    case FC_ETIMEOUT:
    case FC_ECRASHED:
        return 422;
    case FC_ENOMEM:
        return 503;
    default:
        return 500;
    }
}

int fc_reply_status_own(fc_status s)
{
    return s == FC_EMISSING || s == FC_EIO || s == FC_ENOMEM ? 503 : 500;
}

void fc_reply_fail(fc_reply *r, int status, const char *stage, const char *code, const char *message)
{
    static const char no_memory[] =
        "{\"error\":{\"stage\":\"request\",\"code\":\"memory\",\"message\":\"out of memory\"}}\n";
    char *shown = fc_text_escape(message, strlen(message));
    json_t *o = shown
                    ? json_pack("{s:{s:s,s:s,s:s}}", "error", "stage", stage, "code", code, "message", shown)
                    : NULL;

    fc_reply_clear(r);
    *r = (fc_reply){.status = status, .type = "application/json", .exit = 2};
    if (!o || fc_reply_add_line(r, o, NULL)) {
        fc_reply_clear(r);
        *r = (fc_reply){.status = 503,
                        .type = "application/json",
                        .exit = 2,
                        .fixed = no_memory,
                        .n = sizeof no_memory - 1};
    }
    free(shown);
}

void fc_reply_fault(fc_reply *r, const char *stage, const fc_error *fault)
{
    fc_reply_fail(r, fc_reply_status(fault->status, !strcmp(stage, "request")), stage,
                  fc_status_name(fault->status), fault->message);
}

fc_status fc_reply_add(fc_reply *r, const char *text, size_t n, fc_error *err)
{
    fc_status s = fc_grow(&r->body, r->n + n + 1, &r->cap, 1, err);

    if (s)
        return s;
    memcpy(r->body + r->n, text, n);
    r->n += n;
    r->body[r->n] = '\0';
    return FC_OK;
}

fc_status fc_reply_add_line(fc_reply *r, json_t *o, fc_error *err)
{
    fc_record line = {o};
    char *text = NULL;
    size_t n;
    fc_status s = o ? fc_record_text(&line, &text, &n, err) : fc_fail_nomem(err, 0);

    if (!s)
        s = fc_reply_add(r, text, n, err);
    free(text);
    fc_record_clear(&line);
    return s;
}
