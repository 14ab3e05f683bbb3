/*
 * Time to compile, and to run once, each network with made-up weights on one thread.
 *
 *     bench_nets [NET... [ROUNDS]]
 *
 * FC_ENGINE names the engine; the default one where it is not set. The floor is that of nn/roofline.h, 0 where an engine does
 * not tell its steps, or BENCH_NO_FLOOR is set (finding out takes 128 MB). Where several inputs go through the network at a time,
 * lines "batch N" have what each takes of so many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engines/engine.h"
#include "made_up.h"
#include "nets/nets.h"
#include "nn/roofline.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void die(const fc_error *err)
{
    fprintf(stderr, "bench_nets: %s\n", err->message);
    exit(2);
}

/* Milliseconds that the net takes at least, an input of so many. */
static double floor_of(const fc_net *net, int inputs)
{
    static fc_roofline r;
    const int n = fc_net_layers(net);
    fc_layer_facts *f = calloc((size_t)n + 1, sizeof *f);
    double sum = 0;
    fc_error err;

    if (!f)
        exit(2);
    if (getenv("BENCH_NO_FLOOR")) {
        free(f);
        return 0;
    }
    if (!r.npeaks && fc_roofline_measure(&r, &err))
        die(&err);
    for (int i = 0; i < n; i++)
        fc_net_layer(net, i, &f[i]);
    for (int i = 0; i < n; i++)
        sum += fc_roofline_floor(&f[i], fc_roofline_peak(&r, &f[i], fc_net_precision(net)),
                                 fc_roofline_bandwidth(&r, f, n), inputs);
    free(f);
    return sum / inputs;
}

/* Runs of batch inputs: milliseconds of each, sorted, of one input. */
static void run(double *ms, int rounds, fc_session *s, int batch, size_t floats)
{
    fc_error err;

    for (int b = 0; b < batch; b++)
        for (size_t i = 0; i < floats; i++)
            fc_session_input_of(s, b)[i] = (float)((i * 7919) % 256) / 128 - 1;
    for (int i = 0; i < rounds; i++) {
        double from = fc_now_ms();
        if (fc_session_run_batch(s, batch, &err))
            die(&err);
        ms[i] = (fc_now_ms() - from) / batch;
    }
}

/* The same for two inputs at a time, four, and so on to as many as it takes. */
static void bench_batch(const char *name, const fc_net *net, double *ms, int rounds, size_t floats)
{
    fc_session *s;
    fc_error err;

    if (fc_net_batch(net) == 1)
        return;
    if (fc_session_new_batch(&s, net, &err))
        die(&err);
    for (int batch = 2; batch <= fc_net_batch(net); batch *= 2) {
        run(ms, rounds, s, batch, floats);
        qsort(ms, (size_t)rounds, sizeof *ms, ascending);
        printf("%-20s %-18s batch %d  floor %7.3f  min %7.3f  median %7.3f ms\n", name, fc_net_engine(net),
               batch, floor_of(net, batch), ms[0], ms[rounds / 2]);
    }
    fc_session_free(s);
}

static void bench(const char *name, const fc_graph *g, const fc_weights *w, fc_precision precision,
                  int rounds)
{
    const fc_node *in = fc_graph_node(g, 0);
    const size_t n = (size_t)in->c * (size_t)in->h * (size_t)in->w;
    double *ms = malloc((size_t)rounds * sizeof *ms), start, compiled, ready;
    fc_session *s;
    fc_error err;
    fc_net *net;

    if (!ms)
        exit(2);
    start = fc_now_ms();
    if (fc_net_compile(&net, g, w,
                       &(fc_engine_options){.engine = getenv("FC_ENGINE"), .precision = precision}, &err))
        die(&err);
    compiled = fc_now_ms();
    if (fc_session_new(&s, net, &err))
        die(&err);
    ready = fc_now_ms();
    run(ms, rounds, s, 1, n);
    double first = ms[0];
    qsort(ms, (size_t)rounds, sizeof *ms, ascending);
    printf("%-20s %-18s compile %7.2f  session %5.2f  first %7.3f  floor %7.3f  min %7.3f  median %7.3f ms\n",
           name, fc_net_engine(net), compiled - start, ready - compiled, first, floor_of(net, 1), ms[0],
           ms[rounds / 2]);
    fc_session_free(s);
    bench_batch(name, net, ms, rounds, n);
    fc_net_free(net);
    free(ms);
}

int main(int argc, char **argv)
{
    static const char *const all[] = {"rnet", "onet", "mobilefacenet", "inception_resnet_v1"};
    int rounds = argc > 1 ? atoi(argv[argc - 1]) : 0;
    const char *const *names = argc > 1 ? (const char *const *)argv + 1 : all;
    int count = argc > 1 ? argc - 1 - (rounds > 0) : 4;

    if (rounds < 1)
        rounds = 200;
    if (count == 0) {
        names = all;
        count = 4;
    }
    for (int i = 0; i < count; i++) {
        fc_graph *g = fc_net_by_name(names[i]);
        fc_weights *w;
        fc_error err;
        if (!g || made_up_weights(&w, g, &err)) {
            fprintf(stderr, "bench_nets: no network '%s'\n", names[i]);
            return 2;
        }
        bench(names[i], g, w, FC_PRECISION_FP32, rounds);
        if (fc_cpu_has_bf16())
            bench(names[i], g, w, FC_PRECISION_BF16, rounds);
        fc_weights_free(w);
        fc_graph_free(g);
    }
    return 0;
}
