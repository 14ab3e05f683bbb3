#include "facecheck.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "classify/head_impl.h"
#include "classify/head_names.h"
#include "match/similarity.h"

const char *const fc_head_type_names[] = {[FC_HEAD_MEAN] = "mean",
                                          [FC_HEAD_LINEAR] = "linear",
                                          [FC_HEAD_LDA] = "lda",
                                          [FC_HEAD_TRIPLET] = "triplet",
                                          NULL};

const char *fc_head_type_name(fc_head_type type)
{
    return fc_head_type_names[type];
}

/* ---- making ---- */

fc_status fc_head_new(fc_head **out, fc_head_type type, const char *contract, const char *gallery,
                      const char *settings, size_t dim, fc_error *err)
{
    fc_head *h = calloc(1, sizeof *h);

    *out = NULL;
    if (!h || !(h->settings = strdup(settings))) {
        fc_head_free(h);
        return fc_fail_nomem(err, sizeof *h);
    }
    if (strlen(contract) >= sizeof h->contract || strlen(gallery) >= sizeof h->gallery) {
        fc_head_free(h);
        return fc_fail(err, FC_EUSAGE, "a head of contract '%.40s' and gallery '%.40s'", contract, gallery);
    }
    strcpy(h->contract, contract);
    strcpy(h->gallery, gallery);
    h->facts = (fc_head_facts){.type = type,
                               .contract = h->contract,
                               .gallery = h->gallery,
                               .settings = h->settings,
                               .dim = dim,
                               .out = dim};
    *out = h;
    return FC_OK;
}

fc_status fc_head_add_layer(fc_head *h, size_t columns, size_t rows, fc_error *err)
{
    fc_head_layer *l = &h->layer[h->layers];

    *l = (fc_head_layer){calloc(rows * columns, sizeof *l->weight), calloc(rows, sizeof *l->bias), columns,
                         rows};
    h->layers++;
    h->facts.out = rows;
    return l->weight && l->bias ? FC_OK : fc_fail_nomem(err, rows * columns * sizeof *l->weight);
}

fc_status fc_head_set_people(fc_head *h, size_t people, bool background, fc_error *err)
{
    h->facts.people = people;
    h->facts.background = background;
    h->name = calloc(people + 1, sizeof *h->name);
    h->centre = calloc(people * h->facts.out + 1, sizeof *h->centre);
    if (background)
        h->background = calloc(h->facts.out, sizeof *h->background);
    if (!h->name || !h->centre || (background && !h->background))
        return fc_fail_nomem(err, people * h->facts.out * sizeof *h->centre);
    return FC_OK;
}

void fc_head_free(fc_head *h)
{
    if (!h)
        return;
    for (size_t i = 0; h->name && i < h->facts.people; i++)
        free(h->name[i]);
    for (size_t i = 0; i < h->layers; i++) {
        free(h->layer[i].weight);
        free(h->layer[i].bias);
    }
    free(h->name);
    free(h->centre);
    free(h->background);
    free(h->settings);
    free(h);
}

/* ---- asking ---- */

const fc_head_facts *fc_head_get_facts(const fc_head *h)
{
    return &h->facts;
}

const char *fc_head_name(const fc_head *h, size_t person)
{
    return h->name[person];
}

size_t fc_head_find(const fc_head *h, const char *name, size_t length)
{
    size_t low = 0, high = h->facts.people;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        int order = strncmp(h->name[middle], name, length);
        if (!order && h->name[middle][length])
            order = 1; /* it goes on */
        if (!order)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

bool fc_head_project(const fc_head *h, const float *x, float *z, float *scratch)
{
    const float *in = x;

    for (size_t i = 0; i < h->layers; i++) {
        const fc_head_layer *l = &h->layer[i];
        float *to = i + 1 < h->layers ? scratch : z;
        for (size_t k = 0; k < l->out; k++) {
            const double y = fc_dot(l->weight + k * l->in, in, l->in) + (double)l->bias[k];
            to[k] = (float)(i + 1 < h->layers && y < 0 ? 0 : y);
        }
        in = to;
    }
    if (!h->layers)
        memcpy(z, x, h->facts.out * sizeof *z);
    return fc_normalise(z, h->facts.out);
}

static void answer(const fc_head *h, const float *z, fc_head_answer *a)
{
    const size_t n = h->facts.out;
    double best = -INFINITY;

    for (size_t i = 0; i < h->facts.people; i++) {
        const double s = fc_dot(h->centre + i * n, z, n);
        if (s > best) {
            best = s;
            a->person = i;
        }
    }
    a->name = h->name[a->person];
    a->score = fc_decimal(best);
    a->background = h->background && fc_decimal(fc_dot(h->background, z, n)) > a->score;
}

/* One face; z: [facts.out]; room: [facts.dim + FC_MAX_DIM]. */
static fc_status place(const fc_head *h, const float *embedding, float *z, float *room, fc_error *err)
{
    const size_t dim = h->facts.dim;

    memcpy(room, embedding, dim * sizeof *room);
    return fc_normalise(room, dim) && fc_head_project(h, room, z, room + dim)
               ? FC_OK
               : fc_fail(err, FC_EUSAGE, "an embedding without a direction (all zero, or not numbers)");
}

fc_status fc_head_place(const fc_head *h, const float *embeddings, size_t n, float *out, fc_error *err)
{
    const size_t bytes = (h->facts.dim + FC_MAX_DIM) * sizeof(float);
    float *room = malloc(bytes);
    fc_status s = room ? FC_OK : fc_fail_nomem(err, bytes);

    for (size_t i = 0; !s && i < n; i++)
        s = place(h, embeddings + i * h->facts.dim, out + i * h->facts.out, room, err);
    free(room);
    return s;
}

fc_status fc_head_predict(const fc_head *h, const float *embeddings, size_t n, fc_head_answer *out,
                          fc_error *err)
{
    const size_t size = h->facts.out, bytes = (size + h->facts.dim + FC_MAX_DIM) * sizeof(float);
    float *z = malloc(bytes);
    fc_status s = z ? FC_OK : fc_fail_nomem(err, bytes);

    for (size_t i = 0; !s && i < n; i++) {
        out[i] = (fc_head_answer){0};
        s = place(h, embeddings + i * h->facts.dim, z, z + size, err);
        if (!s)
            answer(h, z, &out[i]);
    }
    free(z);
    return s;
}
