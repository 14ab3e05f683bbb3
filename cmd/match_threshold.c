/* The threshold for a gallery's number of people, and what is said of it. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "match_threshold.h"
#include "match/fuse_names.h"
#include "say.h"

static void say_where_from(const fc_threshold *t, const fc_calibration *c, const fc_model_facts *model)
{
    const fc_fmr_curve *curve = &model->curve;
    char what[200], photos[60] = "";

    if (t->comparisons > t->people && t->source != FC_THRESHOLD_CALIBRATED)
        snprintf(photos, sizeof photos, ", %llu comparisons", (unsigned long long)t->comparisons);
    snprintf(what, sizeof what, "threshold %.6f for an FPIR of %g among %llu %s%s", t->threshold, t->fpir,
             (unsigned long long)t->people, t->people == 1 ? "person" : "people", photos);
    switch (t->source) {
    case FC_THRESHOLD_CALIBRATED:
        note("%s: calibrated with %zu faces of %s", what, c->looks,
             c->way == FC_BY_COHORT ? "strangers" : "people left out");
        break;
    case FC_THRESHOLD_CURVE:
        note("%s: by the model's curve ('fc-gallery calibrate' measures it)", what);
        break;
    case FC_THRESHOLD_CURVE_END:
        note("%s: the strictest of the model's curve, which ends at a false match rate of %g and not at the "
             "%.2g "
             "that this takes ('fc-gallery calibrate' measures it)",
             what, curve->point[curve->n - 1].fmr, fc_fmr_for(t->fpir, t->comparisons));
        break;
    case FC_THRESHOLD_MODEL:
        note("threshold %.6f, the model's for two faces: it does not say what a gallery of %llu takes "
             "('fc-gallery calibrate' measures it)",
             t->threshold, (unsigned long long)t->people);
    }
}

static void warn(const fc_threshold *t, const fc_calibration *c, fc_fuse fuse)
{
    if (t->other_fuse)
        note("warning: the gallery is calibrated for --fuse %s, and not for %s", fc_fuse_names[c->fuse],
             fc_fuse_names[fuse]);
    if (t->grown)
        note("warning: the gallery was calibrated for %llu people, and has %llu: calibrate it again",
             (unsigned long long)c->people, (unsigned long long)t->people);
    if (!isnan(t->at.threshold) && !t->at.enough)
        note("warning: the gallery is calibrated with %zu faces of strangers, and an FPIR of %g takes %.0f",
             c->looks, t->fpir, ceil(3 / t->fpir));
}

fc_status match_choose_threshold(fc_threshold *out, const struct threshold_args *args,
                                 const fc_calibration *c, const fc_model_facts *model, fc_error *err)
{
    fc_status s = fc_threshold_choose(out, c, model, args->fuse, args->people, args->photos, args->fpir, err);

    if (s == FC_EMODEL)
        return fc_fail(err, s, "the model states no threshold; give one with --threshold");
    if (s)
        return s;
    say_where_from(out, c, model);
    warn(out, c, args->fuse);
    return FC_OK;
}
