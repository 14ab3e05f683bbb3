/* TorchScript programs and PyTorch's state dicts as embedding models. FC_MADE is where make_torchscript wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "engines/engine.h"
#include "made_program.h"
#include "small_net.h"

#define SIDE MADE_SIDE

static const int chw[] = {3, SIDE, SIDE};

static fc_status load(fc_net **net, int *dim, const char *name, const fc_engine_options *o, fc_error *err)
{
    return made_load(net, dim, FC_PROGRAM_TORCHSCRIPT, name, o, err);
}

static void refused(const char *name, const fc_engine_options *o, fc_status want, const char *word)
{
    made_refused(FC_PROGRAM_TORCHSCRIPT, name, o, want, word);
}

static void fill(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (float)(i * 31 % 255) / 128 - 1;
}

/* The small network by oneDNN. */
static void expected(float out[SMALL_NET_DIM])
{
    fc_graph *g = fc_graph_new();
    fc_weights *w;
    fc_net *net;
    fc_session *s;
    int x = fc_graph_input(g, 3, SIDE, SIDE);

    x = fc_graph_conv(g, x, "w", "b", (fc_conv){.out = SMALL_NET_DIM, .kh = 3, .kw = 3, .stride = 2});
    fc_graph_output(g, fc_graph_avgpool(g, fc_graph_relu(g, x)));
    assert_int_equal(fc_weights_new(&w, "made up", NULL), FC_OK);
    assert_int_equal(
        fc_weights_add(w, "w", FC_F32, 4, (size_t[]){SMALL_NET_DIM, 3, 3, 3}, small_net_weight(), NULL),
        FC_OK);
    assert_int_equal(fc_weights_add(w, "b", FC_F32, 1, (size_t[]){SMALL_NET_DIM}, small_net_bias(), NULL),
                     FC_OK);
    assert_int_equal(fc_net_compile(&net, g, w, NULL, NULL), FC_OK);
    assert_int_equal(fc_session_new(&s, net, NULL), FC_OK);
    fill(fc_session_input(s), 3 * SIDE * SIDE);
    assert_int_equal(fc_session_run(s, NULL), FC_OK);
    memcpy(out, fc_session_output(s, 0), SMALL_NET_DIM * sizeof *out);
    fc_session_free(s);
    fc_net_free(net);
    fc_weights_free(w);
    fc_graph_free(g);
}

/* One run after the other in a session: out[0] to out[2]. */
struct job {
    const fc_net *net;
    float out[3][SMALL_NET_DIM];
    bool failed;
};

static void *work(void *arg)
{
    struct job *j = arg;
    fc_session *s;

    j->failed = fc_session_new(&s, j->net, NULL) != FC_OK;
    for (int i = 0; i < 3 && !j->failed; i++) {
        fill(fc_session_input(s), 3 * SIDE * SIDE);
        j->failed = fc_session_run(s, NULL) != FC_OK;
        memcpy(j->out[i], fc_session_output(s, 0), sizeof j->out[i]);
    }
    fc_session_free(s);
    return NULL;
}

/* However often a program has run, and in however many threads, it gives the same bits. */
static void good(void **state)
{
    (void)state;
    static const char *const names[] = {"good.pt", "flat.pt"};
    float want[SMALL_NET_DIM];

    expected(want);
    for (int k = 0; k < 2; k++) {
        struct job job[3] = {{0}};
        pthread_t thread[2];
        fc_error err = {0};
        fc_net *net;
        int dim = 0;
        if (load(&net, &dim, names[k], NULL, &err))
            fail_msg("%s", err.message);
        assert_int_equal(dim, SMALL_NET_DIM);
        assert_int_equal(strncmp(fc_net_engine(net), "torch ", 6), 0);
        assert_non_null(strstr(fc_net_engine(net), " fp32"));
        for (int i = 0; i < 3; i++)
            job[i].net = net;
        work(&job[0]);
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&thread[i], NULL, work, &job[1 + i]), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(thread[i], NULL);
        for (int i = 0; i < 3; i++) {
            assert_false(job[i].failed);
            for (int run = 0; run < 3; run++)
                assert_memory_equal(job[i].out[run], job[0].out[0], sizeof want);
        }
        for (int i = 0; i < SMALL_NET_DIM; i++)
            assert_true(fabs((double)job[0].out[0][i] - (double)want[i]) < 1e-5);
        fc_net_free(net);
    }
}

/* "good.pt" prints what it computes: stdout is the records'. */
static void prints_nothing(void **state)
{
    (void)state;
    char path[] = "/tmp/facecheck-test-XXXXXX";
    struct job job = {0};
    int out = mkstemp(path), before = dup(STDOUT_FILENO), dim;
    fc_net *net;

    assert_true(out >= 0 && before >= 0);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    fc_status s = load(&net, &dim, "good.pt", NULL, NULL);
    job.net = net;
    if (!s)
        work(&job);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    assert_int_equal(s, FC_OK);
    assert_false(job.failed);
    assert_int_equal(lseek(out, 0, SEEK_END), 0);
    fc_net_free(net);
    close(before);
    close(out);
    unlink(path);
}

static void bad_programs(void **state)
{
    (void)state;
    fc_net *net;
    fc_session *s;
    fc_error err;
    int dim;

    refused("pair.pt", NULL, FC_EMODEL, "gives a Tuple");
    refused("map.pt", NULL, FC_EMODEL, "[1, 3, 32, 32]");
    refused("integers.pt", NULL, FC_EMODEL, "Long");
    refused("wrong-size.pt", NULL, FC_EENGINE, "shape '[1, 5]' is invalid");
    refused("raises.pt", NULL, FC_EENGINE, "raises.pt: libtorch: AssertionError: not today");

    /* one that shows what it is only later */
    assert_int_equal(load(&net, &dim, "changing.pt", NULL, NULL), FC_OK);
    assert_int_equal(fc_session_new(&s, net, NULL), FC_OK);
    fill(fc_session_input(s), 3 * SIDE * SIDE);
    assert_int_equal(fc_session_run(s, &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "16 numbers for one picture and 15 for another"));
    fc_session_free(s);
    fc_net_free(net);
}

static void broken_files(void **state)
{
    (void)state;
    fc_bytes b = made_bytes("good.pt");
    fc_error err;
    fc_net *net;
    int dim;

    for (size_t n = 0; n < b.n; n += b.n / 7)
        assert_int_not_equal(
            fc_net_load(&net, &dim, FC_PROGRAM_TORCHSCRIPT, b.data, n, "cut.pt", chw, NULL, &err), FC_OK);
    assert_non_null(strstr(err.message, "cut.pt: not a TorchScript program"));
    for (size_t i = 0; i < b.n; i += 97) { /* damaged; some of it does not matter */
        b.data[i] ^= 0x55;
        if (!fc_net_load(&net, &dim, FC_PROGRAM_TORCHSCRIPT, b.data, b.n, "damaged.pt", chw, NULL, &err))
            fc_net_free(net);
        b.data[i] ^= 0x55;
    }
    fc_bytes_clear(&b);
}

static void options(void **state)
{
    (void)state;
    refused("good.pt", &(fc_engine_options){.engine = "onednn"}, FC_EUSAGE, "onednn");
    refused("good.pt", &(fc_engine_options){.precision = FC_PRECISION_BF16}, FC_EUNSUPPORTED, "bf16");
    refused("good.pt", &(fc_engine_options){.device = "abacus"}, FC_EUSAGE, "abacus");
    refused("good.pt", &(fc_engine_options){.device = "cuda:x"}, FC_EUSAGE, "cuda:x");
    refused("good.pt", &(fc_engine_options){.device = "cuda:"}, FC_EUSAGE, "cuda:");
    /* whatever this libtorch has, there are not a hundred devices */
    refused("good.pt", &(fc_engine_options){.device = "cuda:99"}, FC_EUNSUPPORTED, "CUDA");
}

/* ---- as models --------------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void copy_file(const char *from, const char *to)
{
    fc_bytes b = {0};
    FILE *f = fopen(to, "wb");
    assert_int_equal(fc_bytes_read_file(&b, from, 1 << 24, NULL), FC_OK);
    assert_non_null(f);
    assert_int_equal(fwrite(b.data, 1, b.n, f), b.n);
    assert_int_equal(fclose(f), 0);
    fc_bytes_clear(&b);
}

static fc_models *registry(void)
{
    char dir[4096];
    fc_models *m;
    snprintf(dir, sizeof dir, "%s/../models", getenv("FC_TESTS"));
    assert_int_equal(fc_models_open(&m, dir, NULL), FC_OK);
    return m;
}

static fc_image picture(int side)
{
    fc_image img = {0};
    assert_int_equal(fc_image_alloc(&img, side, side, NULL), FC_OK);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < 3 * side; x++)
            img.rgb[(size_t)y * img.stride + (size_t)x] = (uint8_t)(x * 7 + y * 13 + x * y % 31);
    return img;
}

/* The embedding of picture(side). */
static void embed(const fc_models *m, const char *model, int side, int dim, float *out, char contract[200])
{
    fc_embedder *e;
    fc_embed_session *s = NULL;
    fc_image img = picture(side);
    fc_error err = {0};

    if (fc_embedder_new(&e, m, model, NULL, &err) || fc_embed_session_new(&s, e, &err))
        fail_msg("%s", err.message);
    assert_int_equal(fc_embedder_dim(e), dim);
    if (fc_embed(s, &img, false, out, &err))
        fail_msg("%s", err.message);
    snprintf(contract, 200, "%s", fc_embedder_contract(e, false));
    fc_embed_session_free(s);
    fc_embedder_free(e);
    fc_image_clear(&img);
}

#define YAML(more) "input: 32\nalignment: {mode: box}\nnormalisation: {mean: 127.5, scale: 0.0078125}\n" more

static void as_model(void **state)
{
    (void)state;
    char a[4096], b[4096], described[4096], contract[2][200];
    float x[SMALL_NET_DIM], y[SMALL_NET_DIM];
    fc_models *m = registry();
    fc_embedder *e;
    fc_error err;

    snprintf(a, sizeof a, "%s", made("my-a.pt"));
    snprintf(b, sizeof b, "%s", made("my-b.pt"));
    snprintf(described, sizeof described, "%s", made("my-a.yaml"));
    copy_file(made("good.pt"), a);
    copy_file(made("flat.pt"), b);
    write_text(described, YAML(""));
    write_text(made("my-b.yaml"), YAML(""));
    embed(m, a, SIDE, SMALL_NET_DIM, x, contract[0]);
    embed(m, b, SIDE, SMALL_NET_DIM, y, contract[1]);
    assert_memory_equal(x, y, sizeof x);
    assert_int_equal(strncmp(contract[0], "my-a:", 5), 0);
    assert_string_not_equal(strchr(contract[0], ':'), strchr(contract[1], ':')); /* another program */

    write_text(described, YAML("dim: 17\n"));
    assert_int_equal(fc_embedder_new(&e, m, a, NULL, &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "17"));
    write_text(described, YAML("sha256: 0000000000000000000000000000000000000000000000000000000000000000\n"));
    assert_int_equal(fc_embedder_new(&e, m, a, NULL, &err), FC_EHASH);
    unlink(described);
    assert_int_equal(fc_embedder_new(&e, m, a, NULL, &err), FC_EMISSING);
    fc_models_free(m);
}

/* O-Net's first output as if it were an embedding: from our own format, then from both of PyTorch's. */
static void needs_shared_state_dicts(void **state)
{
    (void)state;
    static const char *const formats[] = {"onet-zip.pt", "onet-legacy.pt"};
    char from[4096], to[4096], contract[200];
    float want[2], got[2];
    fc_models *m = registry();

    snprintf(from, sizeof from, "%s/reference/checkpoints", getenv("FC_SHARED"));
    if (access(from, R_OK)) {
        fc_models_free(m);
        skip();
    }
    write_text(made("my-onet.yaml"),
               "input: 48\nalignment: {mode: box}\nnormalisation: {mean: 127.5, scale: 0.0078125}\n");
    snprintf(from, sizeof from, "%s/../models/mtcnn-onet.safetensors", getenv("FC_TESTS"));
    snprintf(to, sizeof to, "%s", made("my-onet.safetensors"));
    copy_file(from, to);
    embed(m, to, 48, 2, want, contract);
    for (int k = 0; k < 2; k++) {
        snprintf(from, sizeof from, "%s/reference/checkpoints/%s", getenv("FC_SHARED"), formats[k]);
        snprintf(to, sizeof to, "%s", made("my-onet.pt"));
        copy_file(from, to);
        embed(m, to, 48, 2, got, contract);
        assert_memory_equal(got, want, sizeof want);
    }
    fc_models_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good),
                                       cmocka_unit_test(prints_nothing),
                                       cmocka_unit_test(bad_programs),
                                       cmocka_unit_test(options),
                                       cmocka_unit_test(broken_files),
                                       cmocka_unit_test(as_model),
                                       cmocka_unit_test(needs_shared_state_dicts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
