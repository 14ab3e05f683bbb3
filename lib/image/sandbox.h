/* Inside fc_sandbox. */
#ifndef FC_IMAGE_SANDBOX_H
#define FC_IMAGE_SANDBOX_H
#include "image/rows.h"

/* What fc_image_try does, by a worker of src->opt->sandbox; its time begins when one is free. */
fc_status fc_sandbox_decode(fc_image *img, fc_source *src, fc_error *err);

#endif
