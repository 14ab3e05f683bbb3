/* An import from inside: what its formats share. */
#ifndef FC_GALLERY_EXCHANGE_IMPL_H
#define FC_GALLERY_EXCHANGE_IMPL_H
#include "gallery/exchange.h"
#include "gallery/ids.h"

struct fc_import {
    fc_gallery *g;
    bool begun; /* a transaction, which is not ended yet */
    size_t added, known;
    fc_ids people;
};

#endif
