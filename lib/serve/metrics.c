#include "serve/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "monitor/prom.h"

/* Upper ends, in seconds. */
static const double bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

enum { REQUESTS, TOOK, RECEIVED, SENT, PICTURES, FACES, CONNECTIONS, WAITING, BUSY, WORKERS, FAMILIES };
static const fc_prom_family families[FAMILIES] = {
    [REQUESTS] = {.name = "facecheck_requests_total",
                  .help = "Requests by route and status; status 0: the client was gone.",
                  .kind = FC_PROM_COUNTER,
                  .label = {"method", "path", "status"}},
    [TOOK] = {.name = "facecheck_request_seconds",
              .help = "From a request's head to the end of its answer.",
              .kind = FC_PROM_HISTOGRAM,
              .bounds = bounds,
              .nbounds = sizeof bounds / sizeof *bounds},
    [RECEIVED] = {.name = "facecheck_received_bytes_total",
                  .help = "Bytes of requests' bodies.",
                  .kind = FC_PROM_COUNTER},
    [SENT] = {.name = "facecheck_sent_bytes_total",
              .help = "Bytes of answers' bodies.",
              .kind = FC_PROM_COUNTER},
    [PICTURES] = {.name = "facecheck_pictures_total",
                  .help = "Pictures and records that were looked at.",
                  .kind = FC_PROM_COUNTER},
    [FACES] = {.name = "facecheck_faces_total", .help = "Faces in them.", .kind = FC_PROM_COUNTER},
    [CONNECTIONS] = {.name = "facecheck_connections", .help = "Open connections.", .kind = FC_PROM_GAUGE},
    [WAITING] = {.name = "facecheck_queue_waiting",
                 .help = "Requests that wait for a worker.",
                 .kind = FC_PROM_GAUGE},
    [BUSY] = {.name = "facecheck_workers_busy", .help = "Workers at work.", .kind = FC_PROM_GAUGE},
    [WORKERS] = {.name = "facecheck_workers", .help = "Workers.", .kind = FC_PROM_GAUGE},
};

struct fc_metrics {
    fc_prom *prom;
};

fc_metrics *fc_metrics_new(void)
{
    fc_metrics *m = calloc(1, sizeof *m);

    if (m && fc_prom_new(&m->prom, families, FAMILIES, NULL)) {
        free(m);
        return NULL;
    }
    return m;
}

void fc_metrics_free(fc_metrics *m)
{
    if (m)
        fc_prom_free(m->prom);
    free(m);
}

void fc_metrics_request(fc_metrics *m, const fc_route *r, int status, double seconds, size_t in, size_t out)
{
    char code[16];

    snprintf(code, sizeof code, "%d", status);
    fc_prom_add(m->prom, REQUESTS, (const char *[]){r ? r->method : "", r ? r->path : "", code}, 1);
    fc_prom_observe(m->prom, TOOK, NULL, seconds);
    fc_prom_add(m->prom, RECEIVED, NULL, (double)in);
    fc_prom_add(m->prom, SENT, NULL, (double)out);
}

void fc_metrics_pictures(fc_metrics *m, size_t pictures, size_t faces)
{
    fc_prom_add(m->prom, PICTURES, NULL, (double)pictures);
    fc_prom_add(m->prom, FACES, NULL, (double)faces);
}

void fc_metrics_connections(fc_metrics *m, int by)
{
    fc_prom_change(m->prom, CONNECTIONS, NULL, by);
}

char *fc_metrics_text(fc_metrics *m, fc_queue_state q)
{
    fc_prom_set(m->prom, WAITING, NULL, (double)q.waiting);
    fc_prom_set(m->prom, BUSY, NULL, (double)q.busy);
    fc_prom_set(m->prom, WORKERS, NULL, (double)q.workers);
    return fc_prom_text(m->prom);
}
