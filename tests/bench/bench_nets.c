/*
 * Time to compile, and to run once, each network with made-up weights on one thread.
 *
 *     bench_nets [NET... [ROUNDS]]
 *
 * FC_ENGINE names the engine; the default one where it is not set. One that runs whole files, as opencv does, gets the network as an
 * ONNX file, which is also written to BENCH_ONNX/NET.onnx where that is set. Another engine's output in float32 has to be the default
 * one's, else the program ends with 1. The floor is that of nn/roofline.h, 0 where an engine does not tell its steps, or
 * BENCH_NO_FLOOR is set (finding out takes 128 MB). Where several inputs go through the network at a time, lines "batch N" have what
 * each takes of so many.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engines/engine.h"
#include "made_up.h"
#include "nets/nets.h"
#include "nn/roofline.h"
#include "onnx_graph.h"

/* How far an output may be from the default engine's, as a part of its length: a cosine of 0.9999995. */
#define FARTHEST 1e-3

static const char *engine; /* NULL: the default one */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static _Noreturn void die(const fc_error *err)
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

static size_t elements(const fc_node *n)
{
    return (size_t)n->c * (size_t)n->h * (size_t)n->w;
}

static size_t output_size(const fc_graph *g, int i)
{
    return elements(fc_graph_node(g, fc_graph_output_at(g, i)));
}

/* What the default engine gives for the input that run() has: the outputs, one behind the other, to be freed. */
static float *expected(const fc_graph *g, const fc_weights *w)
{
    size_t n = 0;
    fc_session *s;
    fc_error err;
    fc_net *net;
    float *to;
    double ms;

    for (int i = 0; i < fc_graph_outputs(g); i++)
        n += output_size(g, i);
    to = malloc(n * sizeof *to);
    if (!to)
        exit(2);
    if (fc_net_compile(&net, g, w, NULL, &err) || fc_session_new(&s, net, &err))
        die(&err);
    run(&ms, 1, s, 1, elements(fc_graph_node(g, 0)));
    n = 0;
    for (int i = 0; i < fc_graph_outputs(g); i++) {
        memcpy(to + n, fc_session_output(s, i), output_size(g, i) * sizeof *to);
        n += output_size(g, i);
    }
    fc_session_free(s);
    fc_net_free(net);
    return to;
}

/* Ends the program where the session's last run gave something else. */
static void check(const char *name, const fc_session *s, const fc_graph *g, const float *want)
{
    double far = 0, length = 0;

    for (int i = 0; i < fc_graph_outputs(g); i++)
        for (size_t k = 0; k < output_size(g, i); k++, want++) {
            far += pow((double)fc_session_output(s, i)[k] - (double)*want, 2);
            length += pow((double)*want, 2);
        }
    if (sqrt(far) <= FARTHEST * sqrt(length))
        return;
    fprintf(stderr, "bench_nets: %s: the output is not the default engine's, but %g of its length away\n",
            name, sqrt(far / length));
    exit(1);
}

/* The network as a file, of no bytes where the engine does not want one. */
static message file_of(const char *name, const fc_graph *g, const fc_weights *w)
{
    const char *folder = getenv("BENCH_ONNX");
    message m = {0};
    fc_error err;

    if (!engine || !fc_engine_wants_files(engine))
        return m;
    if (onnx_of_graph(&m, g, w, name, &err))
        die(&err);
    if (folder)
        onnx_save(&m, folder, name);
    return m;
}

/* False where the engine is the one to compare with. */
static bool is_other(void)
{
    return engine && strcmp(engine, fc_engine_best()) != 0;
}

static fc_status compile(fc_net **net, const message *file, const char *name, const fc_graph *g,
                         const fc_weights *w, fc_precision precision, fc_error *err)
{
    const fc_engine_options o = {.engine = engine, .precision = precision};
    const fc_node *in = fc_graph_node(g, 0);
    int dim;

    return file->n ? fc_net_load(net, &dim, FC_PROGRAM_ONNX, file->at, file->n, name,
                                 (const int[]){in->c, in->h, in->w}, &o, err)
                   : fc_net_compile(net, g, w, &o, err);
}

static void bench(const char *name, const fc_graph *g, const fc_weights *w, fc_precision precision,
                  int rounds)
{
    const size_t n = elements(fc_graph_node(g, 0));
    message file = file_of(name, g, w);
    float *want = is_other() && precision == FC_PRECISION_FP32 ? expected(g, w) : NULL;
    double *ms = malloc((size_t)rounds * sizeof *ms), start, compiled, ready;
    fc_session *s;
    fc_error err;
    fc_net *net;

    if (!ms)
        exit(2);
    start = fc_now_ms();
    if (compile(&net, &file, name, g, w, precision, &err))
        die(&err);
    compiled = fc_now_ms();
    if (fc_session_new(&s, net, &err))
        die(&err);
    ready = fc_now_ms();
    run(ms, rounds, s, 1, n);
    if (want)
        check(name, s, g, want);
    double first = ms[0];
    qsort(ms, (size_t)rounds, sizeof *ms, ascending);
    printf("%-20s %-18s compile %7.2f  session %5.2f  first %7.3f  floor %7.3f  min %7.3f  median %7.3f ms\n",
           name, fc_net_engine(net), compiled - start, ready - compiled, first, floor_of(net, 1), ms[0],
           ms[rounds / 2]);
    fc_session_free(s);
    bench_batch(name, net, ms, rounds, n);
    fc_net_free(net);
    free(file.at);
    free(want);
    free(ms);
}

int main(int argc, char **argv)
{
    static const char *const all[] = {"rnet", "onet", "mobilefacenet", "inception_resnet_v1"};
    int rounds = argc > 1 ? atoi(argv[argc - 1]) : 0;
    const char *const *names = argc > 1 ? (const char *const *)argv + 1 : all;
    int count = argc > 1 ? argc - 1 - (rounds > 0) : 4;

    engine = getenv("FC_ENGINE");
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
        if (fc_cpu_has_bf16() && !(engine && fc_engine_wants_files(engine)))
            bench(names[i], g, w, FC_PRECISION_BF16, rounds);
        fc_weights_free(w);
        fc_graph_free(g);
    }
    return 0;
}
