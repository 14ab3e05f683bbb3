#include "serve/metrics.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/text.h"

/* Upper ends, in seconds. */
static const double bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
enum { BOUNDS = sizeof bounds / sizeof *bounds, STATUSES = 600 };

struct fc_metrics {
    pthread_mutex_t lock;
    uint64_t *requests; /* [routes + 1][STATUSES] */
    uint64_t took[BOUNDS + 1];
    double seconds;
    uint64_t answered, bytes_in, bytes_out, pictures, faces;
    long connections;
};

fc_metrics *fc_metrics_new(void)
{
    fc_metrics *m = calloc(1, sizeof *m);

    if (m && !(m->requests = calloc((FC_ROUTES + 1) * STATUSES, sizeof *m->requests))) {
        free(m);
        return NULL;
    }
    if (m)
        pthread_mutex_init(&m->lock, NULL);
    return m;
}

void fc_metrics_free(fc_metrics *m)
{
    if (!m)
        return;
    pthread_mutex_destroy(&m->lock);
    free(m->requests);
    free(m);
}

void fc_metrics_request(fc_metrics *m, const fc_route *r, int status, double seconds, size_t in, size_t out)
{
    const size_t row = r ? (size_t)(r - fc_routes) : FC_ROUTES;
    size_t k = 0;

    while (k < BOUNDS && seconds > bounds[k])
        k++;
    pthread_mutex_lock(&m->lock);
    if (status >= 0 && status < STATUSES)
        m->requests[row * STATUSES + (size_t)status]++;
    m->took[k]++;
    m->seconds += seconds;
    m->answered++;
    m->bytes_in += in;
    m->bytes_out += out;
    pthread_mutex_unlock(&m->lock);
}

void fc_metrics_pictures(fc_metrics *m, size_t pictures, size_t faces)
{
    pthread_mutex_lock(&m->lock);
    m->pictures += pictures;
    m->faces += faces;
    pthread_mutex_unlock(&m->lock);
}

void fc_metrics_connections(fc_metrics *m, int by)
{
    pthread_mutex_lock(&m->lock);
    m->connections += by;
    pthread_mutex_unlock(&m->lock);
}

static void head(FILE *f, const char *name, const char *kind, const char *help)
{
    fprintf(f, "# HELP facecheck_%s %s\n# TYPE facecheck_%s %s\n", name, help, name, kind);
}

static void one(FILE *f, const char *name, const char *kind, const char *help, uint64_t value)
{
    head(f, name, kind, help);
    fprintf(f, "facecheck_%s %llu\n", name, (unsigned long long)value);
}

static void requests(FILE *f, const fc_metrics *m)
{
    head(f, "requests_total", "counter", "Requests by route and status; status 0: the client was gone.");
    for (size_t i = 0; i <= FC_ROUTES; i++)
        for (size_t status = 0; status < STATUSES; status++) {
            const uint64_t n = m->requests[i * STATUSES + status];
            if (n)
                fprintf(f, "facecheck_requests_total{method=\"%s\",path=\"%s\",status=\"%zu\"} %llu\n",
                        i < FC_ROUTES ? fc_routes[i].method : "", i < FC_ROUTES ? fc_routes[i].path : "",
                        status, (unsigned long long)n);
        }
}

static void durations(FILE *f, const fc_metrics *m)
{
    char number[FC_NUMBER_SIZE];
    uint64_t sum = 0;

    head(f, "request_seconds", "histogram", "From a request's head to the end of its answer.");
    for (size_t i = 0; i < BOUNDS; i++) {
        sum += m->took[i];
        fc_text_number(number, bounds[i]);
        fprintf(f, "facecheck_request_seconds_bucket{le=\"%s\"} %llu\n", number, (unsigned long long)sum);
    }
    fprintf(f, "facecheck_request_seconds_bucket{le=\"+Inf\"} %llu\n", (unsigned long long)m->answered);
    fc_text_number(number, m->seconds);
    fprintf(f, "facecheck_request_seconds_sum %s\nfacecheck_request_seconds_count %llu\n", number,
            (unsigned long long)m->answered);
}

char *fc_metrics_text(fc_metrics *m, fc_queue_state q)
{
    fc_text_file t;

    if (fc_text_open(&t, NULL))
        return NULL;
    pthread_mutex_lock(&m->lock);
    requests(t.f, m);
    durations(t.f, m);
    one(t.f, "received_bytes_total", "counter", "Bytes of requests' bodies.", m->bytes_in);
    one(t.f, "sent_bytes_total", "counter", "Bytes of answers' bodies.", m->bytes_out);
    one(t.f, "pictures_total", "counter", "Pictures and records that were looked at.", m->pictures);
    one(t.f, "faces_total", "counter", "Faces in them.", m->faces);
    one(t.f, "connections", "gauge", "Open connections.", m->connections > 0 ? (uint64_t)m->connections : 0);
    pthread_mutex_unlock(&m->lock);
    one(t.f, "queue_waiting", "gauge", "Requests that wait for a worker.", q.waiting);
    one(t.f, "workers_busy", "gauge", "Workers at work.", q.busy);
    one(t.f, "workers", "gauge", "Workers.", (uint64_t)q.workers);
    return fc_text_close(&t, NULL) ? NULL : t.data;
}
