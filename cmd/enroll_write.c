#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "items.h"
#include "enroll.h"
#include "say.h"

enum { MOST_PENDING = 500 };
#define MOST_SECONDS 0.25 /* between commits, each of which waits for the disk */

fc_status writer_open(writer *w, const struct enroll_args *args, fc_gallery *g, fc_error *err)
{
    fc_gallery_info info;
    fc_status s = fc_gallery_get_info(g, &info, err);

    *w = (writer){.args = args, .g = g};
    if (s)
        return s;
    w->pending = calloc(MOST_PENDING, sizeof(piece *));
    w->contract = strdup(info.contract);
    return w->pending && w->contract ? FC_OK : fc_fail_nomem(err, MOST_PENDING * sizeof(piece *));
}

void writer_close(writer *w)
{
    for (size_t i = 0; i < w->npending; i++)
        piece_free(w->pending[i]);
    free(w->pending);
    free(w->contract);
    fc_ids_clear(&w->added);
    fc_ids_clear(&w->people);
}

/* ---- the gallery ---- */

static fc_status put_samples(writer *w, piece *p, fc_error *err)
{
    int64_t subject;
    char *path = record_path_or_end(&p->it->rec);
    fc_status s = fc_gallery_put_subject(w->g, p->name, &subject, err);

    if (!s)
        s = fc_ids_add(&w->people, subject, err);
    if (!s && w->args->meta)
        s = fc_gallery_set_meta(w->g, subject, w->args->meta, err);
    for (size_t i = 0; !s && i < p->n; i++) {
        bool added;
        fc_sample sample = {.subject = subject,
                            .e = p->e + i * p->dim,
                            .dim = p->dim,
                            .contract = p->contract,
                            .source = path ? path : "",
                            .face = p->sample[i].face,
                            .view = p->sample[i].view,
                            .quality = p->sample[i].quality};
        memcpy(sample.content, p->content, sizeof sample.content);
        s = fc_gallery_put_sample(w->g, &sample, &added, err);
        if (!s && added)
            s = fc_ids_add(&w->added, sample.id, err);
        p->added += added;
    }
    if (!s && p->added == 0)
        p->state = PIECE_KNOWN;
    free(path);
    return s;
}

/* What is stated of a person counts also where the photo is an old one. */
static fc_status put_meta(writer *w, fc_error *err)
{
    int64_t subject;
    fc_status s = fc_gallery_find(w->g, w->args->id, &subject, err);

    if (s)
        return s == FC_EMISSING ? FC_OK : s;
    return fc_gallery_set_meta(w->g, subject, w->args->meta, err);
}

static fc_status put_pending(writer *w, fc_error *err)
{
    fc_status s = fc_gallery_begin(w->g, true, err);

    for (size_t i = 0; !s && i < w->npending; i++) {
        piece *p = w->pending[i];
        if (p->state == PIECE_NEW)
            s = put_samples(w, p, err);
        else if (p->state == PIECE_KNOWN && w->args->meta)
            s = put_meta(w, err);
    }
    if (!s)
        return fc_gallery_commit(w->g, err);
    fc_gallery_rollback(w->g);
    return s;
}

/* Pieces that were put are new again. */
static void take_back(writer *w, const piece_state *state, size_t nadded)
{
    for (size_t i = 0; i < w->npending; i++) {
        w->pending[i]->state = state[i];
        w->pending[i]->added = 0;
    }
    w->added.n = nadded;
}

/* Where another process makes the gallery while we do, it is put into theirs. */
static fc_status commit(writer *w, fc_error *err)
{
    const size_t before = w->added.n;
    const bool new = fc_gallery_is_new(w->g);
    piece_state state[MOST_PENDING];
    bool any = false;
    fc_status s;

    for (size_t i = 0; i < w->npending; i++) {
        state[i] = w->pending[i]->state;
        any |= state[i] == PIECE_NEW || (w->args->meta && state[i] == PIECE_KNOWN);
    }
    if (!any)
        return FC_OK;
    s = put_pending(w, err);
    if (s == FC_EIO && new && !fc_gallery_is_new(w->g)) {
        take_back(w, state, before);
        s = put_pending(w, err);
    }
    if (s)
        w->added.n = before;
    return s;
}

/* ---- lines ---- */

static const char *const results[] = {
    [PIECE_NEW] = "enrolled", [PIECE_KNOWN] = "known", [PIECE_FAILED] = "failed"};

static fc_status write_line(writer *w, const piece *p, fc_error *err)
{
    static const char *const kept[] = {"src", "src_b64"};
    fc_record line = {json_object()};
    fc_status s;

    json_object_set_new(line.json, "v", json_integer(1));
    for (size_t i = 0; i < 2; i++) {
        json_t *v = json_object_get(p->it->rec.json, kept[i]);
        if (v)
            json_object_set(line.json, kept[i], v);
    }
    if (p->name)
        json_object_set_new(line.json, "id", json_string(p->name)); /* what is not UTF-8 is in the message */
    json_object_set_new(line.json, "result", json_string(results[p->state]));
    if (p->state == PIECE_NEW)
        json_object_set_new(line.json, "samples", json_integer((json_int_t)p->added));
    if (p->state == PIECE_FAILED)
        json_object_set(line.json, "error", json_object_get(p->it->rec.json, "error"));
    s = line.json ? fc_record_write(&line, stdout, err) : fc_fail_nomem(err, 0);
    fc_record_clear(&line);
    w->enrolled += p->state == PIECE_NEW;
    w->known += p->state == PIECE_KNOWN;
    w->failed += p->state == PIECE_FAILED;
    if (p->state == PIECE_FAILED && p->it->failed_here && !w->args->common.run.quiet)
        say("%s", p->it->fault.message);
    if (p->it->note && !w->args->common.run.quiet)
        say("%s", p->it->note);
    return s;
}

fc_status writer_flush(writer *w, fc_error *err)
{
    fc_status s = commit(w, err);

    w->committed = fc_now();
    for (size_t i = 0; !s && i < w->npending; i++)
        s = write_line(w, w->pending[i], err);
    for (size_t i = 0; i < w->npending; i++)
        piece_free(w->pending[i]);
    w->npending = 0;
    return s ? s : flush_stdout(err);
}

/* The first contract is the gallery's, from here on. */
static fc_status check_contract(writer *w, const piece *p, fc_error *err)
{
    if (p->state != PIECE_NEW || (*w->contract && !strcmp(w->contract, p->contract)))
        return FC_OK;
    if (*w->contract)
        return fc_fail(err, FC_ECONTRACT,
                       "%s:%zu: an embedding of %s; %s holds those of %s, and they cannot be compared",
                       p->it->in.path, p->it->in.line, p->contract, w->args->gallery.path, w->contract);
    free(w->contract);
    w->contract = strdup(p->contract);
    return w->contract ? FC_OK : fc_fail_nomem(err, strlen(p->contract) + 1);
}

fc_status writer_put(writer *w, piece *p, fc_error *err)
{
    fc_error why;
    fc_status s = check_contract(w, p, &why);

    if (s) { /* what came before it counts */
        piece_free(p);
        fc_status flushed = writer_flush(w, err);
        return flushed ? flushed : fc_fail(err, s, "%s", why.message);
    }
    const bool stop = p->state == PIECE_FAILED && w->args->common.run.fail_fast;
    w->pending[w->npending++] = p;
    if (w->npending == MOST_PENDING || fc_now() - w->committed >= MOST_SECONDS || stop)
        s = writer_flush(w, err);
    if (!s && stop)
        s = fc_fail(err, FC_END, "stopped at the first input that failed");
    return s;
}
