/* What a server did, counted. */
#ifndef FC_SERVE_METRICS_H
#define FC_SERVE_METRICS_H
#include "serve/queue.h"
#include "serve/routes.h"

typedef struct fc_metrics fc_metrics; /* for any number of threads */

fc_metrics *fc_metrics_new(void); /* NULL: no memory */
void fc_metrics_free(fc_metrics *m);
/* A request that was answered. r NULL: one without a route. status 0: its client was gone before. */
void fc_metrics_request(fc_metrics *m, const fc_route *r, int status, double seconds, size_t in, size_t out);
void fc_metrics_pictures(fc_metrics *m, size_t pictures, size_t faces);
void fc_metrics_connections(fc_metrics *m, int by);
/* In Prometheus' text format, with the queue's state. Caller frees; NULL: no memory. */
char *fc_metrics_text(fc_metrics *m, fc_queue_state q);

#endif
