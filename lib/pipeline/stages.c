#include "facecheck.h"
#include "pipeline/record.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "detect/detector_names.h"
#include "match/similarity.h"
#include "models/registry.h"

enum { MS_DECODE, MS_DETECT, MS_ALIGN, MS_EMBED, MS_KINDS };
static const char *const stage_names[MS_KINDS] = {"decode", "detect", "align", "embed"};
static const char *const mode_names[] = {[FC_ALIGN_FIVE_POINT] = "five-point", [FC_ALIGN_BOX] = "box"};

struct worker {
    fc_detect_session *detect;
    fc_embed_session *embed;
};

struct fc_stages {
    fc_pipeline_plan plan;
    fc_model_facts facts;
    fc_memory *memory;
    pthread_mutex_t detector_lock, embedder_lock;
    fc_detector *detector; /* made when first needed */
    fc_embedder *embedder;
    struct worker *workers;
    int nworkers;
};

/* ---- models ---- */

static fc_status facts_of_registered(fc_stages *s, const fc_model *m, fc_error *err)
{
    char contract[256];
    fc_status st;

    if (strcmp(m->task, "embed"))
        return fc_fail(err, FC_EMODEL, "model '%s' does not embed faces", m->name);
    s->facts = (fc_model_facts){.alignment = m->alignment, .dim = m->dim, .threshold = m->threshold};
    if (s->plan.upto < FC_STAGE_EMBED)
        return FC_OK;
    st = fc_model_contract_in(contract, sizeof contract, m, s->plan.flip, s->plan.engine.precision, err);
    if (!st && !(s->facts.contract = strdup(contract)))
        st = fc_fail_nomem(err, sizeof contract);
    return st;
}

/* A model outside the registry says what it is once it is loaded. */
static fc_status facts_of_loaded(fc_stages *s, fc_error *err)
{
    const fc_pipeline_plan *p = &s->plan;
    fc_status st = fc_embedder_new(&s->embedder, p->models, p->model, &p->engine, err);

    if (st)
        return st;
    s->facts = (fc_model_facts){.alignment = *fc_embedder_alignment(s->embedder),
                                .dim = fc_embedder_dim(s->embedder),
                                .threshold = fc_embedder_threshold(s->embedder),
                                .contract = strdup(fc_embedder_contract(s->embedder, p->flip))};
    return s->facts.contract ? FC_OK : fc_fail_nomem(err, 0);
}

static fc_status check_detector(const fc_face_options *a, fc_error *err)
{
    if (a->detector == FC_FIND_YUNET && !a->detector_model)
        return fc_fail(err, FC_EUSAGE, "--detector yunet: wants an ONNX file, --detector-model FILE");
    if (a->detector != FC_FIND_YUNET && a->detector_model)
        return fc_fail(err, FC_EUSAGE, "%s: a detector's model file wants --detector yunet",
                       a->detector_model);
    return FC_OK;
}

fc_status fc_stages_new(fc_stages **out, const fc_pipeline_plan *p, int workers, fc_error *err)
{
    fc_stages *s = calloc(1, sizeof *s);
    struct worker *w = calloc((size_t)workers, sizeof *w);
    fc_status st = FC_OK;

    *out = NULL;
    if (!s || !w) {
        free(s);
        free(w);
        return fc_fail_nomem(err, (size_t)workers * sizeof *w);
    }
    s->plan = *p;
    s->workers = w;
    s->nworkers = workers;
    pthread_mutex_init(&s->detector_lock, NULL);
    pthread_mutex_init(&s->embedder_lock, NULL);
    st = check_detector(p->detect, err);
    if (!st)
        st = fc_memory_new(&s->memory, p->detect->max_memory << 20, err);
    if (!st && p->upto > FC_STAGE_DETECT) {
        const fc_model *m = fc_models_find(p->models, p->model);
        st = m ? facts_of_registered(s, m, err) : facts_of_loaded(s, err);
    }
    if (st)
        fc_stages_free(s);
    else
        *out = s;
    return st;
}

void fc_stages_free(fc_stages *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->nworkers; i++) {
        fc_detect_session_free(s->workers[i].detect);
        fc_embed_session_free(s->workers[i].embed);
    }
    fc_detector_free(s->detector);
    fc_embedder_free(s->embedder);
    pthread_mutex_destroy(&s->detector_lock);
    pthread_mutex_destroy(&s->embedder_lock);
    fc_memory_free(s->memory);
    free(s->facts.contract);
    free(s->workers);
    free(s);
}

const fc_model_facts *fc_stages_model(const fc_stages *s)
{
    return &s->facts;
}

static fc_status need_detector(fc_stages *s, struct worker *w, fc_error *err)
{
    fc_status st = FC_OK;

    if (w->detect)
        return FC_OK;
    pthread_mutex_lock(&s->detector_lock);
    if (!s->detector)
        st = s->plan.detect->detector == FC_FIND_YUNET
                 ? fc_detector_open(&s->detector, FC_DETECTOR_YUNET, s->plan.detect->detector_model, err)
                 : fc_detector_new(&s->detector, s->plan.models, &s->plan.engine, err);
    pthread_mutex_unlock(&s->detector_lock);
    return st ? st : fc_detect_session_new(&w->detect, s->detector, err);
}

static fc_status load_embedder(fc_stages *s, fc_error *err)
{
    fc_status st = FC_OK;

    pthread_mutex_lock(&s->embedder_lock);
    if (!s->embedder)
        st = fc_embedder_new(&s->embedder, s->plan.models, s->plan.model, &s->plan.engine, err);
    pthread_mutex_unlock(&s->embedder_lock);
    return st;
}

static fc_status need_embedder(fc_stages *s, struct worker *w, fc_error *err)
{
    fc_status st = w->embed ? FC_OK : load_embedder(s, err);

    return st || w->embed ? st : fc_embed_session_new(&w->embed, s->embedder, err);
}

const fc_detector *fc_stages_detector(const fc_stages *s)
{
    return s->detector;
}

fc_status fc_stages_engine(fc_stages *s, const fc_engine_facts **engine, fc_error *err)
{
    fc_status st = load_embedder(s, err);

    *engine = st ? NULL : fc_embedder_facts(s->embedder);
    return st;
}

/* ---- items ---- */

fc_status fc_item_new(fc_item **out, fc_input *in, fc_face_choice choice, fc_error *err)
{
    fc_item *it = calloc(1, sizeof *it);

    *out = it;
    if (!it) {
        fc_input_clear(in);
        return fc_fail_nomem(err, sizeof *it);
    }
    it->in = *in;
    it->choice = choice;
    *in = (fc_input){0};
    return FC_OK;
}

static void free_crops(fc_item *it)
{
    for (size_t i = 0; i < it->ncrops; i++)
        fc_image_clear(&it->crops[i]);
    free(it->crops);
    it->crops = NULL;
    it->ncrops = 0;
}

void fc_item_free(fc_item *it)
{
    if (!it)
        return;
    fc_input_clear(&it->in);
    fc_record_clear(&it->rec);
    fc_image_clear(&it->image);
    free_crops(it);
    if (it->result)
        it->free_result(it->result);
    free(it->note);
    free(it->text);
    free(it);
}

bool fc_item_fail(fc_item *it, const char *where, const fc_error *fault)
{
    it->fault = *fault;
    it->failed = it->failed_here = true;
    free_crops(it);
    if (fc_record_set_error(&it->rec, where, fault,
                            NULL)) /* or the record would be one of a picture without faces */
        it->no_memory = true;
    return !it->no_memory;
}

/* The record's path, where it names one and memory does not run out; caller frees. */
static char *path_of(fc_item *it)
{
    char *path = NULL;

    if (fc_record_get_path(&it->rec, &path, NULL) == FC_ENOMEM)
        it->no_memory = true;
    return path;
}

/* fc_item_fail with the picture's name in front of the message. */
static void item_fail_named(fc_item *it, const char *where, const fc_error *fault)
{
    fc_error named;
    char *path = path_of(it);

    fc_fail(&named, fault->status, "%s: %s", path ? path : it->in.path, fault->message);
    free(path);
    fc_item_fail(it, where, &named);
}

/* For failures that end the run: where the item came from, in front of what err says or of the message. */
static fc_status broken_item(const fc_item *it, size_t face, const fc_error *cause, fc_error *err)
{
    if (it->in.kind == FC_INPUT_LINE)
        return fc_fail(err, cause->status, "%s:%zu: faces[%zu]: %s", it->in.path, it->in.line, face,
                       cause->message);
    return fc_fail(err, cause->status, "%s: faces[%zu]: %s", it->in.path, face, cause->message);
}

fc_status fc_item_embedding(const fc_item *it, size_t face, const char **contract, float **out, size_t *dim,
                            fc_error *err)
{
    fc_error fault;
    fc_status s = fc_face_get_embedding(fc_record_face(&it->rec, face), contract, out, dim, &fault);

    return s ? broken_item(it, face, &fault, err) : FC_OK;
}

/* ---- stages: each returns a failure that ends the run, or FC_OK, perhaps with the item failed ---- */

static bool looks_like_text(const fc_bytes *b)
{
    size_t n = b->n < 512 ? b->n : 512;

    for (size_t i = 0; i < n; i++)
        if (b->data[i] < 9 || (b->data[i] > 13 && b->data[i] < 32))
            return false;
    return true;
}

static fc_status decode_bytes(fc_item *it, const fc_image_options *o, fc_error *err)
{
    const bool standard = !strcmp(it->in.path, "-");
    const char *name = standard ? "stdin" : it->in.path;
    fc_error fault;

    if (!fc_image_decode(&it->image, it->in.data.data, it->in.data.n, name, o, &fault))
        return FC_OK;
    if (standard && fault.status == FC_EFORMAT && looks_like_text(&it->in.data))
        return fc_fail(err, FC_ERECORD, "%s: neither records nor a picture%s", name,
                       it->in.data.data[0] == '['
                           ? "; of an array of records, each has to be a line (jq -c '.[]')"
                           : " (--files-from - reads a list of names)");
    fc_item_fail(it, "decode", &fault);
    return FC_OK;
}

/* FC_EUSAGE: the picture is an output. */
static fc_status decode_file(fc_item *it, const fc_image_options *o, fc_error *err)
{
    char *path = path_of(it);
    fc_error fault;
    fc_status s = FC_OK;

    if (it->no_memory)
        return fc_fail_nomem(err, 0);
    if (!path) {
        fc_fail(&fault, FC_EMISSING, "%s:%zu: the record names no picture", it->in.path, it->in.line);
        fc_item_fail(it, "decode", &fault);
    } else if (!strcmp(path, "-")) {
        fc_fail(&fault, FC_EMISSING, "the picture came on stdin and cannot be read again");
        fc_item_fail(it, "decode", &fault);
    } else if ((s = fc_image_load(&it->image, path, o, &fault))) {
        if (s == FC_EUSAGE)
            fc_fail(err, s, "%s", fault.message);
        else
            fc_item_fail(it, "decode", &fault);
    }
    free(path);
    return s == FC_EUSAGE ? s : FC_OK;
}

/* At the size it had when its faces were found. */
fc_image_options fc_stages_decoding(const fc_stages *s, const fc_record *rec)
{
    const fc_face_options *a = s->plan.detect;
    const int side = fc_record_max_side(rec);

    return (fc_image_options){.max_pixels = a->max_pixels,
                              .max_side = side || fc_record_has_faces(rec) ? side : a->max_side,
                              .keep_damaged = a->damaged == FC_DAMAGED_KEEP || fc_record_is_damaged(rec),
                              .memory = s->memory};
}

fc_image_options fc_stages_showing(const fc_stages *s)
{
    return (fc_image_options){
        .max_pixels = s->plan.detect->max_pixels, .keep_damaged = true, .memory = s->memory};
}

/* What the picture turned out to be. */
static fc_status note_picture(fc_item *it, int max_side, fc_error *err)
{
    fc_status st = it->image.damaged ? fc_record_set_damaged(&it->rec, err) : FC_OK;

    if (st || fc_record_has_faces(&it->rec))
        return st;
    st = fc_record_set_size(&it->rec, it->image.full_w, it->image.full_h, err);
    if (!st && max_side)
        st = fc_record_set_max_side(&it->rec, max_side, err);
    if (!st && it->image.frames > 1)
        st = fc_record_set_frames(&it->rec, it->image.frames, err);
    return st;
}

/* The pixels; at the size they had when the faces were found. */
static fc_status need_image(fc_stages *s, fc_item *it, fc_error *err)
{
    const json_t *w = json_object_get(it->rec.json, "w"), *h = json_object_get(it->rec.json, "h");
    const fc_image_options o = fc_stages_decoding(s, &it->rec);
    fc_status st = FC_OK;
    fc_error fault;
    double start = fc_now_ms();

    if (it->image.rgb)
        return FC_OK;
    if (it->in.kind == FC_INPUT_BYTES)
        st = decode_bytes(it, &o, err);
    else
        st = decode_file(it, &o, err);
    it->ms[MS_DECODE] = fc_now_ms() - start;
    if (st || it->failed)
        return st;
    if (fc_record_has_faces(&it->rec) && w && h &&
        (json_integer_value(w) != it->image.full_w || json_integer_value(h) != it->image.full_h)) {
        fc_fail(&fault, FC_ECORRUPT, "is %d x %d pixels, and was %lld x %lld when its faces were found",
                it->image.full_w, it->image.full_h, (long long)json_integer_value(w),
                (long long)json_integer_value(h));
        item_fail_named(it, "decode", &fault);
    }
    if (!it->failed)
        st = note_picture(it, o.max_side, err);
    return st;
}

static bool is_same_face(const fc_face *a, const fc_face *b)
{
    return !memcmp(&a->score, &b->score, sizeof a->score) && !memcmp(a->box, b->box, sizeof a->box) &&
           !memcmp(a->landmarks, b->landmarks, sizeof a->landmarks);
}

/* Keeps the faces of the record that were chosen. */
static void choose_faces(fc_item *it)
{
    const size_t n = fc_record_face_count(&it->rec);
    const int w = (int)json_integer_value(json_object_get(it->rec.json, "w")),
              h = (int)json_integer_value(json_object_get(it->rec.json, "h"));
    fc_face *all = NULL;
    fc_faces left = {0};
    fc_error fault;
    fc_status st = FC_OK;

    it->found = n;
    if (it->choice == FC_FACES_ONE)
        st = fc_record_one_face(&it->rec, &fault);
    if (st || it->choice == FC_FACES_ALL || n <= 1)
        goto out;
    all = calloc(n, sizeof *all);
    left = (fc_faces){.face = calloc(n, sizeof *all), .n = n, .cap = n};
    if (!all || !left.face)
        st = fc_fail_nomem(&fault, n * sizeof *all);
    for (size_t i = 0; !st && i < n; i++) {
        fc_error why;
        st = fc_record_get_face(&it->rec, i, &all[i], &why);
        if (st)
            fc_fail(&fault, st, "faces[%zu]: %s", i, why.message);
    }
    if (!st && it->choice == FC_FACES_CENTER && (!w || !h))
        st = fc_fail(&fault, FC_ERECORD, "no w and h in the record, which --faces center needs");
    if (st)
        goto out;
    memcpy(left.face, all, n * sizeof *all);
    fc_faces_choose(&left, it->choice, w, h);
    for (size_t i = 0; i < n && left.n == 1; i++) {
        if (is_same_face(&all[i], &left.face[0])) {
            fc_record_keep_face(&it->rec, i);
            break;
        }
    }
out:
    if (st)
        item_fail_named(it, "detect", &fault);
    fc_faces_clear(&left);
    free(all);
}

static void note_crowd(fc_item *it, size_t n)
{
    char *path = fc_record_display_path(&it->rec);

    it->note = fc_text_format(
        "%s: a crowd: there may be more faces than the %zu kept, the best by score (--max-faces)",
        path ? path : "", n);
    free(path);
}

/* --aligned: nothing is looked for. */
static fc_status take_as_crop(fc_stages *s, fc_item *it, fc_error *err)
{
    const fc_status st = need_image(s, it, err);

    return st || it->failed ? st : fc_record_set_aligned(&it->rec, it->image.full_w, it->image.full_h, err);
}

static fc_status detect_stage(fc_stages *s, struct worker *w, fc_item *it, fc_error *err)
{
    fc_faces faces = {0};
    fc_error fault;
    double start;
    fc_status st;

    if (!fc_record_has_faces(&it->rec) && s->plan.detect->aligned &&
        ((st = take_as_crop(s, it, err)) || it->failed))
        return st;
    if (!fc_record_has_faces(&it->rec)) {
        if ((st = need_image(s, it, err)) || it->failed || (st = need_detector(s, w, err)))
            return st;
        start = fc_now_ms();
        st = fc_detect(w->detect, &it->image, &s->plan.detect->detect, &faces, &fault);
        if (!st)
            st = fc_record_set_faces(&it->rec, &faces, &fault);
        if (!st && faces.cut)
            note_crowd(it, faces.n);
        it->looked = !st;
        it->ms[MS_DETECT] = fc_now_ms() - start;
        fc_faces_clear(&faces);
        if (st) {
            item_fail_named(it, "detect", &fault);
            return FC_OK;
        }
    }
    choose_faces(it);
    return FC_OK;
}

/* The alignment that a crop was made with, as far as the record says, has to be the one that is wanted now.
 */
static fc_status check_crop(const json_t *crop, const fc_alignment *a, fc_error *err)
{
    const json_t *mode = json_object_get(crop, "mode"), *margin = json_object_get(crop, "margin");
    const long long w = json_integer_value(json_object_get(crop, "w")),
                    h = json_integer_value(json_object_get(crop, "h"));
    const char *name = json_is_string(mode) ? json_string_value(mode) : mode_names[a->mode];
    const long long m = json_is_integer(margin) ? json_integer_value(margin) : 0;
    const int want = a->mode == FC_ALIGN_BOX ? a->margin : 0;

    if (w == a->size && h == a->size && !strcmp(name, mode_names[a->mode]) && (m == want || !mode))
        return FC_OK;
    return fc_fail(err, FC_ECONTRACT,
                   "the crop is %s %lld x %lld, margin %lld; wanted is %s %d x %d, margin %d", name, w, h, m,
                   mode_names[a->mode], a->size, a->size, want);
}

static fc_status label_crop(json_t *face, const fc_alignment *a, fc_error *err)
{
    json_t *crop = json_object_get(face, "crop");
    int bad = json_object_set_new(crop, "mode", json_string(mode_names[a->mode]));

    if (a->mode == FC_ALIGN_BOX)
        bad |= json_object_set_new(crop, "margin", json_integer(a->margin));
    return bad ? fc_fail_nomem(err, 0) : FC_OK;
}

static bool is_embedded(const fc_stages *s, const json_t *face)
{
    return s->plan.upto == FC_STAGE_EMBED && fc_face_has_embedding(face);
}

/* A picture that is a crop, at the crops' size. Others are square, too, and not much larger or smaller; one that is not
 * is no crop, but a photo. */
static fc_status fit_crop(fc_image *crop, const fc_image *img, const fc_alignment *a, fc_error *err)
{
    const int w = img->full_w, h = img->full_h, least = (a->size + 1) / 2, most = a->size * 4;
    const fc_alignment whole = {.mode = FC_ALIGN_BOX, .size = a->size};
    fc_image same = *img; /* without what it was reduced from */
    const fc_face face = {.box = {0, 0, img->w, img->h}};

    if (w != h || w < least || w > most)
        return fc_fail(
            err, FC_EUSAGE,
            "is %d x %d pixels; a crop is %d x %d here, and is made so from squares of %d to %d pixels", w, h,
            a->size, a->size, least, most);
    same.full_w = same.w;
    same.full_h = same.h;
    return fc_align(crop, &same, &face, &whole, err);
}

static fc_status align_face(fc_stages *s, fc_item *it, size_t i, const fc_alignment *a, fc_error *err)
{
    json_t *face = fc_record_face(&it->rec, i);
    fc_error fault;
    fc_face f;
    fc_status st;

    if (fc_face_has_crop(face)) {
        st = check_crop(json_object_get(face, "crop"), a, &fault);
        if (!st)
            st = fc_face_get_crop(face, &it->crops[i], &fault);
        return st ? broken_item(it, i, &fault, err) : FC_OK;
    }
    if (fc_record_get_face(&it->rec, i, &f, &fault))
        return broken_item(it, i, &fault, err);
    if ((st = need_image(s, it, err)) || it->failed)
        return st;
    double start = fc_now_ms();
    st = fc_face_is_aligned(face) ? fit_crop(&it->crops[i], &it->image, a, &fault)
                                  : fc_align(&it->crops[i], &it->image, &f, a, &fault);
    it->ms[MS_ALIGN] += fc_now_ms() - start;
    if (!st && s->plan.keep_crops && !(st = fc_face_set_crop(face, &it->crops[i], &fault)))
        st = label_crop(face, a, &fault);
    if (st) {
        fc_error named = fault;
        if (!fc_face_is_aligned(face)) /* else it is the whole picture */
            fc_fail(&named, st, "face %zu: %s", i, fault.message);
        item_fail_named(it, "align", &named);
    }
    return FC_OK;
}

/* An embedding that is there already has to be one that this run would make: of its contract and length, with numbers
 * that have a direction. */
static fc_status check_embedding(const fc_stages *s, const json_t *face, fc_error *err)
{
    const char *contract;
    float *e;
    size_t dim;
    fc_status st = fc_face_get_embedding(face, &contract, &e, &dim, err);

    if (st)
        return st;
    if (strcmp(contract, s->facts.contract))
        st = fc_fail(err, FC_ECONTRACT, "an embedding of '%s', this run makes '%s'; they cannot be compared",
                     contract, s->facts.contract);
    else if (dim != (size_t)s->facts.dim)
        st = fc_fail(err, FC_ECONTRACT, "an embedding of %zu numbers; those of '%s' have %d", dim, contract,
                     s->facts.dim);
    else if (!fc_normalise(e, dim))
        st = fc_fail(err, FC_ERECORD, "an embedding without a direction (all zero)");
    free(e);
    return st;
}

static fc_status embed_face(fc_stages *s, struct worker *w, fc_item *it, size_t i, fc_error *err)
{
    json_t *face = fc_record_face(&it->rec, i);
    float e[FC_MAX_DIM];
    fc_error fault;
    fc_status st;

    if (fc_face_has_embedding(face))
        return check_embedding(s, face, &fault) ? broken_item(it, i, &fault, err) : FC_OK;
    if ((st = need_embedder(s, w, err)))
        return st;
    double start = fc_now_ms();
    st = fc_embed(w->embed, &it->crops[i], s->plan.flip, e, &fault);
    if (!st)
        st = fc_face_set_embedding(face, s->facts.contract, e, (size_t)s->facts.dim, &fault);
    it->ms[MS_EMBED] += fc_now_ms() - start;
    if (st) {
        item_fail_named(it, "embed", &fault);
        return FC_OK;
    }
    if (s->plan.times &&
        json_object_set_new(it->rec.json, "engine", json_string(fc_embedder_engine(s->embedder))))
        return fc_fail_nomem(err, 0);
    return FC_OK;
}

/* Crops go into the record, whose line has a limit: said before any is cut. */
static bool crops_fit(fc_item *it, size_t n, int size)
{
    const size_t each = ((size_t)size * (size_t)size * 3 + 2) / 3 * 4;
    fc_error fault;

    if (n <= FC_RECORD_MAX_LINE / each)
        return true;
    fc_fail(&fault, FC_ELIMIT, "%zu crops of %d x %d pixels do not fit into a record of %u bytes", n, size,
            size, FC_RECORD_MAX_LINE);
    item_fail_named(it, "align", &fault);
    return false;
}

/* Face by face: of thousands, the crops of all would be much, where only the embeddings are wanted. */
static fc_status align_and_embed_stage(fc_stages *s, struct worker *w, fc_item *it, fc_error *err)
{
    const fc_alignment *a = s->plan.alignment ? s->plan.alignment : &s->facts.alignment;
    const size_t n = fc_record_face_count(&it->rec);
    const bool embeds = s->plan.upto == FC_STAGE_EMBED;
    fc_status st = FC_OK;

    if (s->plan.keep_crops && !crops_fit(it, n, a->size))
        return FC_OK;
    it->crops = calloc(n + 1, sizeof *it->crops);
    if (!it->crops)
        return fc_fail_nomem(err, n * sizeof *it->crops);
    it->ncrops = n;
    for (size_t i = 0; !st && !it->failed && i < n; i++) {
        if (!is_embedded(s, fc_record_face(&it->rec, i)))
            st = align_face(s, it, i, a, err);
        if (!st && !it->failed && embeds)
            st = embed_face(s, w, it, i, err);
        if (embeds && !it->failed)
            fc_image_clear(&it->crops[i]);
    }
    return st;
}

static fc_status start_record(fc_item *it, fc_error *err)
{
    fc_status st;

    if (it->in.kind == FC_INPUT_LINE) {
        st =
            fc_record_parse(&it->rec, (char *)it->in.data.data, it->in.data.n, it->in.path, it->in.line, err);
        fc_bytes_clear(&it->in.data);
        it->failed = !st && fc_record_is_error(&it->rec);
        return st;
    }
    st = fc_record_new(&it->rec, it->in.path, err);
    if (!st && it->in.kind == FC_INPUT_FAULT)
        fc_item_fail(it, "input", &it->in.fault);
    return st;
}

fc_status fc_stages_run(fc_stages *s, int worker, fc_item *it, fc_error *err)
{
    struct worker *w = &s->workers[worker];
    fc_status st = start_record(it, err);

    if (!st && !it->failed)
        st = detect_stage(s, w, it, err);
    if (!st && !it->failed && s->plan.upto >= FC_STAGE_ALIGN)
        st = align_and_embed_stage(s, w, it, err);
    fc_image_clear(&it->image);
    fc_bytes_clear(&it->in.data);
    if (!st && it->no_memory)
        st = fc_fail_nomem(err, 0);
    if (st)
        return st;
    for (size_t i = 0; !s->plan.keep_crops && i < fc_record_face_count(&it->rec); i++)
        json_object_del(fc_record_face(&it->rec, i), "crop");
    for (int k = 0; !st && s->plan.times && k < MS_KINDS; k++)
        if (it->ms[k] > 0)
            st = fc_record_add_ms(&it->rec, stage_names[k], it->ms[k], err);
    return st;
}
