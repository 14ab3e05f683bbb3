#include "eval_photos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct engines {
    fc_models *models;
    fc_detector *detector;
    fc_embedder *embedder;
    fc_detect_session *detect;
    fc_embed_session *embed;
};

static void engines_open(struct engines *e)
{
    const fc_engine_options opt = {.engine = NULL};
    char dir[300];

    snprintf(dir, sizeof dir, "%s/../models", getenv("FC_TESTS"));
    assert_int_equal(fc_models_open(&e->models, dir, NULL), FC_OK);
    assert_int_equal(fc_detector_new(&e->detector, e->models, &opt, NULL), FC_OK);
    assert_int_equal(fc_embedder_new(&e->embedder, e->models, "mobilefacenet", &opt, NULL), FC_OK);
    assert_int_equal(fc_detect_session_new(&e->detect, e->detector, NULL), FC_OK);
    assert_int_equal(fc_embed_session_new(&e->embed, e->embedder, NULL), FC_OK);
}

static void engines_close(struct engines *e)
{
    fc_embed_session_free(e->embed);
    fc_detect_session_free(e->detect);
    fc_embedder_free(e->embedder);
    fc_detector_free(e->detector);
    fc_models_free(e->models);
}

static void embed(struct engines *e, fc_eval_picture *p, int max_side, float *v)
{
    const fc_image_options opt = {.max_side = max_side};
    fc_image img = {0}, crop = {0};
    fc_faces faces = {0};

    assert_int_equal(fc_image_load(&img, p->path, &opt, NULL), FC_OK);
    assert_int_equal(fc_detect(e->detect, &img, NULL, &faces, NULL), FC_OK);
    p->found = faces.n;
    if (faces.n) {
        p->face = faces.face[0];
        assert_int_equal(fc_align(&crop, &img, &p->face, fc_embedder_alignment(e->embedder), NULL), FC_OK);
        assert_int_equal(fc_embed(e->embed, &crop, false, v, NULL), FC_OK);
    } else {
        p->missing = FC_CAUSE_NOT_DETECTED;
    }
    fc_faces_clear(&faces);
    fc_image_clear(&crop);
    fc_image_clear(&img);
}

void eval_photos_make(eval_photos *p)
{
    static const struct {
        const char *file;
        int max_side; /* another picture of the same photo */
        uint32_t who;
    } photos[PHOTOS] = {[GRACE_1] = {"grace_hopper.jpg", 0, 0},
                        [GRACE_2] = {"grace_hopper_512x512.jpg", 300, 0},
                        [EILEEN_1] = {"astronaut.png", 0, 1},
                        [EILEEN_2] = {"astronaut.png", 300, 1},
                        [ICE] = {"640px-IceBlockNearJoekullsarlon.jpg", 0, 2}};
    struct engines e;

    engines_open(&e);
    *p = (eval_photos){.v = NULL};
    const size_t dim = (size_t)fc_embedder_dim(e.embedder);
    assert_non_null(p->v = calloc(PHOTOS, dim * sizeof *p->v));
    for (size_t i = 0; i < PHOTOS; i++) {
        snprintf(p->path[i], sizeof p->path[i], "%s/data/photos/%s", getenv("FC_TESTS"), photos[i].file);
        p->picture[i].path = p->path[i];
        p->label[i] = photos[i].who;
        embed(&e, &p->picture[i], photos[i].max_side, p->v + i * dim);
    }
    p->set = (fc_eval_set){.picture = p->picture,
                           .v = p->v,
                           .n = PHOTOS,
                           .dim = dim,
                           .label = p->label,
                           .people = 3,
                           .workers = 2};
    engines_close(&e);
}

void eval_photos_clear(eval_photos *p)
{
    free(p->v);
}
