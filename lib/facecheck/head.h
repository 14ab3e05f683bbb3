/*
 * A head: who of a gallery's people a face is, said by what was trained on these people's own photos, on top of an
 * embedding that stays as it is. It does not tell strangers from them: that is the gallery's threshold's affair, and
 * fc-match asks the head only about faces that passed it.
 *
 *     fc_head *h;
 *     fc_head_answer a;
 *     if (fc_head_load(&h, "office.head", &err) || fc_head_predict(h, embedding, 1, &a, &err))
 *         ...
 *     if (!a.background)
 *         greet(a.name);
 *     fc_head_free(h);
 *
 * A head is layers, which take the embedding to another space, and a centre for each person there. The answer is the
 * person whose centre has the greatest cosine. fc-head-train(1) says how both come about.
 */
#ifndef FACECHECK_HEAD_H
#define FACECHECK_HEAD_H

#include "facecheck/match.h"

FC_BEGIN_DECLS

typedef struct fc_head fc_head; /* immutable; may be shared between threads */

typedef enum fc_head_type {
    FC_HEAD_MEAN,   /* no layer; a centre is the mean of the person's photos */
    FC_HEAD_LINEAR, /* no layer; centres are trained by a softmax over cosines */
    FC_HEAD_LDA,    /* a layer that makes what differs between photos of one person small */
    FC_HEAD_TRIPLET /* two layers, trained by triplets */
} fc_head_type;
const char *fc_head_type_name(fc_head_type type); /* "mean" */

typedef struct fc_head_facts {
    fc_head_type type;
    const char *contract; /* of the embeddings that it was trained with; the head's */
    const char *
        gallery; /* 32 hexadecimal digits: samples_state of the gallery that it was trained on; "" of records */
    const char *settings; /* of its training, a JSON object */
    size_t dim, out;      /* numbers of an embedding, and of what the layers make of it */
    size_t people, samples;
    bool background; /* it was trained with photos of strangers, and may say that a face is one */
} fc_head_facts;

typedef struct fc_head_answer {
    size_t person;    /* 0..people - 1, by name */
    const char *name; /* the head's */
    double score;     /* cosine with that person's centre, to six places */
    bool background;  /* the strangers' centre is nearer than this person's */
} fc_head_answer;

/* FC_EFORMAT: not a head; FC_ECORRUPT, FC_ETRUNCATED, FC_EUNSUPPORTED: one, but not as it was written. */
fc_status fc_head_load(fc_head **out, const char *path, fc_error *err);
/* A safetensors file, readable by its owner only: whole under its name, or not at all. */
fc_status fc_head_save(const fc_head *h, const char *path, fc_error *err);
void fc_head_free(fc_head *h); /* NULL will do */

const fc_head_facts *fc_head_get_facts(const fc_head *h);
const char *fc_head_name(const fc_head *h, size_t person);
/* SIZE_MAX where the head knows nobody of that name. length: its bytes. */
size_t fc_head_find(const fc_head *h, const char *name, size_t length);

/* embeddings: [n][facts.dim], of the contract and of any length but zero (that is FC_EUSAGE). out: [n]. */
fc_status fc_head_predict(const fc_head *h, const float *embeddings, size_t n, fc_head_answer *out,
                          fc_error *err);

/* Where faces are in the head's space. embeddings: as above; out: [n][facts.out], of unit length. FC_EUSAGE, too, where one
 * has no direction there. */
fc_status fc_head_place(const fc_head *h, const float *embeddings, size_t n, float *out, fc_error *err);

/* ---- the decision in two stages ---- */

/*
 * The embedding at the gallery's threshold turns strangers away, and the head says who of the gallery's people the others
 * are.
 */

typedef struct fc_two_stage fc_two_stage; /* immutable; may be shared between threads */

/* Both must outlive it. FC_ECONTRACT, with both contracts, where the head was trained with embeddings of another one than
 * contract, the table's. */
fc_status fc_two_stage_new(fc_two_stage **out, const fc_head *h, const fc_table *t, const char *contract,
                           fc_error *err);
void fc_two_stage_free(fc_two_stage *d); /* NULL will do */

/* Whether the head was trained on these very samples of these very people. samples_state: of the table's gallery, in
 * hexadecimal; of a head that was trained on records nobody knows, and it counts as current. */
bool fc_two_stage_is_current(const fc_two_stage *d, const char *samples_state);

/* Who a face is. */
typedef struct fc_decision {
    size_t subject; /* of the table; SIZE_MAX: nobody known */
    bool
        asked; /* the head was asked: the face passed the threshold, and the head knows who is most similar to it */
    fc_head_answer head;
} fc_decision;

/* d: NULL for the first stage alone. who [n]: from fc_identify, of the same faces [n][dim]. The head's answer counts where it
 * is one of the table's people, or the strangers' class; who was enrolled after its training is who the first stage says. */
fc_status fc_decide(const fc_two_stage *d, const fc_identity *who, const float *faces, size_t n,
                    fc_decision *out, fc_error *err);

FC_END_DECLS
#endif
