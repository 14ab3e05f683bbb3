/* What is answered at once: /ping, /metrics, /openapi.json, /. */
#include <string.h>

#include "base/error.h"
#include "serve.h"

static void give(fc_reply *reply, const char *type, char *body)
{
    if (!body) {
        fc_reply_fail(reply, 503, "request", "memory", "out of memory");
        return;
    }
    *reply = (fc_reply){.status = 200, .type = type, .body = body, .n = strlen(body), .exit = -1};
}

static void give_fixed(fc_reply *reply, const char *type, const char *body)
{
    *reply = (fc_reply){.status = 200, .type = type, .fixed = body, .n = strlen(body), .exit = -1};
}

void serve_at_once(struct request *r)
{
    switch (r->route->id) {
    case FC_ROUTE_PING:
        give_fixed(&r->reply, "application/json", "{\"API Status\":200}\n");
        return;
    case FC_ROUTE_METRICS:
        give(&r->reply, "text/plain; version=0.0.4",
             fc_metrics_text(r->serve->metrics, fc_queue_look(r->serve->queue)));
        return;
    case FC_ROUTE_OPENAPI:
        give(&r->reply, "application/json", fc_routes_openapi(NULL));
        return;
    default:
        give_fixed(&r->reply, "text/html; charset=utf-8", serve_page);
    }
}
