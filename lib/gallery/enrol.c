#include "base/codec.h"
#include "base/error.h"
#include "facecheck.h"

static fc_status put(fc_gallery *g, const fc_templates *t, size_t i, const char *contract, fc_error *err)
{
    const fc_template_image *im = &t->image[i];
    fc_sample s = {.e = t->v + i * t->dim,
                   .dim = t->dim,
                   .contract = contract,
                   .source = im->path,
                   .quality = im->face.score};
    bool added;
    fc_status st;

    if (!im->person)
        return fc_fail(err, FC_EDATA, "%s: whose face? It is in no folder, and has no id", im->path);
    if (!fc_sha256_parse(s.content, im->sha256))
        return fc_fail(err, FC_EDATA, "%s: no hash of the picture", im->path);
    st = fc_gallery_put_subject(g, im->person, &s.subject, err);
    return st ? st : fc_gallery_put_sample(g, &s, &added, err);
}

fc_status fc_gallery_enrol(fc_gallery *g, const fc_templates *t, const char *contract, fc_error *err)
{
    size_t made = 0;
    fc_status s = fc_gallery_begin(g, true, err);

    if (s)
        return s;
    for (size_t i = 0; !s && i < t->n; i++) {
        if (t->image[i].state != FC_TEMPLATE_MADE)
            continue;
        made++;
        s = put(g, t, i, contract, err);
    }
    if (!s && !made)
        s = fc_fail(err, FC_EEMPTY, "nobody to enrol: of %zu pictures none has a template", t->n);
    if (!s)
        return fc_gallery_commit(g, err);
    fc_gallery_rollback(g);
    return s;
}
