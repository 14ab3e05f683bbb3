/* Warnings about names that look alike. */
#ifndef FC_GALLERY_ALIKE_H
#define FC_GALLERY_ALIKE_H
#include "base/tell.h"
#include "facecheck.h"
#include "gallery/ids.h"

/* Names of different people, some of them new. {0} has none. */
typedef struct fc_alike {
    struct fc_alike_name {
        char *name, *look; /* owned */
        bool is_new;
    } * name; /* [n] */
    size_t n, cap;
} fc_alike;
fc_status fc_alike_add(fc_alike *a, const char *name, bool is_new, fc_error *err);
/* Tells which of them look like a new one, some at least, and how many more there are. */
fc_status fc_alike_warn(fc_alike *a, const fc_teller *tell, fc_error *err);
void fc_alike_clear(fc_alike *a);

/* fc_alike_warn about everybody in g; fresh are the new ones, NULL: all. fresh becomes sorted. */
fc_status fc_alike_warn_in(fc_gallery *g, fc_ids *fresh, const fc_teller *tell, fc_error *err);

#endif
