#include "classify/head_train.h"

#include <jansson.h>
#include <math.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "classify/head_kinds.h"
#include "classify/head_names.h"

enum {
    HOLD_OUT_FROM = 3,
    HOLD_OUT_PART = 4
}; /* of people with three photos or more, one in four and one at least */

const char *const fc_head_mining_names[] = {
    [FC_MINING_SEMI_HARD] = "semi-hard", [FC_MINING_BATCH_HARD] = "batch-hard", NULL};

static const struct {
    fc_status (*make)(fc_head *h, const fc_head_job *job, fc_head_report *report, fc_error *err);
    bool epochs, negatives, background;
} types[] = {[FC_HEAD_MEAN] = {fc_head_make_mean, false, false, false},
             [FC_HEAD_LINEAR] = {fc_head_make_linear, true, true, false},
             [FC_HEAD_LDA] = {fc_head_make_lda, false, false, true},
             [FC_HEAD_TRIPLET] = {fc_head_make_triplet, true, false, false}};

/* ---- what is asked for ---- */

static fc_status check_settings(const fc_head_settings *s, fc_error *err)
{
    if (!(s->rate > 0 && s->rate <= 10))
        return fc_fail(err, FC_EUSAGE, "a head's rate of %g: want more than 0, at most 10", s->rate);
    if (s->type == FC_HEAD_TRIPLET &&
        (s->hidden < 1 || s->hidden > FC_MAX_DIM || s->out < 2 || s->out > FC_MAX_DIM))
        return fc_fail(err, FC_EUSAGE, "a head of %zu and %zu numbers: want 1..%d and 2..%d", s->hidden,
                       s->out, FC_MAX_DIM, FC_MAX_DIM);
    return FC_OK;
}

static fc_status check_contract(const fc_labelled *l, const char *contract, const char *what, fc_error *err)
{
    const char *other = fc_labelled_contract(l);

    if (*other && strcmp(other, contract) != 0)
        return fc_fail(err, FC_ECONTRACT, "%s: embeddings of %s and of %s cannot be compared", what, other,
                       contract);
    return FC_OK;
}

static fc_status check_old(const fc_head *old, const char *contract, const fc_head_settings *s,
                           bool negatives, fc_error *err)
{
    if (strcmp(old->contract, contract) != 0)
        return fc_fail(err, FC_ECONTRACT, "the head is of embeddings of %s, the photos of %s", old->contract,
                       contract);
    if (old->facts.type != s->type)
        return fc_fail(err, FC_EUSAGE, "the head is of type %s, not %s", fc_head_type_names[old->facts.type],
                       fc_head_type_names[s->type]);
    if (old->background && !negatives)
        return fc_fail(err, FC_EUSAGE,
                       "the head has a class of strangers: want their photos (negatives) to train it again");
    if (s->type == FC_HEAD_TRIPLET && (old->layer[0].out != s->hidden || old->layer[1].out != s->out))
        return fc_fail(err, FC_EUSAGE, "the head has layers of %zu and %zu numbers, not %zu and %zu",
                       old->layer[0].out, old->layer[1].out, s->hidden, s->out);
    return FC_OK;
}

static fc_status check_input(const fc_head_input *in, const fc_head_settings *s, fc_error *err)
{
    const char *contract = fc_labelled_contract(in->samples), *type = fc_head_type_names[s->type];
    fc_status st = check_settings(s, err);

    if (!st && in->negatives && !types[s->type].negatives)
        st = fc_fail(err, FC_EUSAGE, "negatives: a head of type %s has no use for them (linear has)", type);
    if (!st && in->background && !types[s->type].background)
        st = fc_fail(err, FC_EUSAGE, "a background: a head of type %s has no use for it (lda has)", type);
    if (!st && in->negatives)
        st = check_contract(in->negatives, contract, "negatives", err);
    if (!st && in->background)
        st = check_contract(in->background, contract, "background", err);
    if (!st && in->old)
        st = check_old(in->old, contract, s, in->negatives != NULL, err);
    return st;
}

/* ---- held-out photos ---- */

/* Of a person's photos, drawn by the seed. */
static fc_status hold_out(fc_head_job *job, fc_head_report *report, fc_error *err)
{
    const fc_head_set *s = &job->set;
    size_t *order = malloc((s->photos + 1) * sizeof *order);
    bool *out = calloc(s->photos + 1, sizeof *out);
    uint64_t random = job->settings->seed;

    job->held = calloc(s->n + 1, sizeof *job->held);
    if (!order || !out || !job->held) {
        free(order);
        free(out);
        return fc_fail_nomem(err, (s->photos + 1) * sizeof *order);
    }
    for (size_t p = 0; types[job->settings->type].epochs && p < s->people; p++) {
        const size_t n = s->shot[p + 1] - s->shot[p], some = n / HOLD_OUT_PART ? n / HOLD_OUT_PART : 1;
        if (n < HOLD_OUT_FROM)
            continue;
        for (size_t i = 0; i < n; i++)
            order[i] = s->shot[p] + i;
        fc_shuffle(order, n, fc_random(&random));
        for (size_t i = 0; i < some; i++)
            out[order[i]] = true;
        report->held_out += some;
    }
    for (size_t i = 0; i < s->n; i++)
        job->held[i] = out[s->photo[i]];
    free(order);
    free(out);
    return FC_OK;
}

/* ---- texts ---- */

/* What decides the result beside the photos. */
static fc_status write_settings(char **out, const fc_head_settings *s, fc_error *err)
{
    json_t *o = json_pack("{s:s,s:I}", "type", fc_head_type_names[s->type], "seed", (json_int_t)s->seed);
    int failed = !o;

    if (types[s->type].epochs)
        failed |= json_object_set_new(o, "epochs", json_integer((json_int_t)s->epochs)) |
                  json_object_set_new(o, "rate", json_real(s->rate));
    if (s->type == FC_HEAD_TRIPLET)
        failed |= json_object_set_new(o, "hidden", json_integer((json_int_t)s->hidden)) |
                  json_object_set_new(o, "dim", json_integer((json_int_t)s->out)) |
                  json_object_set_new(o, "mining", json_string(fc_head_mining_names[s->mining]));
    *out = failed ? NULL : json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(o);
    return *out ? FC_OK : fc_fail_nomem(err, 0);
}

static bool read_size(size_t *out, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
        return false;
    *out = v ? (size_t)json_integer_value(v) : *out;
    return true;
}

/* What a type has no use for is not there, and stays as it is by default. */
static bool read_settings(fc_head_settings *s, const json_t *o)
{
    const json_t *rate = json_object_get(o, "rate"), *mining = json_object_get(o, "mining");
    size_t seed = 1;
    bool right = json_is_object(o) && read_size(&seed, o, "seed") && read_size(&s->epochs, o, "epochs") &&
                 read_size(&s->hidden, o, "hidden") && read_size(&s->out, o, "dim") &&
                 (!rate || json_is_number(rate)) && (!mining || json_is_string(mining));

    s->seed = seed;
    s->rate = rate ? json_number_value(rate) : s->rate;
    for (size_t i = 0; right && mining; i++) {
        if (!(right = fc_head_mining_names[i] != NULL) ||
            !strcmp(json_string_value(mining), fc_head_mining_names[i])) {
            s->mining = (fc_head_mining)i;
            break;
        }
    }
    return right;
}

fc_status fc_head_settings_of(fc_head_settings *out, const fc_head *h, fc_error *err)
{
    json_t *o = json_loads(h->facts.settings, 0, NULL);

    *out = FC_HEAD_DEFAULTS;
    out->type = h->facts.type;
    const bool right = read_settings(out, o);
    json_decref(o);
    return right ? FC_OK
                 : fc_fail(err, FC_ECORRUPT, "the head does not say how it was trained: '%.100s'",
                           h->facts.settings);
}

static void add_set(struct sha256_ctx *c, const fc_head_set *s)
{
    sha256_update(c, sizeof s->n, (const uint8_t *)&s->n);
    if (!s->n)
        return;
    sha256_update(c, s->n * s->dim * sizeof *s->x, (const uint8_t *)s->x);
    sha256_update(c, s->n * sizeof *s->person, (const uint8_t *)s->person);
    sha256_update(c, s->n * sizeof *s->photo, (const uint8_t *)s->photo);
    for (size_t i = 0; i < s->people; i++)
        sha256_update(c, strlen(s->name[i]) + 1, (const uint8_t *)s->name[i]);
}

static void make_print(fc_head_job *job, const char *settings)
{
    const fc_head *old = job->in->old;
    uint8_t sum[SHA256_DIGEST_SIZE];
    struct sha256_ctx c;

    sha256_init(&c);
    sha256_update(&c, strlen(settings) + 1, (const uint8_t *)settings);
    add_set(&c, &job->set);
    add_set(&c, &job->negatives);
    if (old) {
        for (size_t i = 0; i < old->layers; i++)
            sha256_update(&c, old->layer[i].in * old->layer[i].out * sizeof(float),
                          (const uint8_t *)old->layer[i].weight);
        sha256_update(&c, old->facts.people * old->facts.out * sizeof(float), (const uint8_t *)old->centre);
    }
    sha256_digest(&c, sizeof sum, sum);
    sodium_bin2hex(job->print, FC_SHA256_HEX, sum, sizeof sum);
}

/* ---- what is other than before ---- */

static fc_status count_changes(fc_head_report *r, const fc_head *h, const fc_head *old, const fc_head_set *s,
                               fc_error *err)
{
    fc_status st = FC_OK;

    for (size_t i = 0; !st && i < s->n; i++) {
        fc_head_answer now, before;
        if (fc_head_find(old, s->name[s->person[i]], strlen(s->name[s->person[i]])) == SIZE_MAX)
            continue;
        st = fc_head_predict(h, s->x + i * s->dim, 1, &now, err);
        if (!st)
            st = fc_head_predict(old, s->x + i * s->dim, 1, &before, err);
        if (st)
            break;
        r->asked++;
        r->changed += strcmp(now.name, before.name) != 0 || now.background != before.background;
    }
    return st;
}

/* ---- all of it ---- */

static fc_status gather(fc_head_job *job, fc_error *err)
{
    const fc_head_input *in = job->in;
    fc_status s = fc_head_set_of(&job->set, in->samples, err);

    if (!s && job->set.people < 2)
        s = fc_fail(err, FC_EDATA,
                    "photos of one person: a head needs two people to tell apart; the plain embedding "
                    "decides until then");
    if (!s && in->negatives)
        s = fc_head_set_of(&job->negatives, in->negatives, err);
    if (!s && in->background)
        s = fc_head_set_of(&job->background, in->background, err);
    return s;
}

static void job_clear(fc_head_job *job)
{
    fc_head_set_clear(&job->set);
    fc_head_set_clear(&job->negatives);
    fc_head_set_clear(&job->background);
    free(job->held);
}

static fc_status make(fc_head **out, fc_head_report *r, fc_head_job *job, fc_error *err)
{
    char *settings = NULL;
    fc_status s = write_settings(&settings, job->settings, err);

    if (!s)
        s = hold_out(job, r, err);
    if (!s) {
        make_print(job, settings);
        s = fc_head_new(out, job->settings->type, fc_labelled_contract(job->in->samples), job->in->gallery,
                        settings, job->set.dim, err);
    }
    free(settings);
    if (s)
        return s;
    r->people = job->set.people;
    r->samples = (*out)->facts.samples = job->set.n;
    r->photos = job->set.photos;
    s = types[job->settings->type].make(*out, job, r, err);
    return s || !job->in->old ? s : count_changes(r, *out, job->in->old, &job->set, err);
}

fc_status fc_head_train(fc_head **out, fc_head_report *report, const fc_head_input *in,
                        const fc_head_settings *settings, const fc_head_work *work, fc_error *err)
{
    static const fc_head_work plain;
    fc_head_job job = {.in = in, .settings = settings, .work = work ? work : &plain};
    fc_status s;

    *out = NULL;
    *report = (fc_head_report){.course = {.held = {NAN, NAN, NAN}}};
    s = check_input(in, settings, err);
    if (!s)
        s = gather(&job, err);
    if (!s)
        s = make(out, report, &job, err);
    if (s) {
        fc_head_free(*out);
        *out = NULL;
    }
    job_clear(&job);
    return s;
}
