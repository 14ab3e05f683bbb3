/* models.yaml: what is read, what is refused, hashes and contracts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <math.h>

#include <cmocka.h>

#include "base/codec.h"
#include "models/registry.h"
#include "facecheck.h"
#include "seed.h"

static char dir[] = "/tmp/test_registry.XXXXXX";

static char *in_dir(const char *file)
{
    static char path[4][256];
    static int turn;
    char *p = path[turn = (turn + 1) % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, file);
    return p;
}

static void put(const char *file, const char *text)
{
    FILE *f = fopen(in_dir(file), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    if (strstr(file, ".yaml"))
        keep_seed("yaml", text, strlen(text));
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

#define SOURCE "source: {licence: MIT}"
#define ENTRY(name)                                                                                          \
    "  - {name: " name                                                                                       \
    ", file: a.bin, arch: mobilefacenet, task: embed, input: 112, alignment: {mode: five-point}, "           \
    "dim: 192, normalisation: {mean: 127.5, scale: 0.5}, " SOURCE "}\n"

static void ours(void **state)
{
    fc_error err;
    fc_models *m;
    const fc_model *e;
    fc_weights *w;
    char path[256], contract[100], flipped[100];

    (void)state;
    snprintf(path, sizeof path, "%s/../models", getenv("FC_TESTS"));
    assert_int_equal(fc_models_open(&m, path, &err), FC_OK);
    static const char *const names[] = {"mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet", "mobilefacenet"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(fc_models_get(&e, m, names[i], &err), FC_OK);
        assert_int_equal(fc_model_verify(e, &err), FC_OK);
        assert_int_equal(fc_model_weights(&w, e, &err), FC_OK);
        assert_string_equal(fc_weights_meta(w, "arch"), e->arch);
        fc_weights_free(w);
        assert_string_equal(e->source.version, "1.0.24");
        assert_string_equal(e->source.licence, "MIT");
    }
    assert_string_equal(e->task, "embed");
    assert_int_equal(e->alignment.mode, FC_ALIGN_FIVE_POINT);
    assert_int_equal(e->alignment.size, 112);
    assert_int_equal(e->dim, 192);
    assert_true(e->threshold == 0.45);
    assert_int_equal(e->curve.pairs, 7255541);
    assert_true(e->curve.n == 44 && e->curve.point[20].fmr == 0.001 &&
                e->curve.point[20].threshold == 0.450754);
    assert_true(e->curve.point[43].fmr == 5e-6 && e->curve.point[43].threshold == 0.608734);
    assert_true(e->mean[2] == 127.5 && e->scale[1] == 1 / 128.0);
    assert_false(e->bf16_ok && isnan(e->lfw_bf16));

    /* Embeddings that users keep carry this: it may change only when what it stands for does. */
    assert_int_equal(fc_model_contract(contract, sizeof contract, e, false, &err), FC_OK);
    assert_int_equal(fc_model_contract(flipped, sizeof flipped, e, true, &err), FC_OK);
    assert_string_equal(contract, "mobilefacenet:09814656b2aaa5fe");
    assert_string_not_equal(contract, flipped);
    assert_int_equal(strlen(contract), strlen("mobilefacenet:") + 16);
    fc_model other = *e;
    other.alignment.margin = 1;
    assert_int_equal(fc_model_contract(flipped, sizeof flipped, &other, false, &err), FC_OK);
    assert_string_not_equal(contract, flipped);
    assert_int_equal(fc_model_contract(flipped, 10, e, false, &err), FC_EUSAGE);

    assert_int_equal(fc_models_get(&e, m, "dlib-face", &err), FC_OK);
    assert_int_equal(fc_model_verify(e, &err), FC_OK);
    assert_true(e->alignment.mode == FC_ALIGN_DLIB && e->alignment.size == 150 && e->dim == 128);
    assert_true(e->threshold == 0.927 && e->scale[2] == 1 / 256.0 && e->mean[0] == 122.782);
    assert_int_equal(fc_model_contract(contract, sizeof contract, e, false, &err), FC_OK);
    assert_string_equal(contract, "dlib-face:9cd30799203237d8");

    assert_int_equal(fc_models_get(&e, m, "facenet-vggface2", &err), FC_OK);
    assert_null(e->sha256);
    assert_true(isnan(e->threshold));
    assert_int_equal(fc_model_weights(&w, e, &err), FC_EMISSING);
    assert_non_null(strstr(err.message, "fc-model pull facenet-vggface2"));
    assert_int_equal(fc_model_contract(contract, sizeof contract, e, false, &err), FC_EMISSING);

    assert_int_equal(fc_models_get(&e, m, "nobody", &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "mtcnn-pnet, mtcnn-rnet"));
    assert_null(fc_models_find(m, "nobody"));
    fc_models_free(m);
}

#define CURVE(text) "version: 1\nmodels:\n  - false_matches: " text "\n"

/* Each text is refused with a message that holds the words. */
static void refused(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "empty"},
        {"# nothing\n", "no YAML"},
        {"version: 1\nmodels: [\n", "models.yaml:3: "},
        {"version: 2\nmodels: []\n", "models.yaml:1: want a whole number from 1 to 1, got '2'"},
        {"models: []\n", "no 'version'"},
        {"version: 1\n", "no 'models'"},
        {"version: 1\nmodels: 3\n", "models.yaml:2: models: want a list"},
        {"version: 1\nmodels: []\nmore: 1\n", "models.yaml:3: file: unknown key 'more'"},
        {"version: 1\nversion: 1\nmodels: []\n", "models.yaml:2: file: key 'version' twice"},
        {"version: 1\nmodels:\n  - name: a\n    fiel: b\n", "models.yaml:4: model: unknown key 'fiel'"},
        {"version: 1\nmodels:\n  - name: a\n", "models.yaml:3: model: no 'file'"},
        {"version: 1\nmodels:\n" ENTRY("a") ENTRY("a"), "models.yaml:4: model 'a' twice"},
        {"version: 1\nmodels:\n" ENTRY("a:b"), "models.yaml:3: name 'a:b'"},
        {"version: 1\nmodels:\n  - file: ../x\n", "models.yaml:3: file '../x'"},
        {"version: 1\nmodels:\n  - file: ..\n", "models.yaml:3: file '..'"},
        {"version: 1\nmodels:\n  - file: /etc/passwd\n", "models.yaml:3: file '/etc/passwd'"},
        {"version: 1\nmodels:\n  - file: \"a\\nb\"\n", "models.yaml:3: a control character"},
        {"version: 1\nmodels:\n  - file: []\n", "models.yaml:3: want a word"},
        {"version: 1\nmodels:\n  - sha256: 12ab\n", "models.yaml:3: sha256: want 64"},
        {"version: 1\nmodels:\n  - task: guess\n", "models.yaml:3: task: want"},
        {CURVE("{thresholds: [[0.1, 0.2]]}"), "false_matches: no 'pairs'"},
        {CURVE("{pairs: 100}"), "false_matches: no 'thresholds'"},
        {CURVE("{pairs: 0, thresholds: [[0.1, 0.2]]}"), "pairs: want a whole number from 1 to 1e15"},
        {CURVE("{pairs: 1e99'9, thresholds: [[0.1, 0.2]]}"), "want a number, got '1e99'9'"},
        {CURVE("{pairs: .nan, thresholds: [[0.1, 0.2]]}"), "want a number"},
        {CURVE("{pairs: 9, thresholds: []}"), "thresholds: want 1 to 128 of them"},
        {CURVE("{pairs: 9, thresholds: 3}"), "thresholds: want a list"},
        {CURVE("{pairs: 9, thresholds: [[0.1]]}"), "thresholds: want [rate, cosine]"},
        {CURVE("{pairs: 9, thresholds: [[0, 0.2]]}"), "want rates above 0 and below 1"},
        {CURVE("{pairs: 9, thresholds: [[1, 0.2]]}"), "want rates above 0 and below 1"},
        {CURVE("{pairs: 9, thresholds: [[0.1, 1.2]]}"), "cosines of -1 to 1"},
        {CURVE("{pairs: 9, thresholds: [[0.1, 0.2], [0.1, 0.3]]}"), "rates want to fall"},
        {CURVE("{pairs: 9, thresholds: [[0.1, 0.2], [0.01, 0.1]]}"),
         "rates want to fall, and cosines not to"},
        {"version: 1\nmodels:\n  - input: 0\n", "models.yaml:3: want a whole number from 1"},
        {"version: 1\nmodels:\n  - input: 1e9\n", "models.yaml:3: want a whole number from 1"},
        {"version: 1\nmodels:\n  - input: 11.5\n", "got '11.5'"},
        {"version: 1\nmodels:\n  - dim: 12x\n", "models.yaml:3: want a number, got '12x'"},
        {"version: 1\nmodels:\n  - dim: nan\n", "models.yaml:3: want a number, got 'nan'"},
        {"version: 1\nmodels:\n  - alignment: {mode: six-point}\n", "models.yaml:3: alignment mode"},
        {"version: 1\nmodels:\n  - alignment: {margin: 3}\n", "models.yaml:3: alignment: no 'mode'"},
        {"version: 1\nmodels:\n  - normalisation: {mean: [1, 2], scale: 1}\n", "want one number, or three"},
        {"version: 1\nmodels:\n  - normalisation: {mean: [1, 1e30, 2], scale: 1}\n",
         "models.yaml:3: mean: want"},
        {"version: 1\nmodels:\n  - normalisation: {mean: -255.5, scale: 1}\n", "models.yaml:3: mean: want"},
        {"version: 1\nmodels:\n  - normalisation: {mean: 1, scale: 0}\n", "models.yaml:3: scale: want"},
        {"version: 1\nmodels:\n  - threshold: {cosine: 2}\n", "models.yaml:3: cosine"},
        {"version: 1\nmodels:\n  - source: {package: a}\n", "models.yaml:3: source: no 'licence'"},
        {"version: 1\nmodels:\n  - {name: a, file: b, arch: c, task: embed, input: any, dim: 1, "
         "normalisation: {mean: 1, scale: 1}, " SOURCE "}\n",
         "want an input of a fixed size"},
        {"version: 1\nmodels:\n  - {name: a, file: b, arch: c, task: embed, input: 8, "
         "normalisation: {mean: 1, scale: 1}, " SOURCE "}\n",
         "no 'dim'"},
        {"version: 1\nmodels:\n  - {name: a, file: b, arch: c, task: detect, input: 8, dim: 3, "
         "normalisation: {mean: 1, scale: 1}, " SOURCE "}\n",
         "dim is for task embed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fc_error err = {0};
        fc_models *m;
        put("models.yaml", bad[i].text);
        assert_int_not_equal(fc_models_open(&m, dir, &err), FC_OK);
        assert_null(m);
        if (!strstr(err.message, bad[i].words))
            fail_msg("%zu: \"%s\" is not in \"%s\"", i, bad[i].words, err.message);
        assert_non_null(strstr(err.message, "models.yaml"));
    }
    unlink(in_dir("models.yaml"));
    fc_error err;
    fc_models *m;
    assert_int_equal(fc_models_open(&m, dir, &err), FC_EMISSING);
}

static void wrong_hash(void **state)
{
    char text[1024], hex[FC_SHA256_HEX];
    fc_error err;
    fc_models *m;
    fc_weights *w;

    (void)state;
    put("a.bin", "not weights");
    put("models.yaml", "version: 1\nmodels:\n" ENTRY("a"));
    assert_int_equal(fc_models_open(&m, dir, &err), FC_OK);
    assert_int_equal(fc_model_weights(&w, fc_models_at(m, 0), &err), FC_EHASH); /* none is recorded */
    assert_non_null(strstr(err.message, "a.bin"));
    fc_models_free(m);

    fc_sha256_hex(hex, "other", 5);
    snprintf(text, sizeof text,
             "version: 1\nmodels:\n  - {name: a, file: a.bin, arch: x, task: detect, input: any, sha256: %s, "
             "normalisation: {mean: 0, scale: 1}, " SOURCE "}\n",
             hex);
    put("models.yaml", text);
    assert_int_equal(fc_models_open(&m, dir, &err), FC_OK);
    assert_int_equal(fc_model_weights(&w, fc_models_at(m, 0), &err), FC_EHASH);
    assert_non_null(strstr(err.message, in_dir("a.bin")));
    assert_int_equal(fc_model_verify(fc_models_at(m, 0), &err), FC_EHASH);
    unlink(in_dir("a.bin"));
    assert_int_equal(fc_model_weights(&w, fc_models_at(m, 0), &err), FC_EMISSING);
    assert_non_null(strstr(err.message, in_dir("a.bin")));
    fc_models_free(m);
}

/* The first folder's model counts, unless only a later folder has the file. */
static void folders(void **state)
{
    fc_error err;
    fc_models *m;
    char second[256];

    (void)state;
    snprintf(second, sizeof second, "%s", in_dir("second"));
    assert_int_equal(mkdir(second, 0700), 0);
    put("models.yaml", "version: 1\nmodels:\n" ENTRY("a"));
    put("second/models.yaml", "version: 1\nmodels:\n" ENTRY("a") ENTRY("b"));
    put("second/a.bin", "x");
    assert_int_equal(fc_models_open(&m, dir, &err), FC_OK);
    assert_int_equal(fc_models_add(m, second, &err), FC_OK);
    assert_int_equal(fc_models_count(m), 2);
    assert_string_equal(fc_models_find(m, "a")->dir, second);
    fc_models_free(m);
    put("a.bin", "x");
    assert_int_equal(fc_models_open(&m, dir, &err), FC_OK);
    assert_int_equal(fc_models_add(m, second, &err), FC_OK);
    assert_string_equal(fc_models_find(m, "a")->dir, dir);
    assert_string_equal(fc_models_find(m, "b")->dir, second);
    assert_int_equal(fc_models_add(m, in_dir("third"), &err), FC_EMISSING);
    fc_models_free(m);
}

/* The folder that was named comes first and has to be there; of the places, those count that have a list. */
static void search(void **state)
{
    char late[256], early[256], nowhere[256], *places[] = {NULL, late, nowhere};
    fc_error err;
    fc_models *m;

    (void)state;
    snprintf(late, sizeof late, "%s", in_dir("late"));
    snprintf(early, sizeof early, "%s", in_dir("early"));
    snprintf(nowhere, sizeof nowhere, "%s", in_dir("nowhere"));
    mkdir(late, 0700);
    mkdir(early, 0700);
    mkdir(in_dir("bare"), 0700);
    put("late/models.yaml", "version: 1\nmodels:\n" ENTRY("a") ENTRY("b"));
    put("early/models.yaml", "version: 1\nmodels:\n" ENTRY("a"));
    put("late/a.bin", "x");
    put("early/a.bin", "x");
    assert_int_equal(fc_models_search(&m, early, places, 3, NULL, &err), FC_OK);
    assert_int_equal(fc_models_count(m), 2);
    assert_string_equal(fc_models_find(m, "a")->dir, early);
    assert_string_equal(fc_models_find(m, "b")->dir, late);
    fc_models_free(m);
    assert_int_equal(fc_models_search(&m, NULL, places, 3, NULL, &err), FC_OK);
    assert_string_equal(fc_models_find(m, "a")->dir, late);
    fc_models_free(m);
    assert_int_equal(fc_models_search(&m, in_dir("bare"), places, 3, NULL, &err), FC_EMISSING);
    assert_null(m);
    places[1] = NULL;
    assert_int_equal(fc_models_search(&m, NULL, places, 3, " (hint)", &err), FC_EMISSING);
    assert_non_null(strstr(err.message, "/nowhere (hint)"));
}

static void own_file(void **state)
{
    fc_error err;
    fc_model *m;
    char hex[FC_SHA256_HEX], contract[100];

    (void)state;
    put("my.pt", "some bytes");
    assert_int_equal(fc_model_describe_file(&m, in_dir("my.pt"), &err), FC_EMISSING);
    assert_non_null(strstr(err.message, "my.yaml"));
    put("my.yaml",
        "input: 160\nalignment: {mode: box, margin: 14}\nnormalisation: {mean: [1, 2, 3], scale: 0.5}\n");
    assert_int_equal(fc_model_describe_file(&m, in_dir("my.pt"), &err), FC_OK);
    fc_sha256_hex(hex, "some bytes", 10);
    assert_string_equal(m->sha256, hex);
    assert_string_equal(m->name, "my");
    assert_string_equal(m->task, "embed");
    assert_string_equal(m->dir, dir);
    assert_string_equal(m->path, in_dir("my.pt"));
    assert_null(m->arch);
    assert_int_equal(m->alignment.margin, 14);
    assert_int_equal(m->alignment.size, 160);
    assert_true(m->mean[0] == 1 && m->mean[2] == 3 && m->scale[2] == 0.5);
    assert_int_equal(fc_model_contract(contract, sizeof contract, m, false, &err), FC_OK);
    fc_model_free(m);

    put("my.yaml",
        "file: your.pt\ninput: 160\nalignment: {mode: box}\nnormalisation: {mean: 1, scale: 0.5}\n");
    assert_int_equal(fc_model_describe_file(&m, in_dir("my.pt"), &err), FC_EMODEL);
    put("my.yaml", "input: 160\nnormalisation: {mean: 1, scale: 0.5}\n");
    assert_int_equal(fc_model_describe_file(&m, in_dir("my.pt"), &err), FC_EMODEL);
    assert_non_null(strstr(err.message, "my.yaml:1: model: no 'alignment'"));
}

/* bfloat16 has float32's contract only where the model states that both give nearly the same. */
static void bf16_contract(void **state)
{
    static const struct {
        const char *lfw;
        bool same;
    } cases[] = {{"", false},
                 {"lfw: {fp32: 99, bf16: 99}\n", false},
                 {"lfw: {fp32: 99, bf16: 99, similarity: 0.9989}\n", false},
                 {"lfw: {fp32: 99, bf16: 99, similarity: 0.999}\n", true}};

    (void)state;
    put("my.pt", "bytes");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256], fp32[200], bf16[200], chosen[200];
        fc_error err;
        fc_model *m;
        snprintf(text, sizeof text,
                 "input: 8\nalignment: {mode: box}\nnormalisation: {mean: 1, scale: 1}\n%s", cases[i].lfw);
        put("my.yaml", text);
        assert_int_equal(fc_model_describe_file(&m, in_dir("my.pt"), &err), FC_OK);
        assert_int_equal(fc_model_contract(fp32, sizeof fp32, m, false, &err), FC_OK);
        assert_int_equal(fc_model_contract_in(bf16, sizeof bf16, m, false, FC_PRECISION_BF16, &err), FC_OK);
        assert_int_equal(fc_model_contract_in(chosen, sizeof chosen, m, false, FC_PRECISION_AUTO, &err),
                         FC_OK);
        assert_string_equal(fp32, chosen);
        assert_int_equal(strcmp(fp32, bf16) == 0, cases[i].same);
        fc_model_free(m);
    }
}

/* bfloat16 is chosen by itself only where its recorded accuracy is as good. */
static void bf16(void **state)
{
    static const struct {
        const char *lfw;
        bool ok;
    } cases[] = {{"", false},
                 {"lfw: {fp32: 99.25, bf16: 99.15}\n", true},
                 {"lfw: {fp32: 99.25, bf16: 99.13}\n", false},
                 {"lfw: {fp32: 99.1, bf16: 99.3}\n", false}};

    (void)state;
    put("my.pt", "bytes");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        fc_error err;
        fc_model *m;
        snprintf(text, sizeof text,
                 "input: 8\nalignment: {mode: box}\nnormalisation: {mean: 1, scale: 1}\n%s", cases[i].lfw);
        put("my.yaml", text);
        assert_int_equal(fc_model_describe_file(&m, in_dir("my.pt"), &err), FC_OK);
        assert_int_equal(m->bf16_ok, cases[i].ok);
        fc_model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ours),       cmocka_unit_test(refused),
                                       cmocka_unit_test(wrong_hash), cmocka_unit_test(folders),
                                       cmocka_unit_test(search),     cmocka_unit_test(own_file),
                                       cmocka_unit_test(bf16),       cmocka_unit_test(bf16_contract)};
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
