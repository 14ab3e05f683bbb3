/* Enrolment: what becomes of photos and records, and what is in the gallery afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/codec.h"
#include "facecheck.h"
#include "made_gallery.h"

/* ---- one enrolment, and who hears of it ---- */

struct run {
    char log[8000]; /* a line for each photo */
    heard told;
    size_t opened, commits, photos, people, all_people;
    fc_enrolment_counts count;
    fc_error err;
};

static fc_status hear_photo(void *ctx, const fc_enrolled *r, fc_error *err)
{
    static const char *const outcomes[] = {"enrolled", "known", "refused"};
    char *log = ((struct run *)ctx)->log;
    const size_t n = strlen(log), room = sizeof((struct run *)ctx)->log - n;

    (void)err;
    assert_int_equal(r->why.status != FC_OK, r->outcome == FC_REFUSED);
    assert_int_equal(r->samples > 0, r->outcome == FC_ENROLLED);
    if (r->outcome == FC_REFUSED)
        snprintf(log + n, room, "%s %s refused%s %s: %s\n", r->id ? r->id : "?", r->path ? r->path : "-",
                 r->refused_before ? " before" : "", fc_status_name(r->why.status), r->why.message);
    else
        snprintf(log + n, room, "%s %s %s %zu\n", r->id, r->path ? r->path : "-", outcomes[r->outcome],
                 r->samples);
    return FC_OK;
}

static fc_status hear_commit(void *ctx, fc_error *err)
{
    (void)err;
    ((struct run *)ctx)->commits++;
    return FC_OK;
}

static void hear_progress(void *ctx, const fc_enrolment_progress *p)
{
    struct run *r = ctx;

    assert_int_equal(p->photos, ++r->photos);
    assert_in_range(p->people, r->people, p->all_people);
    r->people = p->people;
    r->all_people = p->all_people;
}

static fc_status open_models(void *ctx, fc_models **out, fc_error *err)
{
    char dir[300];

    ((struct run *)ctx)->opened++;
    snprintf(dir, sizeof dir, "%s/../models", getenv("FC_TESTS"));
    return fc_models_open(out, dir, err);
}

static fc_enrolment *begin(struct run *r, fc_enrolment_settings set)
{
    static fc_teller teller; /* outlives the enrolment; one at a time */
    fc_enrolment *e;

    memset(r, 0, sizeof *r);
    teller = hears(&r->told);
    set.open_models = open_models;
    set.result = hear_photo;
    set.committed = hear_commit;
    set.progress = hear_progress;
    set.ctx = r;
    set.teller = &teller;
    if (!set.jobs)
        set.jobs = 1;
    assert_int_equal(fc_enrolment_new(&e, &set, &r->err), FC_OK);
    return e;
}

static fc_status end(struct run *r, fc_enrolment *e, const char *gallery)
{
    fc_gallery *g = make_gallery(gallery);
    const fc_status s = fc_enrolment_run(e, g, &r->count, &r->err);

    fc_enrolment_free(e);
    fc_gallery_free(g);
    return s;
}

static void want(const char *got, const char *text)
{
    if (strcmp(got, text))
        fail_msg("got:\n%s\nwant:\n%s", got, text);
}

static void want_counts(const struct run *r, size_t enrolled, size_t known, size_t refused)
{
    assert_int_equal(r->count.enrolled, enrolled);
    assert_int_equal(r->count.known, known);
    assert_int_equal(r->count.refused, refused);
}

/* ---- what is in a gallery ---- */

struct content {
    char text[100000];
};

static fc_status take_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    char *text = ((struct content *)ctx)->text, content[FC_SHA256_HEX], e[FC_SHA256_HEX];
    const size_t n = strlen(text);

    (void)err;
    fc_sha256_hex(content, s->content, sizeof s->content);
    fc_sha256_hex(e, s->e, s->dim * sizeof *s->e);
    snprintf(text + n, sizeof(struct content) - n, "%lld %lld %s %d %d %.17g %s %s %s\n", (long long)s->id,
             (long long)s->subject, s->source, s->face, s->view, s->quality, s->contract, content, e);
    return FC_OK;
}

static fc_status take_subject(void *ctx, const fc_subject *s, fc_error *err)
{
    char *text = ((struct content *)ctx)->text;
    const size_t n = strlen(text);

    (void)err;
    snprintf(text + n, sizeof(struct content) - n, "%s %s %llu+%llu\n", s->name, s->meta,
             (unsigned long long)s->photos, (unsigned long long)s->views);
    return FC_OK;
}

/* People, a line each; with all of their samples. */
static const char *people_in(const char *gallery, bool samples)
{
    static struct content c;
    fc_gallery *g = make_gallery(gallery);
    fc_error err;

    c.text[0] = '\0';
    assert_int_equal(fc_gallery_each_subject(g, true, take_subject, &c, &err), FC_OK);
    if (samples)
        assert_int_equal(fc_gallery_each_sample(g, 0, true, take_sample, &c, &err), FC_OK);
    fc_gallery_free(g);
    return c.text;
}

/* ---- photos and records ---- */

static void copy_photo(const char *from, const char *to)
{
    char command[500];

    snprintf(command, sizeof command, "cp '%s/%s' '%s'", getenv("FC_TESTS"), from, to);
    assert_int_equal(system(command), 0);
}

static void make_people(void)
{
    if (!access("people", F_OK))
        return;
    assert_true(!mkdir("people", 0700) && !mkdir("people/Ann", 0700) && !mkdir("people/Bob", 0700) &&
                !mkdir("people/Cy", 0700));
    copy_photo("data/photos/grace_hopper.jpg", "people/Ann/1.jpg");
    copy_photo("bad/truncated.jpg", "people/Ann/2.jpg");
    copy_photo("data/photos/sample1.jpg", "people/Ann/3.jpg");
    copy_photo("data/photos/astronaut.png", "people/Bob/1.png");
    assert_int_equal(symlink("Ann", "people/Zoe"), 0);
}

/* A record with the embedding of such a face; name NULL: of nobody. */
static void put_record(FILE *f, const char *name, const char *contract, int who, double noise)
{
    float e[MADE_DIM];

    make_face(e, who, noise);
    char *text = fc_base64_encode(e, sizeof e);
    assert_non_null(text);
    fprintf(f, "{\"v\":1,\"src\":\"%d.jpg\",", who);
    if (name)
        fprintf(f, "\"id\":\"%s\",", name);
    fprintf(f, "\"faces\":[{\"score\":0.5,\"embedding\":{\"model\":\"%s\",\"f32\":\"%s\"}}]}\n", contract,
            text);
    free(text);
}

static FILE *create(const char *path)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    return f;
}

/* Everything that is in the file, of whom the records name. */
static fc_status enrol_records(struct run *r, const fc_enrolment_settings *set, const char *path,
                               const char *gallery)
{
    static const fc_source_options plain = {0};
    char *operand = (char *)path;
    fc_source *in;
    fc_enrolment *e = begin(r, *set);

    assert_int_equal(fc_source_open(&in, &plain, &operand, 1, &r->err), FC_OK);
    assert_int_equal(fc_enrolment_add_source(e, NULL, in, &r->err), FC_OK);
    const fc_status s = end(r, e, gallery);
    fc_source_close(in);
    return s;
}

/* ---- tests ---- */

static void a_folder_of_people(void **state)
{
    static struct content one;
    struct run r;

    (void)state;
    make_people();
    for (int jobs = 1; jobs <= 4; jobs += 3) { /* the same at any number */
        char gallery[20];
        snprintf(gallery, sizeof gallery, "people-%d", jobs);
        fc_enrolment *e = begin(&r, (fc_enrolment_settings){.jobs = jobs});
        assert_int_equal(fc_enrolment_add_people(e, "people", &r.err), FC_OK);
        assert_string_equal(r.told.text, "people/Zoe: is the same folder as Ann, and passed over\n");
        assert_int_equal(r.opened, 0);
        assert_int_equal(end(&r, e, gallery), FC_OK);
        assert_int_equal(r.opened, 1);
        want_counts(&r, 2, 0, 3);
        want(r.log, "Ann people/Ann/1.jpg enrolled 1\n"
                    "Ann people/Ann/2.jpg refused truncated: people/Ann/2.jpg: the JPEG ends too early\n"
                    "Ann people/Ann/3.jpg refused faces: people/Ann/3.jpg: 3 faces, not one\n"
                    "Bob people/Bob/1.png enrolled 1\n"
                    "Cy people/Cy refused empty: people/Cy: no pictures in this folder (-r looks in the "
                    "folders in it)\n");
        assert_non_null(strstr(r.told.text, "people/Ann/3.jpg: "));
        assert_non_null(strstr(r.told.text, "people/Cy: "));
        assert_true(r.photos == 5 && r.people == 3 && r.all_people == 3 && r.commits > 0);
        if (jobs == 1)
            one = *(const struct content *)people_in(gallery, true);
        else
            want(people_in(gallery, true), one.text);
        want(people_in(gallery, false), "Ann {} 1+0\nBob {} 1+0\n");
    }
}

static void known_photos_need_no_models(void **state)
{
    struct run r;
    fc_enrolment *e = begin(&r, (fc_enrolment_settings){.meta = "{\"room\": 12}"});

    (void)state;
    make_people();
    copy_photo("data/photos/grace_hopper.jpg", "copy.jpg");
    assert_int_equal(fc_enrolment_add_photos(e, "Ann", "people/Ann/1.jpg", &r.err), FC_OK);
    assert_int_equal(fc_enrolment_add_photos(e, "Bob", "people/Bob", &r.err), FC_OK);
    assert_int_equal(end(&r, e, "known"), FC_OK);
    want(r.log, "Ann people/Ann/1.jpg enrolled 1\nBob people/Bob/1.png enrolled 1\n");
    for (int i = 0; i < 2; i++) { /* whatever it is called; another person has it not */
        e = begin(&r, (fc_enrolment_settings){.meta = "{\"room\": 13}"});
        assert_int_equal(fc_enrolment_add_photos(e, "Ann", "copy.jpg", &r.err), FC_OK);
        if (i)
            assert_int_equal(fc_enrolment_add_photos(e, "Eve", "copy.jpg", &r.err), FC_OK);
        assert_int_equal(end(&r, e, "known"), FC_OK);
        want(r.log, i ? "Ann copy.jpg known 0\nEve copy.jpg enrolled 1\n" : "Ann copy.jpg known 0\n");
        assert_int_equal(r.opened, i);
        want_counts(&r, i, 1, 0);
        want(people_in("known", false),
             i ? "Ann {\"room\":13} 1+0\nBob {\"room\":12} 1+0\nEve {\"room\":13} 1+0\n"
               : "Ann {\"room\":13} 1+0\nBob {\"room\":12} 1+0\n");
    }
}

static void views_are_made_of_photos(void **state)
{
    struct run r;

    (void)state;
    make_people();
    for (int views = 2; views >= 1; views--) { /* fewer are there already */
        fc_enrolment *e = begin(&r, (fc_enrolment_settings){.augment = views, .seed = 1});
        assert_int_equal(fc_enrolment_add_photos(e, "Bob", "people/Bob/1.png", &r.err), FC_OK);
        assert_int_equal(end(&r, e, "views"), FC_OK);
        want(r.log, views == 2 ? "Bob people/Bob/1.png enrolled 3\n" : "Bob people/Bob/1.png known 0\n");
        assert_int_equal(r.opened, views == 2);
        want(people_in("views", false), "Bob {} 1+2\n");
    }
}

static void records_need_no_models(void **state)
{
    const fc_enrolment_settings set = {0}, by_who = {.id_field = "who"};
    FILE *f = create("records");
    struct run r;

    (void)state;
    put_record(f, "Ann", "made:1", 1, 0);
    put_record(f, NULL, "made:1", 2, 0);
    fputs("{\"v\":1,\"src\":\"x.jpg\",\"id\":\"Bob\",\"error\":{\"stage\":\"detect\",\"code\":\"faces\","
          "\"message\":\"x.jpg: 7 faces\"}}\n",
          f);
    put_record(f, "unknown", "made:1", 3, 0);
    put_record(f, "Bob", "made:1", 4, 0);
    put_record(f, "Bob", "made:1", 4, 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(enrol_records(&r, &set, "records", "from-records"), FC_OK);
    want_counts(&r, 2, 1, 3);
    want(r.log, "Ann 1.jpg enrolled 1\n"
                "? 2.jpg refused record: records:2: no \"id\" that says whose it is\n"
                "Bob x.jpg refused before faces: x.jpg: 7 faces\n"
                "unknown 3.jpg refused usage: 'unknown' is no name: it is what strangers are called\n"
                "Bob 4.jpg enrolled 1\n"
                "Bob 4.jpg known 0\n");
    assert_null(strstr(r.told.text, "7 faces")); /* whoever made the record told of it */
    assert_non_null(strstr(r.told.text, "records:2: "));
    want(people_in("from-records", false), "Ann {} 1+0\nBob {} 1+0\n");
    assert_int_equal(enrol_records(&r, &by_who, "records", "by-who"), FC_OK);
    want_counts(&r, 0, 0, 6);
    assert_non_null(strstr(r.told.text, "no \"who\" that says"));
    assert_int_equal(access("by-who", F_OK), -1); /* nobody enrolled: no gallery */
}

static void what_came_before_a_failure_counts(void **state)
{
    struct run r;

    (void)state;
    for (int i = 0; i < 4; i++) { /* a broken line, or an embedding of another model; at -j1 and -j4 */
        const fc_enrolment_settings set = {.jobs = i & 2 ? 4 : 1};
        const bool broken = i & 1;
        char gallery[30], message[200];
        snprintf(gallery, sizeof gallery, "before-%d", i);
        snprintf(message, sizeof message,
                 "breaks:2: an embedding of other:1; %s holds those of made:1, and they cannot be compared",
                 gallery);
        FILE *f = create("breaks");
        put_record(f, "Ann", "made:1", 1, 0);
        if (broken)
            fputs("{\"v\":1,\n", f);
        else
            put_record(f, "Bob", "other:1", 2, 0);
        put_record(f, "Cy", "made:1", 3, 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(enrol_records(&r, &set, "breaks", gallery), broken ? FC_ERECORD : FC_ECONTRACT);
        if (!broken)
            want(r.err.message, message);
        want(r.log, "Ann 1.jpg enrolled 1\n");
        want_counts(&r, 1, 0, 0);
        want(people_in(gallery, false), "Ann {} 1+0\n");
    }
}

static void fail_fast_stops(void **state)
{
    struct run r;
    fc_enrolment *e = begin(&r, (fc_enrolment_settings){.fail_fast = true});

    (void)state;
    make_people();
    assert_int_equal(fc_enrolment_add_people(e, "people", &r.err), FC_OK);
    assert_int_equal(end(&r, e, "fast"), FC_OK);
    assert_true(r.count.stopped);
    want_counts(&r, 1, 0, 1);
    want(people_in("fast", false), "Ann {} 1+0\n");
}

static void weak_faces_are_refused_unless_asked_for(void **state)
{
    static const char record[] =
        "{\"v\":1,\"src\":\"b.jpg\",\"id\":\"Bob\",\"faces\":[{\"box\":[181,62,87,110],\"score\":1.0,"
        "\"landmarks\":[[246,103],[205,101],[224,129],[245,141],[201,139]],"
        "\"embedding\":{\"model\":\"made:1\",\"f32\":\"AACAPwAAAAA=\"}}]}\n";
    struct run r;

    (void)state;
    FILE *f = create("weak");
    fputs(record, f);
    assert_int_equal(fclose(f), 0);
    for (int take = 0; take < 2; take++) {
        const fc_enrolment_settings set = {.weak_faces = take, .hint_weak = " (or so)"};
        assert_int_equal(enrol_records(&r, &set, "weak", "weak.fcg"), FC_OK);
        want_counts(&r, take, 0, !take);
        if (!take)
            assert_non_null(strstr(r.told.text, "b.jpg: no good face: its landmarks are "));
        if (!take)
            assert_non_null(strstr(r.told.text, " pixels off a face's, and 9 is the most (or so)\n"));
    }
}

static void who_and_what_is_doubtful(void **state)
{
    struct run r;
    heard told;
    const fc_teller tell = hears(&told);
    static const fc_source_options plain = {0};
    char *operand = "doubtful";
    fc_source *in;
    size_t found;

    (void)state;
    FILE *f = create("doubtful");
    put_record(f, "Ann", "made:1", 1, 0.1);
    put_record(f, "Bob", "made:1", 2, 0.1);
    put_record(f, "Bob", "made:1", 1, 0.1); /* is Ann */
    put_record(f, "ann", "made:1", 3, 0.1);
    assert_int_equal(fclose(f), 0);
    fc_enrolment *e = begin(&r, (fc_enrolment_settings){0});
    fc_gallery *g = make_gallery("doubts");
    assert_int_equal(fc_enrolment_doubts(e, &tell, &found, &r.err), FC_OK); /* nothing yet */
    assert_int_equal(found, 0);
    assert_int_equal(fc_source_open(&in, &plain, &operand, 1, &r.err), FC_OK);
    assert_int_equal(fc_enrolment_add_source(e, NULL, in, &r.err), FC_OK);
    assert_int_equal(fc_enrolment_run(e, g, NULL, &r.err), FC_OK);
    assert_int_equal(fc_enrolment_alike(e, &tell, &r.err), FC_OK);
    want(told.text, "warning: the names 'Ann' and 'ann' differ in case or blanks only\n");
    assert_int_equal(fc_enrolment_doubts(e, &tell, &found, &r.err), FC_OK);
    assert_non_null(strstr(told.text, "warning: 1.jpg of Bob looks more like Ann"));
    assert_non_null(strstr(told.text, "warning: Bob has 2 photos"));
    assert_true(found >= 4);
    assert_int_equal(fc_enrolment_run(e, g, NULL, &r.err), FC_EUSAGE); /* once */
    fc_enrolment_free(e);
    fc_source_close(in);
    fc_gallery_free(g);
}

static void wrong_use_is_told(void **state)
{
    static const fc_source_options plain = {0};
    const fc_face_options crops = {.aligned = true};
    const fc_enrolment_settings bad[] = {
        {.augment = -1}, {.augment = FC_ENROLMENT_MAX_VIEWS + 1}, {.augment = 1, .detect = &crops}};
    char *operand = "people/Ann/1.jpg";
    fc_source *in;
    fc_enrolment *e;
    struct run r;

    (void)state;
    make_people();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(fc_enrolment_new(&e, &bad[i], &r.err), FC_EUSAGE);
        assert_null(e);
    }
    e = begin(&r, (fc_enrolment_settings){.hint_id = " (say it)", .hint_people = "; one each"});
    assert_int_equal(fc_enrolment_add_photos(e, "a\nb", "x.jpg", &r.err), FC_EUSAGE);
    assert_int_equal(fc_enrolment_add_people(e, "missing", &r.err), FC_EMISSING);
    assert_int_equal(fc_enrolment_add_people(e, "people/Ann", &r.err), FC_EEMPTY);
    want(r.err.message, "people/Ann: no folders in it; one each");
    assert_int_equal(fc_source_open(&in, &plain, &operand, 1, &r.err), FC_OK);
    assert_int_equal(fc_enrolment_add_source(e, "unknown", in, &r.err), FC_EUSAGE);
    assert_int_equal(fc_enrolment_add_source(e, NULL, in, &r.err), FC_OK);
    assert_int_equal(end(&r, e, "wrong"), FC_EUSAGE);
    want(r.err.message, "people/Ann/1.jpg: whose picture? (say it)");
    assert_int_equal(access("wrong", F_OK), -1);
    fc_source_close(in);
    /* without models a photo that needs them ends the run */
    assert_int_equal(fc_enrolment_new(&e, &(fc_enrolment_settings){.jobs = 1}, &r.err), FC_OK);
    assert_int_equal(fc_enrolment_add_photos(e, "Ann", operand, &r.err), FC_OK);
    assert_int_equal(end(&r, e, "wrong"), FC_EMISSING);
    fc_enrolment_free(NULL);
}

/* Who hears can end it; what it heard of is there. */
static fc_status refuse_to_hear(void *ctx, const fc_enrolled *p, fc_error *err)
{
    (void)ctx;
    (void)p;
    err->status = FC_EIO;
    strcpy(err->message, "no more");
    return FC_EIO;
}

static void a_listener_can_end_it(void **state)
{
    fc_enrolment *e;
    struct run r;

    (void)state;
    FILE *f = create("one");
    put_record(f, "Ann", "made:1", 1, 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(
        fc_enrolment_new(&e, &(fc_enrolment_settings){.jobs = 2, .result = refuse_to_hear}, &r.err), FC_OK);
    assert_int_equal(fc_enrolment_add_photos(e, "Ann", "one", &r.err), FC_OK);
    assert_int_equal(end(&r, e, "heard"), FC_EIO);
    want(r.err.message, "no more");
    want(people_in("heard", false), "Ann {} 1+0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_of_people),
        cmocka_unit_test(known_photos_need_no_models),
        cmocka_unit_test(views_are_made_of_photos),
        cmocka_unit_test(records_need_no_models),
        cmocka_unit_test(what_came_before_a_failure_counts),
        cmocka_unit_test(fail_fast_stops),
        cmocka_unit_test(weak_faces_are_refused_unless_asked_for),
        cmocka_unit_test(who_and_what_is_doubtful),
        cmocka_unit_test(wrong_use_is_told),
        cmocka_unit_test(a_listener_can_end_it),
    };

    return cmocka_run_group_tests(tests, go_to_folder, leave_folder);
}
