/* Tracks and visits of made-up boxes: crossings, misses, uneven and broken time, more than there is room for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facecheck.h"
#include "pipeline/record.h"

enum { DIM = 8 };
static const float ann[DIM] = {1}, eve[DIM] = {0, 1};

static fc_tracker *tracker(int hits, double age)
{
    fc_tracker *t;
    assert_int_equal(
        fc_tracker_new(&t, &(fc_track_options){.min_hits = hits, .max_age = age, .alike = 0.5}, NULL), FC_OK);
    return t;
}

static fc_track_face face(double x, double y, const float *e)
{
    return (fc_track_face){.box = {x, y, 100, 100}, .e = e};
}

/* The tracks of up to four faces at a time. */
static const uint64_t *step(fc_tracker *t, const char *stream, double time, const fc_track_face *f, size_t n)
{
    static uint64_t track[4];
    const fc_track_frame frame = {.stream = stream, .time = time, .face = f, .n = n, .dim = DIM};

    assert_int_equal(fc_tracker_step(t, &frame, track, NULL), FC_OK);
    return track;
}

static uint64_t step_one(fc_tracker *t, double time, double x)
{
    const fc_track_face f = face(x, 0, NULL);
    return step(t, "a", time, &f, 1)[0];
}

static void test_hits_and_age(void **state)
{
    fc_tracker *t = tracker(3, 2);

    (void)state;
    assert_int_equal(step_one(t, 0, 0), 0);
    assert_int_equal(step_one(t, 0, 0), 0); /* the same moment is no hit */
    assert_int_equal(step_one(t, 0.2, 5), 0);
    assert_int_equal(step_one(t, 0.4, 10), 1);
    step(t, "a", 1, NULL, 0);
    assert_int_equal(step_one(t, 2.4, 20), 1); /* exactly max_age later */
    assert_int_equal(step_one(t, 4.5, 20), 0); /* later than that */
    assert_int_equal(step_one(t, 4.7, 20), 0);
    assert_int_equal(step_one(t, 4.9, 20), 2);
    fc_tracker_free(t);
}

/* Two who cross, with and without embeddings, at a rate that is not even and with frames where one is hidden. */
static void test_crossing(void **state)
{
    (void)state;
    for (int looks = 0; looks < 2; looks++) {
        fc_tracker *t = tracker(1, 2);
        unsigned seed = 7;
        double time = 0;
        for (int i = 0; i < 60; i++) {
            const double a = 300 * time, b = 900 - 280 * time;
            const fc_track_face both[2] = {face(a, 20, looks ? ann : NULL), face(b, 0, looks ? eve : NULL)};
            const bool hidden = fabs(a - b) < 40; /* a is in front */
            const uint64_t *track = step(t, "a", time, both, hidden ? 1 : 2);
            assert_int_equal(track[0], 1);
            assert_true(hidden || track[1] == 2);
            seed = seed * 1103515245 + 12345;
            time += 0.02 + (seed >> 16) % 60 / 1000.0;
        }
        fc_tracker_free(t);
    }
}

/* The order of the faces does not matter, and nobody joins who does not look like it. */
static void test_looks(void **state)
{
    const float both[DIM] = {0.8f, 0.6f};
    fc_tracker *t = tracker(1, 2);
    fc_track_face f[2] = {face(0, 0, ann), face(400, 0, eve)};

    (void)state;
    step(t, "a", 0, f, 2);
    f[0] = face(390, 0, eve);
    f[1] = face(10, 0, ann);
    const uint64_t *track = step(t, "a", 0.1, f, 2);
    assert_int_equal(track[0], 2);
    assert_int_equal(track[1], 1);
    /* places exchanged: looks decide, wherever it is */
    f[0] = face(0, 0, eve);
    f[1] = face(400, 0, ann);
    track = step(t, "a", 0.2, f, 2);
    assert_int_equal(track[0], 2);
    assert_int_equal(track[1], 1);
    f[0] = face(400, 0, eve);
    assert_int_equal(step(t, "a", 0.3, f, 1)[0], 2);
    f[0] = face(400, 0, (const float[DIM]){0, 0, 1}); /* where both were, like neither */
    assert_int_equal(step(t, "a", 0.4, f, 1)[0], 3);
    f[0] = face(2000, 0, both); /* like the first of them, far away */
    assert_int_equal(step(t, "a", 0.5, f, 1)[0], 1);
    f[0] = face(4000, 0, NULL);
    assert_int_equal(step(t, "a", 0.6, f, 1)[0], 4);
    f[0] = (fc_track_face){.box = {4000, 0, 300, 300}}; /* too large for it */
    assert_int_equal(step(t, "a", 0.7, f, 1)[0], 5);
    f[0] = (fc_track_face){.box = {4000, 0, -5, 300}}; /* no box at all */
    assert_int_equal(step(t, "a", 0.8, f, 1)[0], 0);
    fc_tracker_free(t);
}

static void test_clock(void **state)
{
    const fc_track_face f = face(0, 0, NULL);
    fc_tracker *t = tracker(1, 2);

    (void)state;
    assert_int_equal(step_one(t, 100, 0), 1);
    assert_int_equal(step_one(t, 100.5, 10), 1);
    assert_int_equal(step_one(t, 100.2, 4), 1); /* out of order */
    assert_int_equal(step_one(t, 100.5, 10), 1);
    assert_int_equal(step_one(t, 0, 10), 2); /* from the start again */
    assert_int_equal(step_one(t, 0.1, 10), 2);
    assert_int_equal(step_one(t, -1e12, 10), 3);
    assert_int_equal(step_one(t, 1e12, 10), 4);
    assert_int_equal(step(t, "b", 5, &f, 1)[0], 5); /* another stream */
    assert_int_equal(step_one(t, 1e12, 10), 4);
    fc_tracker_free(t);
}

static void test_refused(void **state)
{
    const double odd[] = {NAN, INFINITY, -INFINITY};
    fc_tracker *t;
    uint64_t track[1];

    (void)state;
    assert_int_equal(fc_tracker_new(&t, &(fc_track_options){.min_hits = 0, .max_age = 1}, NULL), FC_EUSAGE);
    assert_int_equal(fc_tracker_new(&t, &(fc_track_options){.min_hits = 1, .max_age = NAN}, NULL), FC_EUSAGE);
    assert_int_equal(fc_tracker_new(&t, NULL, NULL), FC_OK);
    for (size_t i = 0; i < 3; i++) {
        fc_track_face f = face(0, 0, NULL);
        fc_track_frame frame = {.stream = "a", .time = odd[i], .face = &f, .n = 1};
        assert_int_equal(fc_tracker_step(t, &frame, track, NULL), FC_EUSAGE);
        frame.time = 0;
        f.box[i] = odd[i];
        assert_int_equal(fc_tracker_step(t, &frame, track, NULL), FC_EUSAGE);
    }
    fc_track_face f = face(0, 0, ann);
    fc_track_frame frame = {.stream = "a", .face = &f, .n = 1, .dim = DIM};
    assert_int_equal(fc_tracker_step(t, &frame, track, NULL), FC_OK);
    frame.dim = 4;
    assert_int_equal(fc_tracker_step(t, &frame, track, NULL), FC_EUSAGE);
    f.box[2] = 1e300;
    frame.dim = DIM;
    assert_int_equal(fc_tracker_step(t, &frame, track, NULL), FC_OK);
    fc_tracker_free(t);
}

/* Faces, tracks and streams without end. */
static void test_limits(void **state)
{
    enum { MANY = FC_TRACK_FACES + 10 };
    fc_track_face *f = calloc(MANY, sizeof *f);
    uint64_t *track = calloc(MANY, sizeof *track), last = 0, oldest = 0;
    fc_tracker *t = tracker(1, 1e9);
    char name[32];

    (void)state;
    for (int round = 0; round < 9; round++) {
        for (int i = 0; i < MANY; i++)
            f[i] = face(1000.0 * i, 1000.0 * round, NULL);
        const fc_track_frame frame = {.stream = "a", .time = round, .face = f, .n = MANY};
        assert_int_equal(fc_tracker_step(t, &frame, track, NULL), FC_OK);
        assert_int_equal(track[FC_TRACK_FACES], 0);
        assert_int_equal(track[0], last + 1);
        last = track[FC_TRACK_FACES - 1];
    }
    /* of the first frame are as many as there is no room for: they gave way, and no others */
    assert_int_equal(9 * FC_TRACK_FACES - FC_TRACK_MOST, FC_TRACK_FACES);
    f[0] = face(0, 1000, NULL);
    assert_int_equal(step(t, "a", 8.5, f, 1)[0], FC_TRACK_FACES + 1);
    f[0] = face(0, 0, NULL);
    assert_int_equal(step(t, "a", 8.6, f, 1)[0], last + 1);
    for (int i = 0; i < MANY; i++) /* all in one place */
        f[i] = face(0, 0, NULL);
    const fc_track_frame crowd = {.stream = "a", .time = 9, .face = f, .n = MANY};
    assert_int_equal(fc_tracker_step(t, &crowd, track, NULL), FC_OK);
    assert_int_equal(fc_tracker_step(t, &crowd, track, NULL), FC_OK);
    for (int i = 0; i < FC_TRACK_FACES; i++)
        assert_true(track[i] > 0);
    for (int i = 0; i < FC_TRACK_STREAMS + 5; i++) {
        snprintf(name, sizeof name, "camera %d", i);
        last = step(t, name, 0, f, 1)[0];
        oldest = i == 5 ? last : oldest;
    }
    assert_int_equal(step(t, "camera 5", 1, f, 1)[0], oldest);
    assert_int_equal(step(t, "camera 4", 1, f, 1)[0], last + 1); /* was forgotten */
    fc_tracker_free(t);
    free(f);
    free(track);
}

/* ---- visits ---- */

/* What was told, as "start Ann 1.0-2.0;". */
struct told {
    char text[2000];
    char id[FC_EVENT_ID];
    size_t frames;      /* of the last event */
    const char *answer; /* of who; NULL: nobody */
};

static fc_status who(void *ctx, const float *mean, size_t dim, char **name, double *similarity, fc_error *err)
{
    const struct told *told = ctx;

    (void)err;
    assert_int_equal(dim, DIM);
    *similarity = mean[0];
    *name = told->answer ? strdup(mean[0] > 0.5f ? told->answer : "Eve") : NULL;
    return FC_OK;
}

static fc_status hear(void *ctx, const fc_event *e, fc_error *err)
{
    struct told *told = ctx;
    const size_t n = strlen(told->text);

    (void)err;
    snprintf(told->text + n, sizeof told->text - n, "%s %s %g-%g;", fc_event_type_name(e->type),
             e->name ? e->name : "?", e->first, e->last);
    told->frames = e->frames;
    if (e->type == FC_EVENT_START)
        strcpy(told->id, e->id);
    else
        assert_true(*e->id);
    return FC_OK;
}

static fc_events *events(struct told *told, double rejoin, double cooldown, bool names)
{
    const fc_event_options opt = {.min_faces = 2,
                                  .patience = 1,
                                  .max_age = 0.5,
                                  .rejoin = rejoin,
                                  .cooldown = cooldown,
                                  .alike = 0.5,
                                  .who = names ? who : NULL,
                                  .sink = hear,
                                  .ctx = told};
    fc_events *ev;

    *told = (struct told){.answer = told->answer};
    assert_int_equal(fc_events_new(&ev, &opt, NULL), FC_OK);
    return ev;
}

/* A record with n faces of as many tracks, all alike. */
static void see_tracks(fc_events *ev, double time, const int *track, size_t n, const float *e)
{
    const fc_face same = {.box = {0, 0, 100, 100}, .score = 1};
    fc_face face[4] = {same, same, same, same};
    fc_faces faces = {.face = face, .n = n};
    fc_record r;

    assert_int_equal(fc_record_new(&r, "a.mp4", NULL), FC_OK);
    json_object_set_new(r.json, "pts", json_real(time));
    assert_int_equal(fc_record_set_faces(&r, &faces, NULL), FC_OK);
    for (size_t i = 0; i < n; i++) {
        json_object_set_new(fc_record_face(&r, i), "track", json_integer(track[i]));
        if (e)
            assert_int_equal(fc_face_set_embedding(fc_record_face(&r, i), "m:1", e, DIM, NULL), FC_OK);
    }
    assert_int_equal(fc_events_record(ev, &r, NULL), FC_OK);
    fc_record_clear(&r);
}

/* A record with one face of a track (0: none) at a time. */
static void see(fc_events *ev, double time, int track, const float *e)
{
    see_tracks(ev, time, &track, track ? 1 : 0, e);
}

static void see_from(fc_events *ev, double from, double to, int track, const float *e)
{
    for (double time = from; time <= to + 1e-9; time += 0.25)
        see(ev, time, track, e);
}

static void check(fc_events *ev, struct told *told, const char *want)
{
    assert_int_equal(fc_events_finish(ev, NULL), FC_OK);
    assert_string_equal(told->text, want);
    fc_events_free(ev);
}

static void test_visits(void **state)
{
    struct told told = {.answer = "Ann"};
    fc_events *ev = events(&told, 5, 0, true);

    (void)state;
    see_from(ev, 0, 2, 1, ann);
    assert_string_equal(told.text, "start Ann 0-0.25;");
    see_from(ev, 2.25, 5, 0, NULL);
    see_from(ev, 5.25, 6, 2, ann); /* back in time */
    see_from(ev, 6.25, 20, 0, NULL);
    assert_string_equal(told.text, "start Ann 0-0.25;end Ann 0-6;");
    see_from(ev, 20.25, 21, 3, ann);
    check(ev, &told, "start Ann 0-0.25;end Ann 0-6;start Ann 20.25-20.5;end Ann 20.25-21;");

    ev = events(&told, 5, 0, true);
    see(ev, 0, 1, ann); /* one face is no visit */
    see_from(ev, 1, 2, 2, ann);
    see_from(ev, 2.25, 3, 2, (const float[DIM]){0, 0, 1}); /* the number of another one */
    check(ev, &told, "start Ann 1-1.25;start Eve 2.25-2.5;end Ann 1-2;end Eve 2.25-3;");

    told.answer = NULL;
    ev = events(&told, 5, 0, true);
    see_from(ev, 0, 2, 1, ann);
    assert_string_equal(told.text, "start ? 0-1;"); /* patience */
    see_from(ev, 4, 6, 2, ann);                     /* alike */
    see_from(ev, 6.25, 8, 3, eve);                  /* not alike */
    check(ev, &told, "start ? 0-1;start ? 6.25-7.25;end ? 0-6;end ? 6.25-8;");

    told.answer = NULL;
    ev = events(&told, 5, 0, true);
    see_from(ev, 0, 1, 1, ann);
    told.answer = "Ann";
    see_from(ev, 1.25, 3, 1, ann);
    check(ev, &told, "start ? 0-1;update Ann 0-1.25;end Ann 0-3;");

    ev = events(&told, 0, 0, false);
    see_from(ev, 0, 1, 1, NULL);
    see_from(ev, 1.25, 3, 0, NULL);
    see_from(ev, 3, 4, 1, NULL); /* the same number, and too late */
    check(ev, &told, "start ? 0-0.25;end ? 0-1;start ? 3-3.25;end ? 3-4;");
}

static void test_cooldown(void **state)
{
    struct told told = {.answer = "Ann"};
    fc_events *ev = events(&told, 1, 10, true);

    (void)state;
    see_from(ev, 0, 1, 1, ann);
    see_from(ev, 1.25, 4, 0, NULL);
    see_from(ev, 4, 5, 2, ann); /* passed over */
    see_from(ev, 5.25, 9, 0, NULL);
    see_from(ev, 9, 12, 3, ann);     /* outlasts it */
    see_from(ev, 12.25, 13, 4, eve); /* somebody else */
    check(ev, &told,
          "start Ann 0-0.25;end Ann 0-1;start Ann 9-11;start Eve 12.25-12.5;end Ann 9-12;end Eve 12.25-13;");
}

static void test_restart(void **state)
{
    struct told told = {.answer = "Ann"};
    fc_events *ev = events(&told, 5, 10, true);
    char id[FC_EVENT_ID];

    (void)state;
    see_from(ev, 0, 2, 1, ann);
    strcpy(id, told.id);
    see_from(ev, 0, 2, 1, ann);
    assert_string_equal(id, told.id);
    check(ev, &told, "start Ann 0-0.25;end Ann 0-2;start Ann 0-0.25;end Ann 0-2;");
}

/* However many faces of them a frame has, and whichever of their tracks began the visit, a frame counts once. */
static void test_frames(void **state)
{
    struct told told = {.answer = "Ann"};
    fc_events *ev = events(&told, 5, 0, true);

    (void)state;
    for (int i = 0; i < 10; i++) /* a mirror */
        see_tracks(ev, i * 0.25, (const int[]){1, 1, 1}, 3, ann);
    check(ev, &told, "start Ann 0-0;end Ann 0-2.25;");
    assert_int_equal(told.frames, 10);

    /* a second track, which nobody knows for its first frames, joins the visit */
    ev = events(&told, 5, 0, true);
    see_from(ev, 0, 1.75, 1, ann); /* 8 frames */
    told.answer = NULL;
    see_from(ev, 2, 2.25, 2, ann);
    for (int i = 0; i < 2; i++)
        see_tracks(ev, 2.5 + i * 0.25, (const int[]){1, 2}, 2, ann);
    told.answer = "Ann";
    see_tracks(ev, 3, (const int[]){1, 2}, 2, ann);
    check(ev, &told, "start Ann 0-0.25;end Ann 0-3;");
    assert_int_equal(told.frames, 13);
}

/* Somebody new every moment, and one track after the other of one who stays. */
static void test_many(void **state)
{
    struct told told = {.answer = NULL};
    fc_events *ev = events(&told, 1e6, 0, false);

    (void)state;
    for (int i = 1; i < 2 * FC_EVENT_MOST; i++) {
        char want[80];
        const int oldest = i - FC_EVENT_MOST; /* gives way */
        told.text[0] = '\0';
        see(ev, i, i, NULL);
        see(ev, i + 0.5, i, NULL);
        snprintf(want, sizeof want, "start ? %d-%g;", i, i + 0.5);
        if (oldest > 0)
            snprintf(want, sizeof want, "end ? %d-%g;start ? %d-%g;", oldest, oldest + 0.5, i, i + 0.5);
        assert_string_equal(told.text, want);
    }
    fc_events_free(ev);

    told.answer = "Ann";
    ev = events(&told, 1e6, 0, true);
    for (int i = 1; i < 5 * FC_EVENT_MOST; i++) {
        see(ev, i, i, ann);
        see(ev, i + 0.5, i, ann);
    }
    check(ev, &told, "start Ann 1-1.5;end Ann 1-5119.5;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hits_and_age), cmocka_unit_test(test_crossing), cmocka_unit_test(test_looks),
        cmocka_unit_test(test_clock),        cmocka_unit_test(test_refused),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_visits),       cmocka_unit_test(test_cooldown), cmocka_unit_test(test_restart),
        cmocka_unit_test(test_many),         cmocka_unit_test(test_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
