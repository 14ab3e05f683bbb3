/* Galleries: what is in them, what is refused, what a crash, a second writer and damage do. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/bytes.h"
#include "gallery/impl.h"
#include "base/codec.h"
#include "facecheck.h"
#include "gallery/labelled.h"
#include "match/search.h"
#include "match/similarity.h"
#include "seed.h"

enum { DIM = 12 };

static char folder[64];
static char path[80], index_path[90], log_path[90];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_gallery.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/g.fcg", folder);
    snprintf(index_path, sizeof index_path, "%s.index", path);
    snprintf(log_path, sizeof log_path, "%s-wal", path);
    return 0;
}

static int remove_folder(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char secret_text[] = "a passphrase\n";

static fc_secret *make_secret(const char *text)
{
    fc_secret *s;
    assert_int_equal(fc_secret_new(&s, text, strlen(text), false, "key", NULL), FC_OK);
    return s;
}

static fc_gallery *open_it(fc_gallery_mode mode, bool seal)
{
    fc_gallery *g;
    fc_error err = {0};
    fc_secret *secret = seal ? make_secret(secret_text) : NULL;
    keep_seed_file("gallery", path);
    if (fc_gallery_open(&g, path, &(fc_gallery_options){.mode = mode, .seal = seal, .secret = secret}, &err))
        fail_msg("%s", err.message);
    fc_secret_free(secret);
    return g;
}

static void make_embedding(float *e, int n)
{
    for (int i = 0; i < DIM; i++)
        e[i] = (float)sin(1 + n * 1.7 + i * (n % 7 + 0.3));
    assert_true(fc_normalise(e, DIM));
}

static int64_t put_subject(fc_gallery *g, const char *name)
{
    int64_t id;
    fc_error err;
    if (fc_gallery_put_subject(g, name, &id, &err))
        fail_msg("%s", err.message);
    return id;
}

static fc_status put_number(fc_gallery *g, int64_t subject, int n, int view, bool *added, fc_error *err)
{
    float e[DIM];
    char source[40];
    make_embedding(e, n);
    snprintf(source, sizeof source, "photo %d.jpg", n);
    fc_sample s = {.subject = subject,
                   .e = e,
                   .dim = DIM,
                   .contract = "m:1",
                   .source = source,
                   .view = view,
                   .quality = n % 2 ? 0.5 : NAN,
                   .content = {(uint8_t)n, 9}};
    return fc_gallery_put_sample(g, &s, added, err);
}

static bool put(fc_gallery *g, int64_t subject, int n)
{
    bool added;
    fc_error err;
    if (put_number(g, subject, n, 0, &added, &err))
        fail_msg("%s", err.message);
    return added;
}

/* Ann has 0..2 and a view, Bob 3, Cem nothing. */
static void fill(bool seal)
{
    fc_gallery *g = open_it(FC_GALLERY_CREATE, seal);
    int64_t ann = put_subject(g, "Ann"), bob = put_subject(g, "Bob");
    bool added;
    put_subject(g, "Cem");
    assert_true(put(g, ann, 0));
    assert_true(put(g, bob, 3));
    assert_true(put(g, ann, 1));
    assert_int_equal(put_number(g, ann, 1, 1, &added, NULL), FC_OK);
    assert_true(added);
    assert_true(put(g, ann, 2));
    fc_gallery_free(g);
}

/* ---- a gallery in words ---- */

/* A line of say_sample's for what put_number put. */
static const char *line(int id, int subject, int n, int view)
{
    static char text[8][120];
    static int next;
    float e[DIM];
    make_embedding(e, n);
    next = (next + 1) % 8;
    snprintf(text[next], sizeof text[next], "%d of %d: %.9g photo %d.jpg 0.%d %s %d\n", id, subject,
             (double)e[1], n, view, n % 2 ? "0.5" : "nan", n);
    return text[next];
}

struct words {
    char text[8192];
    size_t n;
};

static fc_status say_subject(void *ctx, const fc_subject *s, fc_error *err)
{
    struct words *w = ctx;
    (void)err;
    w->n += (size_t)snprintf(w->text + w->n, sizeof w->text - w->n, "%lld %s %s %d+%d\n", (long long)s->id,
                             s->name, s->meta, (int)s->photos, (int)s->views);
    return FC_OK;
}

static fc_status say_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    struct words *w = ctx;
    (void)err;
    w->n += (size_t)snprintf(w->text + w->n, sizeof w->text - w->n, "%lld of %lld: %.9g %s %d.%d %g %d\n",
                             (long long)s->id, (long long)s->subject, (double)s->e[1], s->source, s->face,
                             s->view, s->quality, s->content[0]);
    return FC_OK;
}

/* By the table: who is nearest to a few probes. */
static fc_status say_nearest(struct words *w, const fc_table *t, fc_error *err)
{
    fc_status s = FC_OK;
    for (int n = 0; !s && n < 5; n++) {
        float e[DIM];
        fc_hit hit[2];
        size_t found;
        make_embedding(e, n);
        s = fc_search(t, e, 1, &(fc_search_options){.k = 2}, hit, &found, err);
        for (size_t i = 0; !s && i < found; i++) {
            fc_table_subject who;
            s = fc_table_get_subject(t, hit[i].subject, &who, err);
            if (!s)
                w->n += (size_t)snprintf(w->text + w->n, sizeof w->text - w->n,
                                         "probe %d: %.*s %lld %.17g %d\n", n, (int)who.length, who.name,
                                         (long long)hit[i].sample, hit[i].score, (int)who.rows);
        }
    }
    return s;
}

static fc_status read_all(struct words *w, fc_error *err)
{
    fc_gallery *g = NULL;
    fc_table *t = NULL;
    fc_table_label label;
    fc_status s =
        fc_gallery_open(&g, path, &(fc_gallery_options){.mode = FC_GALLERY_READ, .wait_ms = 100}, err);

    *w = (struct words){.n = 0};
    if (!s)
        s = fc_gallery_each_subject(g, true, say_subject, w, err);
    if (!s)
        s = fc_gallery_each_sample(g, 0, true, say_sample, w, err);
    if (!s)
        s = fc_gallery_load(g, &t, &label, err);
    if (!s && fc_table_get_size(t).rows && fc_table_get_size(t).dim == DIM)
        s = say_nearest(w, t, err);
    if (!s)
        snprintf(w->text + w->n, sizeof w->text - w->n, "%s\n", label.contract);
    fc_table_free(t);
    fc_gallery_free(g);
    return s;
}

/* The gallery's words begin with these. */
static void assert_words(const char *const *want, size_t n)
{
    struct words w;
    char text[2048] = "";
    fc_error err = {0};
    if (read_all(&w, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < n; i++)
        strcat(text, want[i]);
    w.text[strlen(text)] = '\0';
    assert_string_equal(w.text, text);
}
#define ASSERT_WORDS(...)                                                                                    \
    assert_words((const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static bool file_has(const char *name, const void *bytes, size_t n)
{
    fc_bytes b = {0};
    fc_status s = fc_bytes_read_file(&b, name, 1 << 26, NULL);
    bool has = !s && memmem(b.data, b.n, bytes, n);
    fc_bytes_clear(&b);
    return has;
}

static int mode_of(const char *name)
{
    struct stat st;
    return stat(name, &st) ? -1 : (int)(st.st_mode & 0777);
}

static void write_bytes(const char *name, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* ---- what is in them ---- */

/* ---- enrolment from templates ---- */

static void templates_are_enrolled(void **state)
{
    float v[4 * DIM];
    fc_template_image image[4] = {{.path = "a.jpg", .person = "Ann"},
                                  {.path = "b.jpg", .person = "Bob"},
                                  {.path = "c.jpg", .person = "Cid", .state = FC_TEMPLATE_NOT_DETECTED},
                                  {.path = "a2.jpg", .person = "Ann"}};
    fc_templates t = {.image = image, .v = v, .n = 4, .dim = DIM};
    fc_gallery *g = open_it(FC_GALLERY_CREATE, false);
    fc_gallery_info info;
    fc_error err;

    (void)state;
    for (int i = 0; i < 4; i++) {
        make_embedding(v + i * DIM, i);
        fc_sha256_hex(image[i].sha256, image[i].path, strlen(image[i].path));
    }
    for (int again = 0; again < 2; again++) { /* what is there is not put again */
        assert_int_equal(fc_gallery_enrol(g, &t, "m:0", &err), FC_OK);
        assert_int_equal(fc_gallery_get_info(g, &info, &err), FC_OK);
        assert_true(info.subjects == 2 && info.samples == 3);
    }
    /* one that cannot be put undoes the others */
    make_embedding(v + DIM, 77);
    image[3].person = NULL;
    assert_int_equal(fc_gallery_enrol(g, &t, "m:0", &err), FC_EDATA);
    assert_non_null(strstr(err.message, "a2.jpg"));
    assert_int_equal(fc_gallery_get_info(g, &info, &err), FC_OK);
    assert_true(info.samples == 3);
    image[3].person = "Ann";
    assert_int_equal(fc_gallery_enrol(g, &t, "other:0", &err), FC_ECONTRACT);
    image[1].sha256[0] = '\0';
    assert_int_equal(fc_gallery_enrol(g, &t, "m:0", &err), FC_EDATA);
    for (int i = 0; i < 4; i++)
        image[i].state = FC_TEMPLATE_NOT_DECODED;
    assert_int_equal(fc_gallery_enrol(g, &t, "m:0", &err), FC_EEMPTY);
    fc_gallery_free(g);
}

static void what_is_put_is_there(void **state)
{
    (void)state;
    fill(false);
    ASSERT_WORDS("1 Ann {} 3+1\n", "2 Bob {} 1+0\n", "3 Cem {} 0+0\n", line(1, 1, 0, 0), line(2, 2, 3, 0),
                 line(3, 1, 1, 0), line(4, 1, 1, 1), line(5, 1, 2, 0), "probe 0: Ann 1 ");
}

/* As labelled samples: a view is of its photo, and who has no sample is a person still. */
static void people_can_be_learnt_from(void **state)
{
    (void)state;
    fc_labelled *l;
    fc_table *t;
    size_t *photo, same = 0;
    fc_error err = {0};
    fill(false);
    fc_gallery *g = open_it(FC_GALLERY_READ, false);
    assert_int_equal(fc_labelled_new(&l, NULL), FC_OK);
    assert_int_equal(fc_gallery_begin(g, false, NULL), FC_OK);
    if (fc_gallery_labelled(g, l, &err))
        fail_msg("%s", err.message);
    fc_gallery_free(g);
    static const char *const names[] = {"Ann", "Bob", "Cem"};
    static const size_t samples[] = {4, 1, 0};
    assert_int_equal(fc_labelled_people(l), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(fc_labelled_name(l, i), names[i]);
        assert_int_equal(fc_labelled_samples(l, i), samples[i]);
    }
    assert_string_equal(fc_labelled_contract(l), "m:1");
    assert_int_equal(fc_labelled_table(l, &t, &photo, NULL), FC_OK);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < i; k++)
            same += photo[i] == photo[k];
    assert_int_equal(same, 1);
    fc_table_free(t);
    free(photo);
    fc_labelled_free(l);
}

static void same_again_is_nothing(void **state)
{
    (void)state;
    fc_gallery_info before, after;
    int view;
    fc_error err;

    fill(false);
    fc_gallery *g = open_it(FC_GALLERY_CREATE, false);
    assert_int_equal(fc_gallery_get_info(g, &before, &err), FC_OK);
    assert_int_equal(put_subject(g, "Ann"), 1);
    assert_false(put(g, 1, 0));
    assert_int_equal(fc_gallery_get_info(g, &after, &err), FC_OK);
    assert_memory_equal(&before, &after, sizeof before); /* the state, too */
    assert_int_equal(after.subjects, 3);
    assert_int_equal(after.samples, 5);

    static const uint8_t one[32] = {1, 9}, seven[32] = {7, 9};
    assert_int_equal(fc_gallery_last_view(g, 1, one, &view, &err), FC_OK);
    assert_int_equal(view, 1);
    assert_int_equal(fc_gallery_last_view(g, 2, one, &view, &err), FC_OK);
    assert_int_equal(view, -1);
    assert_int_equal(fc_gallery_last_view(g, 1, seven, &view, &err), FC_OK);
    assert_int_equal(view, -1);
    assert_true(put(g, 2, 0)); /* of somebody else, it is new */
    fc_gallery_free(g);
}

static void other_contracts_are_refused(void **state)
{
    (void)state;
    float e[DIM + 1];
    bool added;
    fc_error err;

    fill(false);
    make_embedding(e, 50);
    fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
    fc_sample s = {.subject = 1, .e = e, .dim = DIM, .contract = "other:2", .source = ""};
    assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_ECONTRACT);
    assert_non_null(strstr(err.message, "m:1"));
    assert_non_null(strstr(err.message, "other:2"));
    s.contract = "m:1";
    s.dim = DIM - 1;
    assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_ECONTRACT);
    s.dim = 0;
    assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_EUSAGE);
    s.dim = FC_MAX_DIM + 1;
    assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_EUSAGE);
    s.dim = DIM;
    memset(e, 0, sizeof e);
    assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_EUSAGE);
    e[3] = NAN;
    assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_EUSAGE);
    s.subject = 99; /* nobody */
    make_embedding(e, 51);
    assert_int_not_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_OK);
    assert_int_equal(fc_gallery_check(g, &err), FC_OK);
    fc_gallery_free(g);
}

/* What is not of unit length is made so; what is keeps its bits. */
static void embeddings_are_stored_at_unit_length(void **state)
{
    (void)state;
    struct words w;
    float e[DIM], longer[DIM];
    bool added;
    fc_error err;

    make_embedding(e, 3);
    for (int i = 0; i < DIM; i++)
        longer[i] = 7 * e[i];
    fc_gallery *g = open_it(FC_GALLERY_CREATE, false);
    fc_sample s = {
        .subject = put_subject(g, "Ann"), .e = longer, .dim = DIM, .contract = "m:1", .source = ""};
    assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_OK);
    fc_gallery_free(g);
    assert_int_equal(read_all(&w, &err), FC_OK);
    assert_non_null(strstr(w.text, "1 of 1: 0.010642"));
    assert_non_null(strstr(w.text, "probe 3: Ann 1 "));
}

static void names_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "unknown", "a\nb", "\x7f", "\xff", "a\xc3", "\xed\xa0\x80"};
    char longest[FC_NAME_MAX + 2];
    int64_t id;
    fc_error err;

    fc_gallery *g = open_it(FC_GALLERY_CREATE, false);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(fc_gallery_put_subject(g, bad[i], &id, &err), FC_EUSAGE);
    memset(longest, 'x', sizeof longest);
    longest[FC_NAME_MAX + 1] = '\0';
    assert_int_equal(fc_gallery_put_subject(g, longest, &id, &err), FC_EUSAGE);
    longest[FC_NAME_MAX] = '\0';
    put_subject(g, longest);
    put_subject(g, "Zoë O'Brien \"%s\" 王");
    assert_int_equal(fc_gallery_find(g, "Zoë O'Brien \"%s\" 王", &id, &err), FC_OK);
    assert_int_equal(id, 2);
    assert_int_equal(fc_gallery_find(g, "zoë", &id, &err), FC_EMISSING);
    assert_non_null(strstr(err.message, "'zoë'"));
    fc_gallery_free(g);
}

static void people_are_renamed_merged_and_removed(void **state)
{
    (void)state;
    fc_error err;
    int64_t id;

    fill(false);
    fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_gallery_rename(g, 1, "Bob", &err), FC_EDATA);
    assert_int_equal(fc_gallery_rename(g, 9, "Eve", &err), FC_EMISSING);
    assert_int_equal(fc_gallery_rename(g, 1, "a\n", &err), FC_EUSAGE);
    assert_int_equal(fc_gallery_rename(g, 2, "Bea", &err), FC_OK);
    assert_int_equal(fc_gallery_rename(g, 2, "Bea", &err), FC_OK);
    assert_int_equal(fc_gallery_set_meta(g, 1, "{\"age\": 41}", &err), FC_OK);
    assert_int_equal(fc_gallery_set_meta(g, 1, "[1]", &err), FC_EUSAGE);
    assert_int_equal(fc_gallery_set_meta(g, 1, "{", &err), FC_EUSAGE);
    assert_int_equal(fc_gallery_set_meta(g, 9, "{}", &err), FC_EMISSING);
    assert_true(put(g, 2, 0)); /* Ann has it, too */
    assert_int_equal(fc_gallery_merge(g, 1, 1, &err), FC_EUSAGE);
    assert_int_equal(fc_gallery_merge(g, 1, 2, &err), FC_OK);
    assert_int_equal(fc_gallery_find(g, "Bea", &id, &err), FC_EMISSING);
    assert_int_equal(fc_gallery_remove_sample(g, 3, &err), FC_OK);
    assert_int_equal(fc_gallery_remove_sample(g, 3, &err), FC_EMISSING);
    assert_int_equal(fc_gallery_check(g, &err), FC_OK);
    fc_gallery_free(g);
    ASSERT_WORDS("1 Ann {\"age\":41} 3+1\n", "3 Cem {} 0+0\n", line(1, 1, 0, 0), line(2, 1, 3, 0),
                 line(4, 1, 1, 1), line(5, 1, 2, 0), "probe 0: Ann 1 ");

    g = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_gallery_remove(g, 1, &err), FC_OK);
    assert_int_equal(fc_gallery_remove(g, 1, &err), FC_EMISSING);
    assert_int_equal(put_subject(g, "Dan"), 4); /* numbers are not used again */
    assert_int_equal(fc_gallery_check(g, &err), FC_OK);
    fc_gallery_free(g);
    ASSERT_WORDS("3 Cem {} 0+0\n", "4 Dan {} 0+0\n", "m:1\n");
}

static void a_transaction_is_all_or_nothing(void **state)
{
    (void)state;
    struct words before, after;
    fc_error err;

    fill(false);
    assert_int_equal(read_all(&before, &err), FC_OK);
    fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_gallery_begin(g, true, &err), FC_OK);
    put(g, put_subject(g, "Eve"), 4);
    assert_int_equal(fc_gallery_remove(g, 2, &err), FC_OK);
    assert_int_equal(read_all(&after, &err), FC_OK); /* another connection sees what was */
    assert_string_equal(before.text, after.text);
    fc_gallery_rollback(g);
    assert_int_equal(fc_gallery_begin(g, true, &err), FC_OK);
    put(g, put_subject(g, "Eve"), 4);
    fc_gallery_free(g); /* without a commit */
    assert_int_equal(read_all(&after, &err), FC_OK);
    assert_string_equal(before.text, after.text);
}

static void readers_keep_what_they_began_with(void **state)
{
    (void)state;
    fc_error err;
    fc_gallery_info info;
    uint8_t first[16];

    fill(false);
    fc_gallery *r = open_it(FC_GALLERY_READ, false), *w = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_gallery_begin(r, false, &err), FC_OK);
    assert_int_equal(fc_gallery_get_info(r, &info, &err), FC_OK);
    memcpy(first, info.state, sizeof first);
    assert_true(put(w, 1, 30));
    assert_int_equal(fc_gallery_remove(w, 2, &err), FC_OK);
    assert_int_equal(fc_gallery_get_info(r, &info, &err), FC_OK);
    assert_int_equal(info.samples, 5);
    assert_memory_equal(info.state, first, sizeof first);
    assert_int_equal(fc_gallery_check(r, &err), FC_OK);
    assert_int_equal(fc_gallery_commit(r, &err), FC_OK);
    assert_int_equal(fc_gallery_get_info(r, &info, &err), FC_OK);
    assert_int_equal(info.samples, 5); /* one more, and Bob's one less */
    assert_memory_not_equal(info.state, first, sizeof first);
    int64_t id;
    assert_int_not_equal(fc_gallery_put_subject(r, "Eve", &id, &err), FC_OK); /* it only reads */
    fc_gallery_free(r);
    fc_gallery_free(w);
}

static void files_are_their_owners(void **state)
{
    (void)state;
    char shm[100];
    fc_error err;
    const mode_t mask = umask(0);

    fill(false);
    fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
    put(g, 1, 40);
    snprintf(shm, sizeof shm, "%s-shm", path);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(mode_of(log_path), 0600);
    assert_int_equal(mode_of(shm), 0600);
    assert_int_equal(fc_index_build(g, &err), FC_OK);
    keep_seed_file("table", index_path);
    assert_int_equal(mode_of(index_path), 0600);
    fc_gallery_free(g);
    umask(mask);
}

static fc_status try_to_open(fc_gallery_mode mode, fc_error *err)
{
    fc_gallery *g;
    fc_status s = fc_gallery_open(&g, path, &(fc_gallery_options){.mode = mode}, err);
    assert_true(s ? g == NULL : g != NULL);
    fc_gallery_free(g);
    return s;
}

static void what_is_no_gallery_is_refused(void **state)
{
    (void)state;
    fc_error err;
    sqlite3 *db;

    assert_int_equal(try_to_open(FC_GALLERY_READ, &err), FC_EMISSING);
    assert_int_equal(try_to_open(FC_GALLERY_WRITE, &err), FC_EMISSING);
    assert_int_equal(access(path, F_OK), -1);
    write_bytes(path, (const uint8_t *)"",
                0); /* a gallery that was cut to nothing is not taken for a new one */
    for (int mode = FC_GALLERY_READ; mode <= FC_GALLERY_CREATE; mode++)
        assert_int_equal(try_to_open((fc_gallery_mode)mode, &err), FC_EEMPTY);
    write_bytes(path, (const uint8_t *)"# not a gallery, but a text that is long enough", 44);
    assert_int_equal(try_to_open(FC_GALLERY_CREATE, &err), FC_EFORMAT);
    unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE gallery(id)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(try_to_open(FC_GALLERY_CREATE, &err), FC_EFORMAT);
    sqlite3_close(db);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(try_to_open(FC_GALLERY_CREATE, &err), FC_EFORMAT);
    rmdir(path);
    fill(false);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 4", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(try_to_open(FC_GALLERY_READ, &err), FC_EUNSUPPORTED);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 3", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(try_to_open(FC_GALLERY_READ, &err), FC_ECORRUPT); /* with a table of calibration */
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2; CREATE TABLE more(x)", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(try_to_open(FC_GALLERY_READ, &err), FC_ECORRUPT);
    sqlite3_close(db);
}

/* With the sqlite3 tool somebody may change a gallery in ways that keep SQLite happy. */
static void changes_behind_its_back_are_found(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "UPDATE subject SET name = 'Anna' WHERE id = 1",
        "UPDATE subject SET meta = '{\"x\":1}' WHERE id = 1",
        "UPDATE sample SET subject = 2 WHERE id = 1",
        "UPDATE sample SET quality = 0.9 WHERE id = 2",
        "UPDATE sample SET source = x'00' WHERE id = 2",
        "UPDATE sample SET embedding = (SELECT embedding FROM sample WHERE id = 1) WHERE id = 2",
        "UPDATE gallery SET contract = 'm:2'",
        "UPDATE gallery SET samples = samples + 1",
        "UPDATE gallery SET subjects = 2",
        "UPDATE gallery SET sample_sums = 5",
        "DELETE FROM gallery",
        "DELETE FROM sample WHERE id = 5",
        "DELETE FROM subject WHERE id = 1", /* without foreign keys, its samples stay */
    };
    sqlite3 *db;
    struct words w;
    fc_error err;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        fill(false);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        if (read_all(&w, &err) != FC_ECORRUPT)
            fail_msg("not found: %s", changes[i]);
        unlink(path);
    }
}

/* ---- sealed ---- */

static void sealed_galleries_need_their_key(void **state)
{
    (void)state;
    float e[DIM];
    bool added;
    fc_error err;
    fc_gallery *g;
    fc_table *t;
    fc_table_label label;
    struct words w = {.n = 0}, all = {.n = 0};
    fc_secret *other = make_secret("another passphrase");

    fill(true);
    assert_int_equal(fc_gallery_open(&g, path, &(fc_gallery_options){.secret = other}, &err), FC_EDATA);
    assert_non_null(strstr(err.message, "another key"));
    fc_secret_free(other);

    g = open_it(FC_GALLERY_WRITE, false); /* without a key: no embeddings, in or out */
    assert_true(fc_gallery_sealed(g));
    assert_int_equal(fc_gallery_each_subject(g, true, say_subject, &w, &err), FC_OK);
    assert_int_equal(fc_gallery_check(g, &err), FC_OK);
    assert_int_equal(fc_gallery_load(g, &t, &label, &err), FC_EDATA);
    assert_int_equal(put_number(g, 1, 60, 0, &added, &err), FC_EDATA);
    assert_non_null(strstr(err.message, "key"));
    fc_gallery_free(g);

    g = open_it(FC_GALLERY_CREATE, true); /* with it, as any other */
    assert_false(put(g, 1, 0));
    assert_int_equal(fc_gallery_each_sample(g, 0, true, say_sample, &all, &err), FC_OK);
    assert_non_null(strstr(all.text, line(2, 2, 3, 0)));
    assert_int_equal(fc_gallery_load(g, &t, &label, &err), FC_OK);
    assert_int_equal(say_nearest(&all, t, &err), FC_OK);
    assert_non_null(strstr(all.text, "probe 3: Bob 2 "));
    fc_table_free(t);
    assert_int_equal(fc_gallery_merge(g, 1, 2, &err), FC_OK);
    assert_int_equal(fc_gallery_check(g, &err), FC_OK); /* sealed for Ann now */
    assert_int_equal(fc_index_build(g, &err), FC_EUNSUPPORTED);
    fc_gallery_free(g);

    for (int n = 0; n < 4; n++) {
        make_embedding(e, n);
        assert_false(file_has(path, e, sizeof e));
        assert_false(file_has(path, e, 16));
    }
    unlink(path);
    fill(false);
    assert_true(file_has(path, e, sizeof e)); /* the test can fail */
    fc_secret *s = make_secret(secret_text);
    assert_int_equal(fc_gallery_open(&g, path, &(fc_gallery_options){.secret = s, .seal = true}, &err),
                     FC_EDATA);
    assert_non_null(strstr(err.message, "not sealed"));
    assert_int_equal(fc_gallery_open(&g, path, &(fc_gallery_options){.seal = true}, &err), FC_EUSAGE);
    fc_secret_free(s);
}

static void sealed_bytes_are_bound_to_their_place(void **state)
{
    (void)state;
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    uint8_t closed[5 + FC_SEAL_EXTRA], again[sizeof closed], print[2][FC_PRINT], mark[2][FC_MARK];
    char open[5];
    fc_seal *s, *other;
    fc_seal_head head, other_head;
    fc_error err;
    fc_secret *secret = make_secret(hex);

    assert_int_equal(fc_seal_make(&s, secret, &head, &err), FC_OK);
    assert_int_equal(fc_seal_make(&other, secret, &other_head, &err), FC_OK);
    assert_memory_not_equal(head.salt, other_head.salt, sizeof head.salt);
    assert_memory_not_equal(head.tag, other_head.tag, sizeof head.tag);
    fc_seal_close(s, closed, "hello", 5, "here", 4);
    fc_seal_close(s, again, "hello", 5, "here", 4);
    assert_memory_not_equal(closed, again, sizeof closed);
    assert_true(fc_seal_open(s, open, closed, sizeof closed, "here", 4));
    assert_memory_equal(open, "hello", 5);
    assert_false(fc_seal_open(s, open, closed, sizeof closed, "hers", 4));
    assert_false(fc_seal_open(s, open, closed, sizeof closed, "her", 3));
    assert_false(fc_seal_open(s, open, closed, sizeof closed - 1, "here", 4));
    assert_false(fc_seal_open(s, open, closed, FC_SEAL_EXTRA - 1, "here", 4));
    assert_false(fc_seal_open(other, open, closed, sizeof closed, "here", 4));
    for (size_t i = 0; i < sizeof closed; i++) {
        closed[i] ^= 1;
        assert_false(fc_seal_open(s, open, closed, sizeof closed, "here", 4));
        closed[i] ^= 1;
    }
    fc_seal_print(s, print[0], "hello", 5);
    fc_seal_print(NULL, print[1], "hello", 5);
    assert_memory_not_equal(print[0], print[1], FC_PRINT);
    fc_seal_mark(s, mark[0], "hello", 5);
    fc_seal_mark(other, mark[1], "hello", 5);
    assert_memory_not_equal(mark[0], mark[1], FC_MARK);
    fc_seal_free(s);
    fc_seal_free(other);
    assert_int_equal(fc_seal_unlock(&s, secret, &head, "g", &err), FC_OK); /* the same keys */
    assert_true(fc_seal_open(s, open, again, sizeof again, "here", 4));
    fc_seal_free(s);
    fc_secret_free(secret);
}

static void weak_and_malformed_keys_are_refused(void **state)
{
    (void)state;
#define HEX "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEE"
    static const struct {
        const char *text, *want; /* want NULL: it is taken */
        bool weak;
    } keys[] = {
        {HEX "FF", NULL, false},
        {HEX "FF\n", NULL, false},
        {HEX "FF\r\n", NULL, false},
        {HEX "F", "malformed key: 63 hexadecimal digits", false},
        {HEX "F", "malformed key", true},
        {HEX "FFF", "malformed key: 65", false},
        {HEX "FG", "malformed key: 63 hexadecimal digits and 1 other", false},
        {HEX " FF", "malformed key: 64 hexadecimal digits and 1 other", false},
        {"0x" HEX "FF", "malformed key", false},
        {"seven77\n", "a key of 7 bytes", false},
        {"seven77\r\n", "a key of 7 bytes", true},
        {"12345678", "weak passphrase (8 bytes", false},
        {"12345678", NULL, true},
        {"aaaaaaaaaaaaaaaa", "weak passphrase (16 bytes, 1 different", false},
        {"abcdefghijk\n", "weak passphrase (11 bytes", false},
        {"abcdefghijkl\n", NULL, false},
        {"deadbeef-deadbeef-cafe", NULL, false},
    };
    char long_text[FC_SECRET_MAX + 2] = {0};
    fc_secret *s;
    fc_error err;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const fc_status st = fc_secret_new(&s, keys[i].text, strlen(keys[i].text), keys[i].weak, "key", &err);
        if (!keys[i].want) {
            assert_int_equal(st, FC_OK);
        } else {
            assert_int_equal(st, FC_EDATA);
            if (!strstr(err.message, keys[i].want))
                fail_msg("%s: %s", keys[i].text, err.message);
        }
        fc_secret_free(s);
    }
    memset(long_text, 'x', sizeof long_text);
    assert_int_equal(fc_secret_new(&s, long_text, sizeof long_text, false, "key", &err), FC_EDATA);
    fc_seal *one, *two; /* the end of the line is no part of it */
    fc_seal_head head;
    fc_secret *plain = make_secret("a passphrase"), *dos = make_secret("a passphrase\r\n");
    assert_int_equal(fc_seal_make(&one, plain, &head, &err), FC_OK);
    assert_int_equal(fc_seal_unlock(&two, dos, &head, "g", &err), FC_OK);
    fc_seal_free(one);
    fc_seal_free(two);
    fc_secret_free(plain);
    fc_secret_free(dos);
}

/* A key file is its owner's, or refused; what is read of it is the same secret. */
static void key_files_are_their_owners(void **state)
{
    char key[90], named[120];
    fc_seal_head head;
    fc_seal *seal;
    fc_secret *s, *typed = make_secret(secret_text);
    fc_error err;

    (void)state;
    snprintf(key, sizeof key, "%s/key", folder);
    snprintf(named, sizeof named, "%s: others than its owner", key);
    assert_int_equal(fc_secret_read_file(&s, key, false, NULL, &err), FC_EMISSING);
    FILE *f = fopen(key, "w");
    assert_non_null(f);
    assert_true(fputs(secret_text, f) >= 0 && !fclose(f));
    assert_int_equal(chmod(key, 0640), 0);
    assert_int_equal(fc_secret_read_file(&s, key, false, ", or so", &err), FC_EDATA);
    assert_null(s);
    assert_memory_equal(err.message, named, strlen(named));
    assert_non_null(strstr(err.message, "(chmod 600 it, or so)"));
    for (int weak = 0; weak < 2; weak++) { /* weak takes it with any mode */
        assert_int_equal(chmod(key, weak ? 0644 : 0600), 0);
        assert_int_equal(fc_secret_read_file(&s, key, weak, NULL, &err), FC_OK);
        assert_int_equal(fc_seal_make(&seal, s, &head, &err), FC_OK);
        fc_seal_free(seal);
        assert_int_equal(fc_seal_unlock(&seal, typed, &head, "g", &err), FC_OK);
        fc_seal_free(seal);
        fc_secret_free(s);
    }
    fc_secret_free(typed);
    f = fopen(key, "w"); /* one byte too many, behind what would do */
    assert_non_null(f);
    for (int i = 0; i < FC_SECRET_MAX + 3; i++)
        assert_true(fputc("correct horse"[i % 13], f) != EOF);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(key, 0600), 0);
    assert_int_equal(fc_secret_read_file(&s, key, false, NULL, &err), FC_EDATA);
    assert_int_equal(fc_secret_read_file(&s, folder, false, NULL, &err), FC_EIO);
    assert_int_equal(unlink(key), 0);
}

/* What deriving a key costs is the file's to say, within bounds. */
static void costs_of_keys_are_stored_and_bounded(void **state)
{
    (void)state;
    static const struct {
        uint8_t algorithm, passes;
        uint16_t mib;
        bool good;
    } heads[] = {{FC_SEAL_KEY, 0, 0, true},
                 {FC_SEAL_KEY, 1, 0, false},
                 {FC_SEAL_ARGON2ID, 2, 64, true},
                 {FC_SEAL_ARGON2ID, 16, 1024, true},
                 {FC_SEAL_ARGON2ID, 17, 64, false},
                 {FC_SEAL_ARGON2ID, 2, 1025, false},
                 {FC_SEAL_ARGON2ID, 0, 64, false},
                 {FC_SEAL_ARGON2ID, 2, 0, false},
                 {FC_SEAL_ARGON2ID, 255, 65535, false},
                 {0, 0, 0, false},
                 {3, 2, 64, false}};
    uint8_t bytes[FC_SEAL_HEAD];
    fc_seal_head h, back;
    fc_seal *s, *again;
    fc_error err;
    fc_secret *secret = make_secret(secret_text);

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        h = (fc_seal_head){heads[i].algorithm, heads[i].passes, heads[i].mib, {1}, {2}};
        fc_seal_head_store(&h, bytes);
        assert_int_equal(fc_seal_head_load(&back, bytes), heads[i].good);
        assert_memory_equal(&back, &h, sizeof h);
    }
    assert_int_equal(fc_seal_make(&s, secret, &h, &err), FC_OK);
    assert_int_equal(h.algorithm, FC_SEAL_ARGON2ID);
    assert_true(h.passes >= 2 && h.mib >= 64);
    h.passes++; /* another cost is another key */
    assert_int_equal(fc_seal_unlock(&again, secret, &h, "g", &err), FC_EDATA);
    h.passes--;
    h.algorithm = FC_SEAL_KEY;
    assert_int_equal(fc_seal_unlock(&again, secret, &h, "g", &err), FC_EDATA);
    fc_seal_free(s);
    fc_secret_free(secret);
}

/* ---- the index ---- */

static fc_index_use open_table(struct words *w)
{
    fc_gallery *g = open_it(FC_GALLERY_READ, false);
    fc_table *t;
    fc_table_label label;
    fc_index_use how;
    fc_error err = {0};

    *w = (struct words){.n = 0};
    if (fc_index_open(g, &t, &label, &how, &err) || say_nearest(w, t, &err))
        fail_msg("%s", err.message);
    assert_string_equal(label.contract, "m:1");
    fc_table_free(t);
    fc_gallery_free(g);
    return how;
}

static void a_stale_index_is_made_again(void **state)
{
    (void)state;
    struct words plain, w;
    fc_index_use use;
    fc_error err;
    fc_bytes old = {0}, gallery = {0};

    fill(false);
    assert_int_equal(open_table(&plain), FC_INDEX_NONE);
    assert_int_equal(access(index_path, F_OK), -1);
    fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_index_build(g, &err), FC_OK);
    assert_int_equal(fc_bytes_read_file(&old, index_path, 1 << 20, &err), FC_OK);
    assert_int_equal(open_table(&w), FC_INDEX_FRESH);
    assert_string_equal(w.text, plain.text);

    assert_int_equal(fc_gallery_rename(g, 2, "Bea", &err), FC_OK);
    assert_int_equal(fc_index_state(g, true, &use, &err), FC_OK);
    assert_int_equal(use, FC_INDEX_STALE);
    assert_int_equal(open_table(&w), FC_INDEX_STALE);
    assert_non_null(strstr(w.text, "Bea"));
    assert_int_equal(open_table(&plain), FC_INDEX_FRESH);
    assert_string_equal(w.text, plain.text);
    fc_gallery_free(g);

    write_bytes(index_path, old.data, old.n); /* an old one under the same name */
    assert_int_equal(open_table(&w), FC_INDEX_STALE);
    assert_non_null(strstr(w.text, "Bea"));
    write_bytes(index_path, old.data, old.n / 2);
    assert_int_equal(open_table(&w), FC_INDEX_STALE);
    assert_string_equal(w.text, plain.text);

    /* Two galleries that began as one: as many changes each, and other people. */
    assert_int_equal(fc_bytes_read_file(&gallery, path, 1 << 20, &err), FC_OK);
    g = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_gallery_rename(g, 1, "Eve", &err), FC_OK);
    assert_int_equal(fc_index_build(g, &err), FC_OK);
    fc_gallery_free(g);
    write_bytes(path, gallery.data, gallery.n);
    g = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_gallery_rename(g, 1, "Amy", &err), FC_OK);
    fc_gallery_free(g);
    assert_int_equal(open_table(&w), FC_INDEX_STALE);
    assert_non_null(strstr(w.text, "Amy"));
    assert_null(strstr(w.text, "Eve"));
    fc_bytes_clear(&old);
    fc_bytes_clear(&gallery);
}

/* ---- purged ---- */

static void purged_bytes_are_gone(void **state)
{
    (void)state;
    float gone[DIM], kept[DIM];
    fc_error err;

    make_embedding(gone, 3);
    make_embedding(kept, 2);
    fill(false);
    fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_index_build(g, &err), FC_OK);
    assert_true(put(g, 2, 33));
    assert_true(file_has(path, gone, sizeof gone));
    assert_true(file_has(index_path, gone, sizeof gone));
    assert_int_equal(fc_gallery_remove(g, 2, &err), FC_OK);
    assert_int_equal(fc_index_purge(g, &err), FC_OK);
    for (int open = 1; open >= 0; open--) {
        assert_false(file_has(path, gone, sizeof gone));
        assert_false(file_has(path, gone, 12));
        assert_false(file_has(log_path, gone, 12));
        assert_false(file_has(index_path, gone, 12));
        assert_false(file_has(path, "photo 3.jpg", 11));
        assert_false(file_has(path, "Bob", 3));
        if (open)
            fc_gallery_free(g);
    }
    assert_true(file_has(path, kept, sizeof kept));
    assert_true(file_has(index_path, kept, sizeof kept));
    struct words w;
    assert_int_equal(open_table(&w), FC_INDEX_FRESH);

    /* While somebody reads the old contents, they cannot go, and that is said. */
    fc_gallery *r = open_it(FC_GALLERY_READ, false);
    assert_int_equal(fc_gallery_begin(r, false, &err), FC_OK);
    assert_int_equal(
        fc_gallery_open(&g, path, &(fc_gallery_options){.mode = FC_GALLERY_WRITE, .wait_ms = 50}, &err),
        FC_OK);
    assert_int_equal(fc_gallery_remove(g, 1, &err), FC_OK);
    assert_int_equal(fc_index_purge(g, &err), FC_EIO);
    assert_non_null(strstr(err.message, "removed, but not wiped out yet: another process still reads it"));
    fc_gallery_free(r);
    assert_int_equal(fc_index_purge(g, &err), FC_OK);
    assert_false(file_has(path, kept, 12));
    fc_gallery_free(g);
}

/* ---- several processes ---- */

static pid_t start_writer(int first, int n, int report)
{
    const pid_t pid = fork();
    if (pid)
        return pid;
    fc_gallery *g = open_it(FC_GALLERY_CREATE, false);
    for (int i = first; i < first + n; i++) {
        char name[20];
        bool added;
        int64_t id;
        snprintf(name, sizeof name, "P%d", i);
        const bool new = fc_gallery_is_new(g);
        if (fc_gallery_begin(g, true, NULL) || fc_gallery_put_subject(g, name, &id, NULL) ||
            put_number(g, id, i, 0, &added, NULL) || put_number(g, id, i, 1, &added, NULL))
            _exit(1);
        if (fc_gallery_commit(g, NULL)) {
            if (!new || fc_gallery_is_new(g))
                _exit(1);
            i--; /* another process has made it: once more */
            continue;
        }
        if (report >= 0 && write(report, &i, sizeof i) != sizeof i)
            _exit(1);
    }
    fc_gallery_free(g);
    _exit(0);
}

static void two_writers_both_succeed(void **state)
{
    (void)state;
    enum { N = 60 };
    pid_t pid[2];
    int status;
    fc_gallery_info info;
    fc_error err;

    for (int i = 0; i < 2; i++)
        pid[i] = start_writer(i * N / 2, N, -1); /* half of them are the same people */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    fc_gallery *g = open_it(FC_GALLERY_READ, false);
    assert_int_equal(fc_gallery_check(g, &err), FC_OK);
    assert_int_equal(fc_gallery_get_info(g, &info, &err), FC_OK);
    assert_int_equal(info.subjects, N * 3 / 2);
    assert_int_equal(info.samples, N * 3);
    fc_gallery_free(g);
}

static fc_status both_or_none(void *ctx, const fc_subject *s, fc_error *err)
{
    int *last = ctx;
    (void)err;
    *last = atoi(s->name + 1);
    assert_true(s->photos == 1 && s->views == 1);
    return FC_OK;
}

static void a_killed_writer_loses_nothing_committed(void **state)
{
    (void)state;
    int next = 0;
    fc_error err = {0};

    for (int round = 0; round < 16; round++) {
        int reports[2], done = next - 1, last = -1, i, status;
        assert_int_equal(pipe(reports), 0);
        const pid_t pid = start_writer(next, 1000000, reports[1]);
        close(reports[1]);
        usleep((useconds_t)(round % 8) * 9000);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(reports[0], &i, sizeof i) == sizeof i)
            done = i;
        close(reports[0]);
        if (access(path, F_OK)) {
            assert_int_equal(done, -1);
            continue;
        }
        fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
        if (fc_gallery_check(g, &err) || fc_gallery_each_subject(g, true, both_or_none, &last, &err))
            fail_msg("%s", err.message);
        fc_gallery_free(g);
        assert_true(last >= done && last <= done + 1); /* the last commit may not have been reported */
        next = last + 1;
    }
    assert_true(next > 0);
}

/* ---- a full disk ---- */

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    fc_error err = {0};
    int last = -1, status;
    struct stat st;

    fc_gallery *g = open_it(FC_GALLERY_CREATE, false);
    assert_int_equal(fc_gallery_begin(g, true, &err), FC_OK);
    assert_int_equal(fc_gallery_commit(g, &err), FC_OK);
    fc_gallery_free(g);
    assert_int_equal(stat(path, &st), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit limit = {(rlim_t)st.st_size + 400000, (rlim_t)st.st_size + 400000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        g = open_it(FC_GALLERY_WRITE, false);
        for (int i = 0;; i++) {
            char name[20];
            int64_t id;
            bool added;
            snprintf(name, sizeof name, "P%d", i);
            fc_status s = fc_gallery_begin(g, true, &err);
            if (!s && !(s = fc_gallery_put_subject(g, name, &id, &err)) &&
                !(s = put_number(g, id, i, 0, &added, &err)) && !(s = put_number(g, id, i, 1, &added, &err)))
                s = fc_gallery_commit(g, &err);
            if (s) {
                fc_gallery_rollback(g);
                const bool good = s == FC_EIO && !fc_gallery_check(g, &err);
                _exit(good && i > 2 ? 7 : 1);
            }
        }
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    g = open_it(FC_GALLERY_WRITE, false);
    assert_int_equal(fc_gallery_check(g, &err), FC_OK);
    assert_int_equal(fc_gallery_each_subject(g, true, both_or_none, &last, &err), FC_OK);
    assert_true(last > 1);
    assert_true(put(g, put_subject(g, "Zoe"), 1));
    fc_gallery_free(g);
}

/* ---- damage ---- */

/* With any byte changed, or cut anywhere, a gallery says what it said, or that it is damaged. */
static void damage_is_an_error_or_changes_nothing(void **state)
{
    (void)state;
    struct words want, got;
    fc_bytes file = {0};
    fc_error err;
    size_t refused = 0, tried = 0;
    uint64_t x = 88172645463325252u;

    fill(false);
    assert_int_equal(read_all(&want, &err), FC_OK);
    assert_int_equal(fc_bytes_read_file(&file, path, 1 << 22, &err), FC_OK);
    for (size_t at = 0; at < file.n; at += file.data[at] ? 1 : 29) { /* most of it is empty pages */
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        const uint8_t kept = file.data[at];
        file.data[at] = (uint8_t)(kept ^ (x % 3 == 0 ? 0xffu : 1u << x / 3 % 8));
        write_bytes(path, file.data, file.n);
        file.data[at] = kept;
        if (read_all(&got, &err) == FC_OK)
            assert_string_equal(got.text, want.text);
        else
            refused++;
        tried++;
        unlink(log_path);
    }
    print_message("%zu bytes changed, %zu refused\n", tried, refused);
    assert_true(refused > 1000);
    for (size_t n = 0; n < file.n; n += n % 8192 < 8000 ? 911 : 1) {
        write_bytes(path, file.data, n);
        assert_int_not_equal(read_all(&got, &err), FC_OK);
        unlink(log_path);
    }
    fc_bytes_clear(&file);
}

/* ---- what a file must not bring ---- */

static void run_sql(const char *text)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &message))
        fail_msg("%s: %s", text, message);
    sqlite3_close(db);
}

static void planted_objects_are_refused(void **state)
{
    (void)state;
    static const char *const planted[] = {
        "CREATE TABLE sqlitexkeep(e)",
        "CREATE TRIGGER sqlitexkeep AFTER DELETE ON sample BEGIN SELECT 1; END",
        "CREATE TRIGGER sqlite1 BEFORE INSERT ON sample BEGIN SELECT raise(IGNORE); END",
        "CREATE VIEW sqlitexview AS SELECT * FROM sample",
        "CREATE INDEX sqlitexindex ON sample(face)",
        "ANALYZE",
        "DROP INDEX sample_content",
        "ALTER TABLE subject ADD COLUMN more TEXT",
        "ALTER TABLE subject RENAME TO people",
        ("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') "
         "WHERE name = 'sample'"),
        ("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET tbl_name = 'subject' "
         "WHERE name = 'sample_print'"),
    };
    fc_error err;

    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
        fill(false);
        run_sql(planted[i]);
        for (int mode = FC_GALLERY_READ; mode <= FC_GALLERY_CREATE; mode++)
            if (try_to_open((fc_gallery_mode)mode, &err) != FC_ECORRUPT)
                fail_msg("taken: %s", planted[i]);
        unlink(path);
    }
    /* What comes while it is open is not run, and seen with the next transaction. */
    fill(false);
    fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
    run_sql("CREATE TRIGGER keep AFTER DELETE ON sample BEGIN SELECT 1; END");
    assert_int_equal(fc_gallery_remove(g, 1, &err), FC_ECORRUPT);
    fc_gallery_free(g);
}

static void numbers_are_checked_at_the_door(void **state)
{
    (void)state;
    static const double bad[] = {INFINITY, -INFINITY, 1e308, -1e308, 1.0000001, -0.0000001, -5e-324};
    static const double good[] = {-0.0, 0.0, 5e-324, 1e-308, 0.5, 1.0, NAN};
    struct words w;
    float e[DIM];
    bool added;
    fc_error err;

    fc_gallery *g = open_it(FC_GALLERY_CREATE, false);
    fc_sample s = {.subject = put_subject(g, "Ann"), .e = e, .dim = DIM, .contract = "m:1", .source = ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        make_embedding(e, (int)i);
        s.quality = bad[i];
        assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_EUSAGE);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        make_embedding(e, (int)i);
        s.quality = good[i];
        assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_OK);
        assert_true(added);
    }
    make_embedding(e, 99);
    s.face = -1;
    assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_EUSAGE);
    s.face = 0;
    for (int i = 0; i < 3; i++) {
        e[2] = (const float[]){NAN, INFINITY, -INFINITY}[i];
        assert_int_equal(fc_gallery_put_sample(g, &s, &added, &err), FC_EUSAGE);
    }
    fc_gallery_free(g);
    if (read_all(&w, &err))
        fail_msg("%s", err.message);
    assert_non_null(strstr(w.text, " 0.0 0 0\n"));
    assert_null(strstr(w.text, " -0 "));
}

/* ---- sealed: what somebody without the key does ---- */

static fc_secret *hex_secret(void)
{
    return make_secret("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
}

static fc_status open_sealed(fc_gallery **g, fc_gallery_mode mode, fc_error *err)
{
    fc_secret *s = hex_secret();
    const fc_status st = fc_gallery_open(
        g, path, &(fc_gallery_options){.mode = mode, .secret = s, .seal = mode == FC_GALLERY_CREATE}, err);
    fc_secret_free(s);
    return st;
}

/* As fill does, and later Ann is called Amy, and Bob has one more. */
static void fill_sealed(fc_bytes *earlier)
{
    fc_error err = {0};
    fc_gallery *g;
    bool added;

    if (open_sealed(&g, FC_GALLERY_CREATE, &err))
        fail_msg("%s", err.message);
    const int64_t ann = put_subject(g, "Ann"), bob = put_subject(g, "Bob");
    for (int i = 0; i < 4; i++)
        assert_int_equal(put_number(g, i % 2 ? bob : ann, i, 0, &added, &err), FC_OK);
    fc_gallery_free(g);
    assert_int_equal(fc_bytes_read_file(earlier, path, 1 << 22, &err), FC_OK);
    assert_int_equal(open_sealed(&g, FC_GALLERY_WRITE, &err), FC_OK);
    assert_int_equal(fc_gallery_rename(g, ann, "Amy", &err), FC_OK);
    assert_int_equal(put_number(g, bob, 5, 0, &added, &err), FC_OK);
    fc_gallery_free(g);
}

static fc_status read_sealed(struct words *w, fc_error *err)
{
    fc_gallery *g = NULL;
    fc_table *t = NULL;
    fc_table_label label;
    fc_status s = open_sealed(&g, FC_GALLERY_READ, err);

    *w = (struct words){.n = 0};
    if (!s)
        s = fc_gallery_each_subject(g, true, say_subject, w, err);
    if (!s)
        s = fc_gallery_each_sample(g, 0, true, say_sample, w, err);
    if (!s)
        s = fc_gallery_load(g, &t, &label, err);
    if (!s)
        s = say_nearest(w, t, err);
    fc_table_free(t);
    fc_gallery_free(g);
    return s;
}

/* Makes all that needs no key right again: checksums of people, their sum, and the description's checksum. */
static void make_sums_right(void)
{
    fc_gallery *g = fc_gallery_alloc(path, path, 0);
    fc_totals people = {0}, samples = {0};
    uint8_t root[200];
    sqlite3_stmt *s;
    char text[300];

    assert_int_equal(sqlite3_open(path, &g->db), SQLITE_OK);
    (void)fc_gallery_read_root(g, NULL); /* it takes the fields before it compares their checksum */
    assert_int_equal(sqlite3_prepare_v2(g->db, "SELECT id, name, meta FROM subject", -1, &s, NULL),
                     SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const int64_t id = sqlite3_column_int64(s, 0);
        const fc_row_sum row = {.sum = fc_subject_sum(id, (const char *)sqlite3_column_text(s, 1),
                                                      (const char *)sqlite3_column_text(s, 2))};
        fc_totals_add(&people, &row);
        snprintf(text, sizeof text, "UPDATE subject SET checksum = %lld WHERE id = %lld", (long long)row.sum,
                 (long long)id);
        assert_int_equal(sqlite3_exec(g->db, text, NULL, NULL, NULL), SQLITE_OK);
    }
    sqlite3_finalize(s);
    assert_int_equal(sqlite3_prepare_v2(g->db, "SELECT checksum FROM sample", -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW)
        fc_totals_add(&samples, &(fc_row_sum){.sum = sqlite3_column_int64(s, 0)});
    sqlite3_finalize(s);
    g->totals[FC_SUBJECTS] = people;
    g->totals[FC_SAMPLES] = samples;
    assert_int_equal(sqlite3_prepare_v2(g->db, "SELECT root FROM gallery", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_true((size_t)sqlite3_column_bytes(s, 0) < sizeof root);
    memcpy(root, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
    sqlite3_finalize(s);
    snprintf(text, sizeof text,
             "UPDATE gallery SET subjects = %llu, subject_sums = %lld, samples = %llu, sample_sums = %lld, "
             "checksum = %lld",
             (unsigned long long)people.n, (long long)people.sums, (unsigned long long)samples.n,
             (long long)samples.sums, (long long)fc_gallery_root_checksum(g, root));
    assert_int_equal(sqlite3_exec(g->db, text, NULL, NULL, NULL), SQLITE_OK);
    fc_gallery_free(g);
}

static void forged_rows_are_found_with_the_key(void **state)
{
    (void)state;
    static const char *const forgeries[] = {
        "UPDATE subject SET name = 'x' WHERE id = 1; UPDATE subject SET name = 'Amy' WHERE id = 2;"
        "UPDATE subject SET name = 'Bob' WHERE id = 1",
        "DELETE FROM sample WHERE subject = 2; DELETE FROM subject WHERE id = 2",
        "DELETE FROM sample WHERE id = 5",
        "UPDATE subject SET meta = '{\"admin\":true}' WHERE id = 1",
        "INSERT INTO subject VALUES (9, 'Eve', '{}', 0)",
        /* one row as it was once */
        "UPDATE subject SET name = 'Ann' WHERE id = 1",
        "DELETE FROM subject WHERE id = 1;"
        "INSERT INTO subject SELECT id, name, meta, checksum FROM earlier.subject WHERE id = 1",
        /* the description as it was once, or parts of it */
        "DELETE FROM gallery; INSERT INTO gallery SELECT * FROM earlier.gallery",
        "UPDATE gallery SET root = (SELECT root FROM earlier.gallery)",
        "UPDATE gallery SET state = (SELECT state FROM earlier.gallery)",
        "UPDATE gallery SET commits = 1000000",
        "UPDATE gallery SET next_sample = 1",
        "UPDATE gallery SET contract = 'm:2'",
    };
    fc_bytes earlier = {0}, now = {0};
    struct words want, got;
    fc_gallery *g;
    fc_error err = {0};
    char before[100], attach[150];

    fill_sealed(&earlier);
    snprintf(before, sizeof before, "%s/earlier", folder);
    write_bytes(before, earlier.data, earlier.n);
    assert_int_equal(fc_bytes_read_file(&now, path, 1 << 22, &err), FC_OK);
    if (read_sealed(&want, &err))
        fail_msg("%s", err.message);
    assert_non_null(strstr(want.text, "probe 0: Amy 1 "));
    make_sums_right(); /* changes nothing, so that the test does not find its own mistakes */
    if (read_sealed(&got, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        char text[600];
        write_bytes(path, now.data, now.n);
        snprintf(attach, sizeof attach, "ATTACH '%s' AS earlier;", before);
        snprintf(text, sizeof text, "%s%s", attach, forgeries[i]);
        run_sql(text);
        make_sums_right();
        if (read_sealed(&got, &err) != FC_ECORRUPT)
            fail_msg("not found: %s", forgeries[i]);
        assert_non_null(strstr(err.message, "damaged"));
        /* nor is anything added to it, or one person looked up */
        fc_status s = open_sealed(&g, FC_GALLERY_WRITE, &err);
        int64_t id;
        if (!s) {
            assert_int_equal(fc_gallery_find(g, "Bob", &id, &err), FC_ECORRUPT);
            assert_int_equal(fc_gallery_put_subject(g, "Zoe", &id, &err), FC_ECORRUPT);
            fc_gallery_free(g);
        }
    }
    fc_bytes_clear(&earlier);
    fc_bytes_clear(&now);
}

/* ---- a log that lost some of its commits ---- */

/* What a killed writer leaves: a gallery, its log with twelve commits, and their count. */
static void leave_log(void)
{
    int status;

    fill(false);
    const pid_t pid = fork();
    if (pid == 0) {
        fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
        for (int i = 0; i < 12; i++) {
            char name[20];
            snprintf(name, sizeof name, "P%d", i);
            put(g, put_subject(g, name), 10 + i);
        }
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void flipped_bits_in_a_left_over_log_are_found(void **state)
{
    (void)state;
    char commits_path[100], shm[100];
    fc_bytes file = {0}, log = {0}, commits = {0};
    struct words want, got;
    fc_error err = {0};
    size_t refused = 0;
    uint64_t x = 88172645463325252u;

    snprintf(commits_path, sizeof commits_path, "%s-commits", path);
    snprintf(shm, sizeof shm, "%s-shm", path);
    leave_log();
    assert_int_equal(fc_bytes_read_file(&file, path, 1 << 22, &err), FC_OK);
    assert_int_equal(fc_bytes_read_file(&log, log_path, 1 << 24, &err), FC_OK);
    assert_int_equal(fc_bytes_read_file(&commits, commits_path, 1 << 10, &err), FC_OK);
    assert_int_equal(read_all(&want, &err), FC_OK);
    assert_non_null(strstr(want.text, "P11"));
    assert_int_equal(access(log_path, F_OK), -1); /* in the file now, and the count is gone with it */
    assert_int_equal(access(commits_path, F_OK), -1);
    for (int i = 0; i < 200; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        /* anywhere, in the header, or in the last commit's frame header */
        const size_t last = log.n - 24 - 8192;
        const size_t at = i % 4 == 0 ? i % 32u : i % 4 == 1 ? last + x % 24 : x % log.n;
        write_bytes(path, file.data, file.n);
        log.data[at] ^= (uint8_t)(1u << i / 4 % 8);
        write_bytes(log_path, log.data, log.n);
        log.data[at] ^= (uint8_t)(1u << i / 4 % 8);
        write_bytes(commits_path, commits.data, commits.n);
        unlink(shm);
        if (read_all(&got, &err) == FC_OK) {
            assert_string_equal(got.text, want.text);
        } else {
            assert_int_equal(err.status, FC_ECORRUPT);
            refused++;
            assert_int_equal(access(log_path, F_OK), 0);         /* nothing more is lost */
            assert_int_equal(read_all(&got, &err), FC_ECORRUPT); /* and it is so the next time */
        }
    }
    print_message("%zu of 200 refused\n", refused);
    assert_true(refused >= 190);
    /* the log is gone */
    write_bytes(path, file.data, file.n);
    unlink(log_path);
    unlink(shm);
    write_bytes(commits_path, commits.data, commits.n);
    assert_int_equal(read_all(&got, &err), FC_ECORRUPT);
    assert_non_null(strstr(err.message, "the last 24 of its"));
    assert_int_equal(try_to_open(FC_GALLERY_WRITE, &err), FC_ECORRUPT);
    for (size_t i = 0; i < commits.n; i++) { /* damage to the count itself */
        commits.data[i] ^= 4;
        write_bytes(commits_path, commits.data, commits.n);
        commits.data[i] ^= 4;
        assert_int_equal(read_all(&got, &err), FC_ECORRUPT);
    }
    unlink(commits_path); /* as the message says */
    assert_int_equal(read_all(&got, &err), FC_OK);
    fc_bytes_clear(&file);
    fc_bytes_clear(&log);
    fc_bytes_clear(&commits);
}

/* 200 flips in a sealed gallery, and in an index: what it said, or an error. */
static void flips_in_a_sealed_gallery_and_an_index(void **state)
{
    (void)state;
    struct words want, got;
    fc_bytes earlier = {0}, file = {0};
    fc_error err = {0};
    size_t refused = 0;
    uint64_t x = 362436069;

    fill_sealed(&earlier);
    assert_int_equal(read_sealed(&want, &err), FC_OK);
    assert_int_equal(fc_bytes_read_file(&file, path, 1 << 22, &err), FC_OK);
    for (int i = 0; i < 200;) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        const size_t at = (size_t)(x >> 33) % file.n;
        if (!file.data[at] && i % 10) /* most of it is empty */
            continue;
        file.data[at] ^= (uint8_t)(1u << i % 8);
        write_bytes(path, file.data, file.n);
        file.data[at] ^= (uint8_t)(1u << i % 8);
        if (read_sealed(&got, &err) == FC_OK)
            assert_string_equal(got.text, want.text);
        else
            refused++;
        unlink(log_path);
        i++;
    }
    assert_true(refused > 100);
    unlink(path);
    fc_bytes_clear(&file);
    fill(false);
    fc_gallery *g = open_it(FC_GALLERY_READ, false);
    assert_int_equal(fc_index_build(g, &err), FC_OK);
    assert_int_equal(open_table(&want), FC_INDEX_FRESH);
    assert_int_equal(fc_bytes_read_file(&file, index_path, 1 << 22, &err), FC_OK);
    refused = 0;
    for (int i = 0; i < 200; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        const size_t at = (size_t)(x >> 33) % file.n;
        fc_table *t = NULL;
        fc_table_label label;
        file.data[at] ^= (uint8_t)(1u << i % 8);
        write_bytes(index_path, file.data, file.n);
        file.data[at] ^= (uint8_t)(1u << i % 8);
        got = (struct words){.n = 0};
        if (!fc_index_open(g, &t, &label, NULL, &err) && !say_nearest(&got, t, &err))
            assert_string_equal(got.text, want.text);
        else
            refused++;
        fc_table_free(t);
    }
    assert_true(refused > 5);
    fc_gallery_free(g);
    fc_bytes_clear(&earlier);
    fc_bytes_clear(&file);
}

/* ---- readers that may not write ---- */

/* Checks until the writer says that it is done: each must succeed. */
static int check_as_nobody(int until)
{
    int checks = 0;
    fc_error err = {0};

    if (setgid(65534) || setuid(65534))
        return 1;
    for (char c; checks < 2000; checks++) {
        fc_gallery *g;
        if (fc_gallery_open(&g, path, &(fc_gallery_options){.mode = FC_GALLERY_READ}, &err) ||
            fc_gallery_check(g, &err)) {
            print_message("check %d: %s\n", checks, err.message);
            return 2;
        }
        fc_gallery_free(g);
        if (checks >= 166 && read(until, &c, 1) == 0)
            break;
    }
    return checks >= 166 ? 0 : 3;
}

static void a_reader_without_rights_while_the_owner_writes(void **state)
{
    (void)state;
    int until[2], status, round = 0;
    fc_error err;

    if (geteuid())
        skip();
    fill(false);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(pipe2(until, O_NONBLOCK), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        close(until[1]);
        _exit(check_as_nobody(until[0]));
    }
    /* The owner comes, writes and goes: logs come and go, pages go into the file, all of it is written anew. */
    do {
        fc_gallery *g = open_it(FC_GALLERY_WRITE, false);
        for (int i = 0; i < 3; i++) {
            char name[20];
            snprintf(name, sizeof name, "P%d", round % 50);
            const int64_t id = put_subject(g, name);
            put(g, id, 100 + round);
            if (round % 7 == 0)
                assert_int_equal(fc_gallery_remove(g, id, &err), FC_OK);
            round++;
        }
        if (round % 5 == 0)
            (void)fc_gallery_purge(g, &err);
        fc_gallery_free(g);
        if (round == 600)
            close(until[1]);
    } while (waitpid(pid, &status, WNOHANG) == 0);
    if (round < 600)
        close(until[1]);
    close(until[0]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    print_message("%d changes meanwhile\n", round);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(templates_are_enrolled),
        TEST(what_is_put_is_there),
        TEST(people_can_be_learnt_from),
        TEST(same_again_is_nothing),
        TEST(other_contracts_are_refused),
        TEST(embeddings_are_stored_at_unit_length),
        TEST(names_are_checked),
        TEST(people_are_renamed_merged_and_removed),
        TEST(a_transaction_is_all_or_nothing),
        TEST(readers_keep_what_they_began_with),
        TEST(files_are_their_owners),
        TEST(what_is_no_gallery_is_refused),
        TEST(changes_behind_its_back_are_found),
        TEST(sealed_galleries_need_their_key),
        TEST(sealed_bytes_are_bound_to_their_place),
        TEST(weak_and_malformed_keys_are_refused),
        TEST(key_files_are_their_owners),
        TEST(costs_of_keys_are_stored_and_bounded),
        TEST(a_stale_index_is_made_again),
        TEST(purged_bytes_are_gone),
        TEST(two_writers_both_succeed),
        TEST(a_killed_writer_loses_nothing_committed),
        TEST(a_full_disk_is_an_error),
        TEST(damage_is_an_error_or_changes_nothing),
        TEST(planted_objects_are_refused),
        TEST(numbers_are_checked_at_the_door),
        TEST(forged_rows_are_found_with_the_key),
        TEST(flipped_bits_in_a_left_over_log_are_found),
        TEST(flips_in_a_sealed_gallery_and_an_index),
        TEST(a_reader_without_rights_while_the_owner_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
