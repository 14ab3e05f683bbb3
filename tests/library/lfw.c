/* lfw MODELS PAIRS: LFW's protocol over the pictures below the current folder. */
#include <facecheck.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *message)
{
    return fprintf(stderr, "lfw: %s\n", message), 2;
}

int main(int argc, char **argv)
{
    static char list[1 << 22];
    fc_error err;
    fc_models *models;
    fc_pairs pairs;
    fc_templates t;
    fc_pairs_result result = {0};
    fc_face_options faces = FC_FACE_OPTIONS_DEFAULTS;
    FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;
    size_t n = f ? fread(list, 1, sizeof list, f) : 0;
    if (!n || fc_models_open(&models, argv[1], &err) || fc_pairs_parse(&pairs, list, n, argv[2], &err))
        return fail(n ? err.message : "want MODELS PAIRS");
    fc_pipeline_plan plan = {
        .upto = FC_STAGE_EMBED, .models = models, .detect = &faces, .model = FC_DEFAULT_MODEL};
    fc_template_job job = {.path = pairs.image, .n = pairs.nimages, .choice = FC_FACES_CENTER, .jobs = 2};
    if (fc_stages_new(&job.stages, &plan, 2, &err) || fc_templates_make(&t, &job, &err))
        return fail(err.message);
    fc_eval_picture *picture = calloc(t.n, sizeof *picture);
    for (size_t i = 0; picture && i < t.n; i++)
        picture[i] = (fc_eval_picture){.path = t.image[i].path, .missing = (fc_eval_cause)t.image[i].state};
    fc_eval_set set = {.picture = picture, .v = t.v, .n = t.n, .dim = t.dim, .workers = 2};
    if (!picture || fc_protocol_pairs(&result, &set, &pairs, &err))
        return fail(picture ? err.message : "no memory");
    printf("accuracy %.4f over %zu pairs\n", result.folds.mean, result.n);
    return 0;
}
