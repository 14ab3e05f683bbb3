#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/threads.h"
#include "bench.h"
#include "base/stats.h"
#include "engines/engine.h"
#include "say.h"

extern char **environ;

enum { COLD_STARTS = 5, MATCHES = 1000 };
static const double throughput_seconds = 2;

void bench_variant_close(bench_variant *v)
{
    for (int s = 0; s < BENCH_STAGES; s++)
        free(v->sample[s]);
    free(v->picture_ms);
    fc_detect_session_free(v->detect);
    fc_embed_session_free(v->embed);
    fc_detector_free(v->detector);
    fc_embedder_free(v->embedder);
    *v = (bench_variant){0};
}

fc_status bench_decode(fc_image *img, const bench *b, const bench_picture *p, fc_error *err)
{
    const fc_image_options options = {.memory = b->memory};

    return fc_image_decode(img, p->file.data, p->file.n, p->path, &options, err);
}

void bench_free(bench *b)
{
    for (size_t i = 0; i < b->npictures; i++) {
        free(b->picture[i].path);
        fc_bytes_clear(&b->picture[i].file);
    }
    free(b->picture);
    fc_memory_free(b->memory);
    for (size_t i = 0; i < b->nvariants; i++)
        bench_variant_close(&b->variant[i]);
    free(b->variant);
}

fc_status bench_variant_open(bench_variant *v, const bench *b, fc_error *err)
{
    fc_status s = fc_detector_new(&v->detector, b->models, &v->options, err);

    if (!s)
        s = fc_embedder_new(&v->embedder, b->models, b->model, &v->options, err);
    if (!s)
        s = fc_detect_session_new(&v->detect, v->detector, err);
    if (!s)
        s = fc_embed_session_new(&v->embed, v->embedder, err);
    v->cold_ms = v->cold_mib = NAN;
    return s;
}

/* ---- latency ---- */

static fc_status add_sample(bench_variant *v, bench_stage stage, double ms, fc_error *err)
{
    fc_status s = fc_grow(&v->sample[stage], v->count[stage] + 1, &v->cap[stage], sizeof **v->sample, err);

    if (!s)
        v->sample[stage][v->count[stage]++] = ms;
    return s;
}

/* A comparison is shorter than the clock's step: the mean of many. */
static double match_ms(const float *a, const float *b, size_t dim)
{
    double start = fc_now_ms(), sum = 0;
    volatile double sink;

    for (int i = 0; i < MATCHES; i++)
        sum += fc_cosine(a, b, dim);
    sink = sum;
    (void)sink;
    return (fc_now_ms() - start) / MATCHES;
}

/* times NULL: nothing is kept. */
static fc_status run_picture(const bench *b, bench_variant *v, const bench_picture *p, bool keep,
                             double *total, size_t *nfaces, fc_error *err)
{
    const size_t dim = (size_t)fc_embedder_dim(v->embedder);
    float e[2][FC_MAX_DIM];
    fc_image img = {0}, crop = {0};
    fc_faces faces = {0};
    double start = fc_now_ms(), decoded, detected, stop;
    fc_status s = bench_decode(&img, b, p, err);

    if (s)
        goto out;
    decoded = fc_now_ms();
    if ((s = fc_detect(v->detect, &img, NULL, &faces, err)))
        goto out;
    detected = fc_now_ms();
    const fc_detect_ms net = fc_detect_last_ms(v->detect);
    const double net_ms[3] = {net.pnet, net.rnet, net.onet};
    *nfaces = faces.n;
    *total = detected - start;
    if (keep && (s = add_sample(v, BENCH_DECODE, decoded - start, err)))
        goto out;
    for (int k = 0; keep && k < 3; k++)
        if ((s = add_sample(v, BENCH_PNET + k, net_ms[k], err)))
            goto out;
    for (size_t i = 0; i < faces.n; i++) {
        start = fc_now_ms();
        if ((s = fc_align(&crop, &img, &faces.face[i], fc_embedder_alignment(v->embedder), err)))
            goto out;
        const double aligned = fc_now_ms();
        s = fc_embed(v->embed, &crop, false, e[i & 1], err);
        stop = fc_now_ms();
        fc_image_clear(&crop);
        if (s)
            goto out;
        const double match = match_ms(e[i & 1], e[i ? !(i & 1) : 0], dim);
        *total += stop - start + match;
        if (keep && ((s = add_sample(v, BENCH_ALIGN, aligned - start, err)) ||
                     (s = add_sample(v, BENCH_EMBED, stop - aligned, err)) ||
                     (s = add_sample(v, BENCH_MATCH, match, err))))
            goto out;
    }
    if (keep)
        s = add_sample(v, BENCH_TOTAL, *total, err);
out:
    fc_image_clear(&crop);
    fc_image_clear(&img);
    fc_faces_clear(&faces);
    return s;
}

fc_status bench_latency(bench *b, fc_error *err)
{
    const size_t n = b->npictures * (size_t)b->rounds;
    progress shown = progress_begin(b->progress);
    fc_status s = FC_OK;

    for (size_t k = 0; k < b->nvariants; k++)
        if (!(b->variant[k].picture_ms = calloc(n + 1, sizeof *b->variant[k].picture_ms)))
            return fc_fail_nomem(err, n * sizeof(double));
    for (size_t i = 0; i < n && !s; i++) {
        const size_t round = i / b->npictures, picture = i % b->npictures;
        bench_picture *p = &b->picture[picture];
        const bool keep = i >= (size_t)b->warmup;
        for (size_t k = 0; k < b->nvariants && !s; k++) {
            bench_variant *v = &b->variant[(k + round) % b->nvariants];
            double total;
            size_t faces;
            s = run_picture(b, v, p, keep, &total, &faces, err);
            v->picture_ms[picture * (size_t)b->rounds + round] = keep && !s ? total : NAN;
            if (v == b->variant && !s)
                p->faces = faces;
        }
        if (progress_due(&shown))
            progress_show("latency: %zu of %zu pictures", i + 1, n);
    }
    progress_clear();
    return s;
}

/* ---- throughput ---- */

struct crowd {
    const bench *b;
    bench_variant *worker; /* [threads]: with sessions of their own */
    double until;
    size_t next;
    size_t *images, *faces; /* [threads] */
};

static fc_status read_turn(void *ctx, void **item, fc_error *err)
{
    struct crowd *c = ctx;

    (void)err;
    if (fc_now_ms() >= c->until)
        return FC_END;
    *item = &c->b->picture[c->next++ % c->b->npictures];
    return FC_OK;
}

static fc_status work_turn(void *ctx, int worker, void *item, fc_error *err)
{
    struct crowd *c = ctx;
    double total;
    size_t faces = 0;
    fc_status s = run_picture(c->b, &c->worker[worker], item, false, &total, &faces, err);

    c->images[worker]++;
    c->faces[worker] += faces;
    return s;
}

static fc_status write_turn(void *ctx, void *item, fc_error *err)
{
    (void)ctx;
    (void)item;
    (void)err;
    return FC_OK;
}

static void drop_turn(void *ctx, void *item)
{
    (void)ctx;
    (void)item;
}

fc_status bench_throughput(bench *b, fc_error *err)
{
    static const fc_pipeline pipeline = {
        .read = read_turn, .work = work_turn, .write = write_turn, .drop = drop_turn};
    const size_t n = (size_t)b->threads;
    fc_status s = FC_OK;

    for (size_t k = 0; k < b->nvariants && !s; k++) {
        bench_variant *v = &b->variant[k];
        struct crowd c = {.b = b,
                          .worker = calloc(n, sizeof *c.worker),
                          .images = calloc(n, sizeof *c.images),
                          .faces = calloc(n, sizeof *c.faces)};
        if (!c.worker || !c.images || !c.faces)
            s = fc_fail_nomem(err, n * sizeof *c.worker);
        for (size_t i = 0; i < n && !s; i++) {
            c.worker[i] = (bench_variant){.detector = v->detector, .embedder = v->embedder};
            if (!(s = fc_detect_session_new(&c.worker[i].detect, v->detector, err)))
                s = fc_embed_session_new(&c.worker[i].embed, v->embedder, err);
        }
        if (b->progress)
            progress_show("throughput: %s", v->name);
        const double start = fc_now_ms();
        size_t images = 0, faces = 0;
        c.until = start + throughput_seconds * 1e3;
        if (!s)
            s = fc_pipeline_run(&pipeline, &c, b->threads, err);
        const double seconds = (fc_now_ms() - start) / 1e3;
        for (size_t i = 0; c.worker && i < n; i++) {
            images += c.images[i];
            faces += c.faces[i];
            fc_detect_session_free(c.worker[i].detect);
            fc_embed_session_free(c.worker[i].embed);
        }
        v->images_per_second = (double)images / seconds;
        v->faces_per_second = (double)faces / seconds;
        free(c.worker);
        free(c.images);
        free(c.faces);
        progress_clear();
    }
    return s;
}

/* ---- cold start ---- */

/* From the start of the process to the first byte it writes. */
static fc_status start_once(const char *tool, char *const *argv, double *ms, double *mib, fc_error *err)
{
    posix_spawn_file_actions_t files;
    struct rusage usage;
    int fd[2], status, failed;
    char buffer[65536];
    ssize_t got;
    pid_t pid;

    if (pipe2(fd, O_CLOEXEC) < 0)
        return fc_fail_errno(err, "pipe");
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, fd[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&files, STDERR_FILENO);
    const double start = fc_now_ms();
    failed = posix_spawn(&pid, tool, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    close(fd[1]);
    if (failed) {
        close(fd[0]);
        errno = failed;
        return fc_fail_errno(err, tool);
    }
    while ((got = read(fd[0], buffer, sizeof buffer)) < 0 && errno == EINTR)
        ;
    *ms = fc_now_ms() - start;
    while (got > 0)
        got = read(fd[0], buffer, sizeof buffer);
    close(fd[0]);
    while (wait4(pid, &status, 0, &usage) < 0)
        if (errno != EINTR)
            return fc_fail_errno(err, tool);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return fc_fail(err, FC_EIO, "%s: failed, so that its start cannot be measured", tool);
    *mib = (double)usage.ru_maxrss / 1024;
    return FC_OK;
}

fc_status bench_cold(bench *b, const char *tool, const char *models, fc_error *err)
{
    for (size_t k = 0; k < b->nvariants; k++) {
        bench_variant *v = &b->variant[k];
        const char *precision = fc_precision_names[v->options.precision];
        const char *argv[18] = {"fc-embed", "--no-config", "-j1", "-m", b->model, "--precision", precision};
        double ms[COLD_STARTS], mib = 0;
        int n = 7;
        if (v->options.engine) {
            argv[n++] = "--engine";
            argv[n++] = v->options.engine;
        }
        if (v->options.device) {
            argv[n++] = "--device";
            argv[n++] = v->options.device;
        }
        if (models) {
            argv[n++] = "--models";
            argv[n++] = models;
        }
        argv[n++] = "--";
        argv[n++] = b->picture[0].path;
        if (b->progress)
            progress_show("cold start: %s", v->name);
        for (int i = 0; i < COLD_STARTS; i++) {
            fc_status s = start_once(tool, (char *const *)argv, &ms[i], &mib, err);
            if (s) {
                progress_clear();
                return s;
            }
        }
        fc_sort(ms, COLD_STARTS);
        v->cold_ms = fc_quantile(ms, COLD_STARTS, 0.5);
        v->cold_mib = mib;
    }
    progress_clear();
    return FC_OK;
}
