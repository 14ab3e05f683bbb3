/*
 * The detector against facenet-pytorch's MTCNN.
 *     test_mtcnn_parity lfw       photos of LFW, in ../shared
 *     test_mtcnn_parity photos    large group photos, in the folder FC_PHOTOS
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "facecheck.h"

struct tally {
    int images, same_count; /* pictures, and those with as many faces as the reference */
    int expected, found;    /* faces of the reference; those with a face of ours at IoU >= 0.5 */
    int sure, sure_found;   /* the same for faces with prob >= 0.95 */
    double iou, landmark;   /* sums over the faces found: IoU, mean distance of the five landmarks */
};

struct detector {
    fc_models *models;
    fc_detector *det;
    fc_detect_session *session;
};

static void detector_open(struct detector *d)
{
    fc_error err = {0};
    char dir[4096];

    *d = (struct detector){0};
    snprintf(dir, sizeof dir, "%s/../models", getenv("FC_TESTS"));
    if (fc_models_open(&d->models, dir, &err) || fc_detector_new(&d->det, d->models, NULL, &err) ||
        fc_detect_session_new(&d->session, d->det, &err))
        fail_msg("%s", err.message);
}

static void detector_close(struct detector *d)
{
    fc_detect_session_free(d->session);
    fc_detector_free(d->det);
    fc_models_free(d->models);
}

static double iou(const double a[4], const double b[4])
{
    double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]);
    double h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);
    double both = w > 0 && h > 0 ? w * h : 0;
    return both / (a[2] * a[3] + b[2] * b[3] - both);
}

static fc_face reference_face(json_t *j)
{
    fc_face f = {.score = json_number_value(json_object_get(j, "prob")), .has_landmarks = true};
    json_t *box = json_object_get(j, "box"), *points = json_object_get(j, "landmarks");
    double corner[4];

    assert_int_equal(json_array_size(box), 4);
    assert_int_equal(json_array_size(points), 5);
    for (size_t i = 0; i < 4; i++)
        corner[i] = json_number_value(json_array_get(box, i));
    memcpy(f.box, (double[4]){corner[0], corner[1], corner[2] - corner[0], corner[3] - corner[1]},
           sizeof f.box);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 2; k++)
            f.landmarks[i][k] = json_number_value(json_array_get(json_array_get(points, i), k));
    return f;
}

/* Each face of the reference takes the nearest face of ours that is not taken yet. */
static void compare(struct tally *t, json_t *reference, const fc_faces *ours)
{
    bool *taken = calloc(ours->n + 1, sizeof *taken);
    size_t i;
    json_t *j;

    assert_non_null(taken);
    t->images++;
    t->same_count += json_array_size(reference) == ours->n;
    json_array_foreach(reference, i, j)
    {
        fc_face want = reference_face(j);
        double best = 0;
        size_t at = 0;
        for (size_t k = 0; k < ours->n; k++) {
            double u = taken[k] ? 0 : iou(want.box, ours->face[k].box);
            if (u > best) {
                best = u;
                at = k;
            }
        }
        bool found = best >= 0.5, sure = want.score >= 0.95;
        t->expected++;
        t->sure += sure;
        if (!found)
            continue;
        taken[at] = true;
        t->found++;
        t->sure_found += sure;
        t->iou += best;
        for (int p = 0; p < 5; p++)
            t->landmark += hypot(want.landmarks[p][0] - ours->face[at].landmarks[p][0],
                                 want.landmarks[p][1] - ours->face[at].landmarks[p][1]) /
                           5;
    }
    free(taken);
}

static struct tally run(const char *variable, const char *reference, const char *images)
{
    struct tally t = {0};
    struct detector d;
    char path[4096], *line = NULL;
    size_t cap = 0;

    snprintf(path, sizeof path, "%s/%s", getenv(variable), reference);
    if (access(path, R_OK) || !images || access(images, R_OK)) {
        printf("not here: %s\n", access(path, R_OK) ? path : images ? images : "FC_PHOTOS");
        skip();
    }
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    detector_open(&d);
    while (getline(&line, &cap, f) > 0) {
        fc_error err = {0};
        fc_image img = {0};
        fc_faces faces = {0};
        json_t *j = json_loads(line, 0, NULL);
        assert_non_null(j);
        snprintf(path, sizeof path, "%s/%s", images, json_string_value(json_object_get(j, "image")));
        if (fc_image_load(&img, path, NULL, &err) || fc_detect(d.session, &img, NULL, &faces, &err))
            fail_msg("%s", err.message);
        int same = t.same_count, sure_missed = t.sure - t.sure_found;
        compare(&t, json_object_get(j, "faces"), &faces);
        if (t.same_count == same || t.sure - t.sure_found > sure_missed)
            printf("%s: %zu faces, %zu in the reference\n", path, faces.n,
                   json_array_size(json_object_get(j, "faces")));
        fc_faces_clear(&faces);
        fc_image_clear(&img);
        json_decref(j);
    }
    free(line);
    fclose(f);
    detector_close(&d);
    assert_true(t.found > 0);
    printf("%d of %d images with the same number of faces; %d of %d faces found, %d of %d with prob >= 0.95; "
           "mean IoU %.4f, landmarks off by %.3f pixels\n",
           t.same_count, t.images, t.found, t.expected, t.sure_found, t.sure, t.iou / t.found,
           t.landmark / t.found);
    return t;
}

static void lfw(void **state)
{
    (void)state;
    char images[4096];
    snprintf(images, sizeof images, "%s/lfw/images", getenv("FC_SHARED"));
    struct tally t = run("FC_SHARED", "reference/mtcnn-lfw.jsonl", images);
    assert_int_equal(t.images, 382);
    assert_true(t.same_count >= 0.98 * t.images);
    assert_true(t.iou >= 0.97 * t.found);
    assert_true(t.landmark <= 1.0 * t.found);
}

static void photos(void **state)
{
    (void)state;
    struct tally t = run("FC_TESTS", "data/nets/mtcnn-photos.jsonl", getenv("FC_PHOTOS"));
    assert_int_equal(t.images, 6);
    assert_int_equal(t.sure_found, t.sure);
    assert_true(t.iou >= 0.97 * t.found);
    assert_true(t.landmark <= 1.0 * t.found);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lfw), cmocka_unit_test(photos)};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
