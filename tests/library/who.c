/* who MODELS GALLERY PEOPLE PICTURE: enrols a folder with a folder for each person, and says who is on a picture. */
#include <facecheck.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    fc_error err;
    fc_models *models;
    fc_stages *stages;
    fc_gallery *gallery;
    fc_table *table;
    fc_table_label label;
    fc_identity *who;
    fc_templates people, found;
    fc_face_options faces = FC_FACE_OPTIONS_DEFAULTS;
    fc_source_options in = {.recursive = true, .people = true}, plain = {0};
    fc_template_job enrol = {.choice = FC_FACES_ONE, .jobs = 2}, look = {.choice = FC_FACES_ALL, .jobs = 2};
    fc_pipeline_plan plan = {.upto = FC_STAGE_EMBED, .detect = &faces, .model = FC_DEFAULT_MODEL};
    if (argc != 5 || fc_models_open(&models, argv[1], &err) ||
        (plan.models = models, fc_stages_new(&stages, &plan, 2, &err)) ||
        fc_source_open(&enrol.in, &in, argv + 3, 1, &err) ||
        fc_source_open(&look.in, &plain, argv + 4, 1, &err) ||
        (enrol.stages = look.stages = stages, fc_templates_make(&people, &enrol, &err)) ||
        fc_templates_make(&found, &look, &err) ||
        fc_gallery_open(&gallery, argv[2], &(fc_gallery_options){.mode = FC_GALLERY_CREATE}, &err) ||
        fc_gallery_enrol(gallery, &people, fc_stages_model(stages)->contract, &err) ||
        fc_gallery_load(gallery, &table, &label, &err) ||
        fc_identify(&who, table, found.v, found.n,
                    &(fc_identify_options){.candidates = 1, .threshold = fc_stages_model(stages)->threshold},
                    &err))
        return fprintf(stderr, "who: %s\n", argc == 5 ? err.message : "MODELS GALLERY PEOPLE PICTURE"), 2;
    for (size_t i = 0; i < found.n; i++) {
        fc_table_subject is = {.name = "unknown", .length = 7};
        if (who[i].is)
            (void)fc_table_get_subject(table, who[i].is->subject, &is, NULL); /* loaded whole */
        printf("%.0f,%.0f %.*s\n", found.image[i].face.box[0], found.image[i].face.box[1], (int)is.length,
               is.name);
    }
    return 0;
}
