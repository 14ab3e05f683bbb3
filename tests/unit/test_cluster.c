/* Clusters: links against a plain search, groups whose members are known, files that are gone on with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "cluster/graph.h"
#include "facecheck.h"

enum { DIM = 24 };

/* n faces of so many people, around whom they lie; a person's are not next to each other. */
static float *faces(size_t n, size_t people, double noise, uint64_t seed)
{
    float *v = malloc((n + people) * DIM * sizeof *v), *centre = v + n * DIM;

    assert_non_null(v);
    for (size_t i = 0; i < people * DIM; i++)
        centre[i] = (float)(2 * fc_random_fraction(&seed) - 1);
    for (size_t i = 0; i < n * DIM; i++) {
        const double r = (double)(fc_random(&seed) >> 11) / 4503599627370496.0 - 1;
        v[i] = centre[i / DIM % people * DIM + i % DIM] + (float)(noise * r);
    }
    return v;
}

static double cosine(const float *v, size_t a, size_t b)
{
    return fc_cosine(v + a * DIM, v + b * DIM, DIM);
}

static fc_links find(const float *v, size_t n, size_t k, double threshold, size_t block, int jobs,
                     const char *state, size_t *resumed)
{
    const fc_links_key key = {.n = n, .dim = DIM, .k = k, .block = block, .threshold = threshold};
    const fc_cluster_options opt = {.jobs = jobs};
    fc_links l;
    fc_error err;

    assert_int_equal(fc_links_open(&l, &key, state, &err), FC_OK);
    assert_int_equal(fc_links_find(&l, v, &opt, resumed, &err), FC_OK);
    assert_int_equal(fc_links_check(&l, &err), FC_OK);
    return l;
}

static void links_are_the_most_similar_faces(void **state)
{
    enum { N = 700, K = 9 };
    float *v = faces(N, 60, 0.5, 3);
    size_t resumed;
    fc_links l = find(v, N, K, 0.6, 128, 1, NULL, &resumed), m = find(v, N, K, 0.6, 65536, 3, NULL, &resumed);
    size_t full = 0, none = 0;

    (void)state;
    assert_memory_equal(l.link, m.link, N * K * sizeof *l.link);
    for (size_t i = 0; i < N; i++) {
        size_t better = 0, found = 0;
        while (found < K && l.link[i * K + found].to != UINT32_MAX)
            found++;
        const double last = found ? (double)l.link[i * K + found - 1].similarity : 2;
        for (size_t j = 0; j < N; j++)
            better += j != i && cosine(v, i, j) >= (found == K ? last - 1e-7 : 0.6);
        assert_int_equal(better, found);
        for (size_t j = 0; j < found; j++)
            assert_true(fabs((double)l.link[i * K + j].similarity - cosine(v, i, l.link[i * K + j].to)) <
                        1e-6);
        full += found == K;
        none += !found;
    }
    assert_true(full > 0 && full < N && none < N / 2); /* both ends of the list are seen */
    fc_links_close(&l);
    fc_links_close(&m);
    free(v);
}

static void people_come_out_apart(void **state)
{
    enum { N = 600, PEOPLE = 40 };
    float *v = faces(N, PEOPLE, 0.3, 7);
    fc_error err;

    (void)state;
    for (int way = FC_CLUSTER_WHISPERS; way <= FC_CLUSTER_COMPONENTS; way++) {
        fc_clusters c;
        const fc_cluster_options opt = {.way = (fc_cluster_way)way, .threshold = 0.75, .seed = 1};
        assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_OK);
        assert_int_equal(c.count, PEOPLE);
        assert_int_equal(c.alone, 0);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(c.of[i], c.of[i % PEOPLE]);
            assert_true(i >= PEOPLE || c.of[i] == i + 1); /* all of one size: by the first face */
        }
        for (size_t i = 0; i < PEOPLE; i++)
            assert_int_equal(c.size[i], N / PEOPLE);
        fc_clusters_clear(&c);
    }
    free(v);
}

static fc_link_graph graph_of(const fc_links *l)
{
    fc_link_graph g;
    fc_error err;

    assert_int_equal(fc_link_graph_make(&g, l, &err), FC_OK);
    return g;
}

/* Two groups of four, each of which all know each other, and one link between them. */
static void one_link_joins_components_and_no_whispers(void **state)
{
    enum { N = 8, K = 4 };
    fc_link link[N * K];
    const fc_links l = {.key = {.n = N, .k = K}, .link = link};
    uint32_t group[N];
    fc_error err;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        size_t at = 0;
        for (size_t j = i / 4 * 4; j < i / 4 * 4 + 4; j++)
            if (j != i)
                link[i * K + at++] = (fc_link){(uint32_t)j, 0.9F};
        link[i * K + at] = i == 3 ? (fc_link){4, 0.8F} : (fc_link){UINT32_MAX, 0};
    }
    fc_link_graph g = graph_of(&l);
    assert_int_equal(g.first[N], 2 * (6 + 6 + 1)); /* pairs once, although all but one are in two lists */
    fc_group_components(group, &g);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(group[i], 0);
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_int_equal(fc_group_whispers(group, &g, seed, &err), FC_OK);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(group[i], group[i / 4 * 4]);
        assert_int_not_equal(group[0], group[4]);
    }
    fc_link_graph_clear(&g);
}

static void small_ones_are_alone(void **state)
{
    const float v[5 * 2] = {1, 0, 1, 0.01F, 0, 1, 0, 2, -1, 0};
    const fc_cluster_options opt = {.threshold = 0.9, .least = 2}, one = {.threshold = 0.9, .least = 1},
                             three = {.threshold = 0.9, .least = 3};
    fc_clusters c;
    fc_error err;

    (void)state;
    assert_int_equal(fc_cluster(&c, v, 5, 2, &opt, &err), FC_OK);
    assert_memory_equal(c.of, ((uint32_t[]){1, 1, 2, 2, 0}), sizeof(uint32_t[5]));
    assert_int_equal(c.alone, 1);
    assert_int_equal(c.links, 2);
    fc_clusters_clear(&c);
    assert_int_equal(fc_cluster(&c, v, 5, 2, &one, &err), FC_OK);
    assert_memory_equal(c.of, ((uint32_t[]){1, 1, 2, 2, 3}), sizeof(uint32_t[5]));
    fc_clusters_clear(&c);
    assert_int_equal(fc_cluster(&c, v, 5, 2, &three, &err), FC_OK);
    assert_int_equal(c.count, 0);
    assert_int_equal(c.alone, 5);
    fc_clusters_clear(&c);
    assert_int_equal(fc_cluster(&c, v, 0, 2, &opt, &err), FC_OK);
    assert_int_equal(c.count, 0);
    fc_clusters_clear(&c);
}

/* More copies of a photo than a face has links. */
static void copies_hang_together(void **state)
{
    enum { N = 90 };
    float *v = malloc(N * DIM * sizeof *v), *other = faces(1, 1, 0, 5);
    const fc_cluster_options opt = {.threshold = 0.5, .links = 4};
    fc_clusters c;
    fc_error err;

    (void)state;
    for (size_t i = 0; i < N; i++)
        memcpy(v + i * DIM, other, DIM * sizeof *v);
    assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_OK);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.size[0], N);
    fc_clusters_clear(&c);
    free(other);
    free(v);
}

static void what_has_no_direction_is_named(void **state)
{
    float v[3 * 2] = {1, 0, 0, 0, 0, 1};
    fc_clusters c;
    fc_error err;

    (void)state;
    assert_int_equal(fc_cluster(&c, v, 3, 2, &(fc_cluster_options){.threshold = 0.5}, &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, "face 1:"));
    v[2] = NAN;
    assert_int_equal(fc_cluster(&c, v, 3, 2, &(fc_cluster_options){.threshold = 0.5}, &err), FC_EUSAGE);
    v[2] = 1;
    assert_int_equal(fc_cluster(&c, v, 3, 2, &(fc_cluster_options){.threshold = 1.5}, &err), FC_EUSAGE);
    assert_int_equal(fc_cluster(&c, v, 3, 2, &(fc_cluster_options){.threshold = NAN}, &err), FC_EUSAGE);
    assert_int_equal(fc_cluster(&c, v, 3, 2, &(fc_cluster_options){.threshold = 0.5, .links = 5000}, &err),
                     FC_EUSAGE);
    assert_int_equal(fc_cluster(&c, v, 3, FC_MAX_DIM + 1, &(fc_cluster_options){.threshold = 0.5}, &err),
                     FC_ELIMIT);
}

/* ---- files ---- */

static void die(void *ctx, size_t done, size_t all)
{
    (void)all;
    if (done >= *(const size_t *)ctx)
        _exit(9);
}

/* Dies when so many comparisons are done. */
static void killed(const float *v, size_t n, size_t k, size_t block, const char *path, size_t done)
{
    const pid_t child = fork();

    if (!child) {
        const fc_links_key key = {.n = n, .dim = DIM, .k = k, .block = block, .threshold = 0.5};
        fc_links l;
        if (fc_links_open(&l, &key, path, NULL))
            _exit(1);
        fc_links_find(&l, v, &(fc_cluster_options){.jobs = 1, .progress = die, .ctx = &done}, &(size_t){0},
                      NULL);
        _exit(2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static void a_run_that_was_killed_goes_on(void **state)
{
    enum { N = 900, K = 5, BLOCK = 128 };
    char path[] = "/tmp/fc-links-XXXXXX";
    float *v = faces(N, 90, 0.4, 11);
    size_t resumed;
    fc_links want = find(v, N, K, 0.5, BLOCK, 1, NULL, &resumed);

    (void)state;
    assert_int_equal(resumed, 0);
    close(mkstemp(path));
    killed(v, N, K, BLOCK, path, 3 * N);
    fc_links got = find(v, N, K, 0.5, BLOCK, 2, path, &resumed);
    /* the third block was searched, and not kept yet: it is searched again, and nothing is there twice */
    assert_int_equal(resumed, 2 * BLOCK);
    assert_memory_equal(got.link, want.link, N * K * sizeof *want.link);
    fc_links_close(&got);
    got = find(v, N, K, 0.5, BLOCK, 2, path, &resumed);
    assert_int_equal(resumed, N);
    assert_memory_equal(got.link, want.link, N * K * sizeof *want.link);
    fc_links_close(&got);
    got = find(v, N, K, 0.55, BLOCK, 2, path, &resumed); /* another threshold: from the beginning */
    assert_int_equal(resumed, 0);
    fc_links_close(&got);
    fc_links_close(&want);
    unlink(path);
    free(v);
}

static void whole_runs_go_on_by_their_faces(void **state)
{
    enum { N = 200 };
    char path[] = "/tmp/fc-links-XXXXXX";
    float *v = faces(N, 20, 0.3, 13);
    const fc_cluster_options opt = {.threshold = 0.7, .state = path};
    fc_clusters c;
    fc_error err;

    (void)state;
    close(mkstemp(path));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_OK);
        assert_int_equal(c.resumed, i * N);
        assert_int_equal(c.count, 20);
        fc_clusters_clear(&c);
    }
    v[0] += 0.01F;
    assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_OK);
    assert_int_equal(c.resumed, 0);
    fc_clusters_clear(&c);
    unlink(path);
    free(v);
}

static void put_at(const char *path, off_t at, const void *bytes, size_t n)
{
    const int fd = open(path, O_WRONLY);

    assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
    close(fd);
}

static void damaged_and_foreign_files_are_refused(void **state)
{
    enum { N = 50 };
    char path[] = "/tmp/fc-links-XXXXXX";
    float *v = faces(N, 5, 0.3, 17);
    const fc_cluster_options opt = {.threshold = 0.7, .state = path};
    const fc_link bad[] = {{N, 0.9F}, {0, 0.9F}, {1, NAN}, {1, 1.5F}, {1, 0.1F}};
    fc_clusters c;
    fc_error err;

    (void)state;
    close(mkstemp(path));
    assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_OK);
    fc_clusters_clear(&c);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct stat st;
        put_at(path, 4096, &bad[i], sizeof *bad);
        assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_ECORRUPT);
        assert_non_null(strstr(err.message, path));
        assert_int_equal(stat(path, &st), 0);
    }
    assert_int_equal(truncate(path, 5000), 0);
    assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_ETRUNCATED);
    put_at(path, 0, "a letter", 8);
    assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_EFORMAT);
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_EFORMAT);
    assert_int_equal(truncate(path, 0), 0);
    const int fd = open(path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(fc_cluster(&c, v, N, DIM, &opt, &err), FC_EIO);
    assert_non_null(strstr(err.message, "another process"));
    close(fd);
    unlink(path);
    free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_the_most_similar_faces),
        cmocka_unit_test(people_come_out_apart),
        cmocka_unit_test(one_link_joins_components_and_no_whispers),
        cmocka_unit_test(small_ones_are_alone),
        cmocka_unit_test(copies_hang_together),
        cmocka_unit_test(what_has_no_direction_is_named),
        cmocka_unit_test(a_run_that_was_killed_goes_on),
        cmocka_unit_test(whole_runs_go_on_by_their_faces),
        cmocka_unit_test(damaged_and_foreign_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
