/* Two models as one: fusions.yaml, contracts, and what is found on pairs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "eval/fit.h"
#include "models/fusion.h"
#include "seed.h"

static char dir[] = "/tmp/test_fusion.XXXXXX", path[64];

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/" FC_FUSIONS_YAML, dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void put(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    keep_seed("yaml", text, strlen(text));
}

static void clear(fc_fusion **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fc_fusion_free(list[i]);
    free(list);
}

#define HEAD "version: 1\nfusions:\n"
#define AB   "  - models: [a, b]\n    contracts: ['a:1', 'b:2']\n"
#define GOOD                                                                                                 \
    AB "    weights: [1, 2.5]\n    threshold: {cosine: 0.5, meaning: x}\n"                                   \
       "    false_matches: {pairs: 1000, thresholds: [[0.1, 0.2], [0.01, 0.3]]}\n"
#define REST "    weights: [1, 2]\n    threshold: {cosine: 0.5}\n"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"

static void what_is_written_is_read(void **state)
{
    fc_fusion **list,
        two = {.model = {"b", "a"}, .contract = {"b:2", "a:1"}, .weight = {1, 7}, .threshold = 0.25};
    size_t n;
    (void)state;

    unlink(path);
    assert_int_equal(fc_fusions_yaml_read(&list, &n, dir, NULL), FC_OK); /* not there: empty */
    assert_int_equal(n, 0);
    clear(list, n);
    put(HEAD GOOD);
    assert_int_equal(fc_fusions_yaml_put(&two, dir, NULL), FC_OK);
    two.threshold = 0.375;
    assert_int_equal(fc_fusions_yaml_put(&two, dir, NULL), FC_OK); /* in the place of the first */
    assert_int_equal(fc_fusions_yaml_read(&list, &n, dir, NULL), FC_OK);
    assert_int_equal(n, 2);
    assert_string_equal(list[0]->model[0], "a");
    assert_string_equal(list[0]->model[1], "b");
    assert_string_equal(list[0]->contract[0], "a:1");
    assert_string_equal(list[0]->contract[1], "b:2");
    assert_true(list[0]->weight[0] == 1 && list[0]->weight[1] == 2.5 && list[0]->threshold == 0.5);
    assert_string_equal(list[0]->threshold_meaning, "x");
    assert_int_equal(list[0]->curve.n, 2);
    assert_true(list[0]->curve.pairs == 1000 && list[0]->curve.point[1].threshold == 0.3);
    assert_string_equal(list[1]->model[0], "b");
    assert_string_equal(list[1]->contract[1], "a:1");
    assert_true(list[1]->weight[1] == 7 && list[1]->threshold == 0.375 && list[1]->curve.n == 0);
    clear(list, n);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text;
        int line;
    } bad[] = {
        {"[]\n", 1},
        {"version: 1\n", 1},
        {"version: 2\nfusions: []\n", 1},
        {"version: 1\nfusions: {}\n", 2},
        {HEAD "  - 1\n", 3},
        {HEAD AB "    weights: [1, 2]\n", 3},
        {HEAD "  - models: [a, b]\n    weights: [1, 2]\n    threshold: {cosine: 0.5}\n", 3},
        {HEAD "  - models: [a]\n", 3},
        {HEAD "  - models: [a, b, c]\n", 3},
        {HEAD "  - models: [a, a]\n", 3},
        {HEAD "  - models: ['a,b', c]\n", 3},
        {HEAD "  - models: a\n", 3},
        {HEAD "  - models: [a, b]\n    contracts: ['a:1']\n", 4},
        {HEAD "  - models: [a, b]\n    contracts: 'a:1'\n", 4},
        {HEAD "  - models: [a, b]\n    contracts: ['a:1', 'b:" LONG "']\n", 4},
        {HEAD "  - models: [a, b]\n    contracts: ['b:2', 'a:1']\n" REST, 3},
        {HEAD "  - models: [a, b]\n    contracts: ['a:1', 'bb:2']\n" REST, 3},
        {HEAD AB "    weights: [1, 0]\n", 5},
        {HEAD AB "    weights: [1, -2]\n", 5},
        {HEAD AB "    weights: [1, .nan]\n", 5},
        {HEAD AB "    weights: [1, 1e300]\n", 5},
        {HEAD AB "    weights: [1]\n", 5},
        {HEAD AB "    weights: [1, 2]\n    threshold: {cosine: 1.5}\n", 6},
        {HEAD AB REST "    more: 1\n", 7},
        {HEAD AB REST AB REST, 7},
    };
    char place[96];
    fc_error err;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fc_fusion **list;
        size_t n;
        put(bad[i].text);
        assert_int_equal(fc_fusions_yaml_read(&list, &n, dir, &err), FC_EMODEL);
        assert_null(list);
        snprintf(place, sizeof place, "%s:%d: ", path, bad[i].line);
        assert_memory_equal(err.message, place, strlen(place));
    }
}

static void a_file_that_cannot_be_read_is_not_an_empty_one(void **state)
{
    fc_fusion **list;
    size_t n;
    (void)state;

    unlink(path);
    assert_int_equal(symlink(FC_FUSIONS_YAML, path), 0); /* to itself */
    assert_int_equal(fc_fusions_yaml_read(&list, &n, dir, NULL), FC_EIO);
    assert_null(list);
    unlink(path);
}

/* ---- contracts ---- */

static char *contract(const fc_model *a, const fc_model *b, double wa, double wb, bool flip)
{
    static char text[8][160];
    static int turn;
    const fc_model *const two[] = {a, b};
    const double weight[] = {wa, wb};
    char *out = text[turn = (turn + 1) % 8];

    assert_int_equal(fc_fusion_contract(out, sizeof text[0], two, weight, flip, FC_PRECISION_AUTO, NULL),
                     FC_OK);
    return out;
}

static void a_contract_is_of_the_models_and_the_shares(void **state)
{
    char sha[2][65] = {"", ""};
    (void)state;

    memset(sha[0], 'a', 64);
    memset(sha[1], 'b', 64);
    const fc_model a = {.name = "a", .sha256 = sha[0], .input = 112},
                   b = {.name = "b", .sha256 = sha[1], .input = 150};
    const char *one = contract(&a, &b, 1, 2, false);
    assert_memory_equal(one, "a,b:", 4);
    assert_string_equal(contract(&a, &b, 2, 4, false), one); /* the same score */
    assert_string_not_equal(contract(&a, &b, 1, 3, false), one);
    assert_string_not_equal(contract(&a, &b, 1, 2, true), one);
    assert_string_not_equal(strchr(contract(&b, &a, 2, 1, false), ':'), strchr(one, ':'));
    assert_true(fc_fusion_is_name("a,b"));
    assert_false(fc_fusion_is_name("a"));
    assert_false(fc_fusion_is_name("./a,b.onnx"));
}

/* ---- fusions of models ---- */

/* A folder of two models a and b, the weights of the second one as this digit says. */
static void put_models(const char *folder, char digit)
{
    char name[96], sha[65];
    FILE *f;

    mkdir(folder, 0700);
    snprintf(name, sizeof name, "%s/models.yaml", folder);
    assert_non_null(f = fopen(name, "w"));
    fputs("version: 1\nmodels:\n", f);
    for (const char *m = "ab"; *m; m++) {
        memset(sha, *m == 'a' ? 'a' : digit, 64);
        sha[64] = '\0';
        fprintf(f,
                "- {name: %c, file: %c.safetensors, sha256: '%s', arch: mobilefacenet, task: embed, input: "
                "112, dim: 2, "
                "normalisation: {mean: 0, scale: 1}, source: {licence: x}}\n",
                *m, *m, sha);
    }
    assert_int_equal(fclose(f), 0);
}

/* What was calibrated with the models as they are, written beside them. */
static void calibrate(const fc_models *m, double weight)
{
    const fc_model *model[FC_FUSED];
    fc_fusion f = {.model = {"a", "b"}, .weight = {1, weight}, .threshold = 0.5};

    assert_int_equal(fc_fusion_models(model, m, "a,b", NULL), FC_OK);
    assert_int_equal(fc_fusion_bind(f.contract, model, NULL), FC_OK);
    assert_int_equal(fc_fusions_yaml_put(&f, fc_models_folder(m, 0), NULL), FC_OK);
}

static void get(const fc_models *m, double weight)
{
    const fc_model *model[FC_FUSED];
    fc_fusion *f;

    assert_int_equal(fc_fusion_get(&f, model, m, "a,b", NULL), FC_OK);
    assert_true(f->weight[1] == weight && model[0] == fc_models_find(m, "a") &&
                model[1] == fc_models_find(m, "b"));
    fc_fusion_free(f);
}

static void refused(const fc_models *m, const char *name, const char *words)
{
    const fc_model *model[FC_FUSED];
    fc_fusion *f;
    fc_error err;

    assert_int_equal(fc_fusion_get(&f, model, m, name, &err), FC_EMODEL);
    assert_null(f);
    assert_non_null(strstr(err.message, words));
}

static void only_the_models_that_were_calibrated_are_a_fusion(void **state)
{
    char first[64], second[64], name[96];
    fc_models *m, *other;
    (void)state;

    snprintf(first, sizeof first, "%s/first", dir);
    snprintf(second, sizeof second, "%s/second", dir);
    put_models(first, 'b');
    assert_int_equal(fc_models_open(&m, first, NULL), FC_OK);
    refused(m, "a,b", "nothing says how much");
    calibrate(m, 2);
    get(m, 2);
    refused(m, "b,a", "nothing says how much");
    /* another model of the same name, and then both folders */
    put_models(first, 'c');
    assert_int_equal(fc_models_open(&other, first, NULL), FC_OK);
    refused(other, "a,b", "calibrated with other models");
    put_models(second, 'c');
    assert_int_equal(fc_models_add(other, second, NULL), FC_OK);
    refused(other, "a,b", "calibrated with other models");
    fc_models_free(other);
    assert_int_equal(fc_models_open(&other, second, NULL), FC_OK);
    calibrate(other, 3);
    fc_models_free(other);
    assert_int_equal(fc_models_open(&other, first, NULL), FC_OK);
    assert_int_equal(fc_models_add(other, second, NULL), FC_OK);
    get(other, 3); /* the first folder's is of others, the second one's of these */
    fc_models_free(other);
    /* what is broken is of those alone who want it */
    snprintf(name, sizeof name, "%s/" FC_FUSIONS_YAML, first);
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs("none\n", f);
    assert_int_equal(fclose(f), 0);
    refused(m, "a,b", name);
    assert_int_equal(fc_models_open(&other, first, NULL), FC_OK);
    fc_models_free(other);
    fc_models_free(m);
    for (int i = 0; i < 2; i++) {
        const char *folder = i ? second : first;
        snprintf(name, sizeof name, "%s/" FC_FUSIONS_YAML, folder);
        unlink(name);
        snprintf(name, sizeof name, "%s/models.yaml", folder);
        unlink(name);
        rmdir(folder);
    }
}

/* ---- what is found on pairs ---- */

enum { PAIRS = 40, FOLDS = 4 };

/* Two pictures a pair. The first model tells the pairs apart but for some, the second one those, too. */
struct made {
    fc_eval_set set;
    fc_eval_picture picture[2 * PAIRS];
    float v[2 * PAIRS][4];
    uint32_t label[2 * PAIRS];
    fc_pair pair[PAIRS];
    fc_pairs pairs;
};

static void at_angles(struct made *m, size_t pair, double first, double second)
{
    float *a = m->v[2 * pair], *b = m->v[2 * pair + 1];

    a[0] = a[2] = 1;
    b[0] = (float)first;
    b[1] = (float)sqrt(1 - first * first);
    b[2] = (float)second;
    b[3] = (float)sqrt(1 - second * second);
}

static void make(struct made *m)
{
    *m = (struct made){.set = {.picture = m->picture,
                               .v = m->v[0],
                               .n = 2 * PAIRS,
                               .dim = 4,
                               .label = m->label,
                               .people = 2 * PAIRS,
                               .workers = 1},
                       .pairs = {.pair = m->pair, .n = PAIRS, .nimages = 2 * PAIRS, .folds = FOLDS}};
    for (size_t i = 0; i < PAIRS; i++) {
        const bool same = i % 2, hard = i % 8 < 2; /* a quarter: the first one's cosines tell nothing there */
        m->pair[i] = (fc_pair){2 * i, 2 * i + 1, same, (int)(i * FOLDS / PAIRS)};
        at_angles(m, i, hard ? 0.4 : same ? 0.6 : 0.2, same ? 0.9 : 0.8);
    }
    for (size_t i = 0; i < 2 * PAIRS; i++) {
        m->picture[i] = (fc_eval_picture){.path = "p", .found = 1};
        m->label[i] = (uint32_t)i;
    }
}

static void the_weight_is_what_answers_best(void **state)
{
    static struct made m;
    fc_fit fit;
    (void)state;

    make(&m);
    assert_int_equal(fc_fit_weights(&fit, &m.set, 2, &m.pairs, NULL), FC_OK);
    assert_true(fit.alone[0].accuracy < 0.9 && fit.alone[1].accuracy == 1 && fit.both.accuracy == 1);
    assert_int_equal(fit.paired[0].lost, 0);
    assert_true(fit.paired[0].won >= 4 && fit.paired[0].p < 0.2);
    assert_true(fit.paired[1].won == 0 && fit.paired[1].lost == 0 && fit.paired[1].p == 1);
    /* all 17 weights answer rightly, and the middle one counts */
    assert_true(fit.least == 2 && fit.weight == 2 && fit.most == 2 && fit.both.error == 0);
    assert_true(fit.pairs == PAIRS && fit.folds == FOLDS);
    /* the second one alone is of no use now, and counts little */
    for (size_t i = 0; i < PAIRS; i++)
        at_angles(&m, i, i % 2 ? 0.6 : 0.5, i % 3 ? 0.9 : 0.1);
    assert_int_equal(fc_fit_weights(&fit, &m.set, 2, &m.pairs, NULL), FC_OK);
    assert_true(fit.both.accuracy == 1 && fit.weight == 0.1); /* 0.15 is wrong already */
}

static void a_picture_without_template_is_a_wrong_answer(void **state)
{
    static struct made m;
    fc_fit fit;
    (void)state;

    make(&m);
    m.picture[3].missing = FC_CAUSE_NOT_DECODED; /* of the second pair, which is of one person */
    assert_int_equal(fc_fit_weights(&fit, &m.set, 2, &m.pairs, NULL), FC_OK);
    assert_true(fabs(fit.both.accuracy - (1 - 1.0 / PAIRS)) < 1e-9);
    assert_true(fabs(fit.both.error - 0.025) < 1e-9); /* one fold of four has 9 of 10 right */
    for (size_t i = 0; i < 2 * PAIRS; i++)
        m.picture[i].missing = FC_CAUSE_NOT_DECODED;
    assert_int_equal(fc_fit_weights(&fit, &m.set, 2, &m.pairs, NULL), FC_EDATA);
}

static void a_curve_falls_and_ends_where_errors_are_few(void **state)
{
    static struct made m;
    fc_fmr_curve c;
    (void)state;

    make(&m);
    m.label[1] = 0; /* there is a genuine pair */
    for (size_t i = 0; i < 2 * PAIRS; i++)
        for (size_t k = 0; k < 4; k++)
            m.v[i][k] = (float)sin((double)(i * 37 + k * 11) * 0.73);
    for (size_t i = 0; i < 2 * PAIRS; i++) {
        double length = 0;
        for (size_t k = 0; k < 4; k++)
            length += (double)m.v[i][k] * (double)m.v[i][k];
        for (size_t k = 0; k < 4; k++)
            m.v[i][k] = (float)((double)m.v[i][k] / sqrt(length));
    }
    assert_int_equal(fc_fit_curve(&c, &m.set, NULL), FC_OK);
    assert_int_equal(c.pairs, 2 * PAIRS * (2 * PAIRS - 1) / 2 - 1);
    assert_int_equal(c.n, 11); /* 0.1 ... 0.0125, 0.01: 31 errors; at 0.008 they were 25 */
    assert_true(c.point[0].fmr == 0.1 && fabs(c.point[10].fmr - 0.01) < 1e-15);
    for (size_t i = 1; i < c.n; i++)
        assert_true(c.point[i].fmr < c.point[i - 1].fmr && c.point[i].threshold >= c.point[i - 1].threshold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(a_file_that_cannot_be_read_is_not_an_empty_one),
        cmocka_unit_test(only_the_models_that_were_calibrated_are_a_fusion),
        cmocka_unit_test(a_contract_is_of_the_models_and_the_shares),
        cmocka_unit_test(the_weight_is_what_answers_best),
        cmocka_unit_test(a_picture_without_template_is_a_wrong_answer),
        cmocka_unit_test(a_curve_falls_and_ends_where_errors_are_few),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
