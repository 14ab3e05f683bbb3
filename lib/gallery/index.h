/*
 * The index of a gallery: its table, in a file beside it (GALLERY.index), mapped instead of read from the database.
 * It carries the gallery's state, which every change replaces, so that an index of other contents is always told from
 * this one's; it is then made again. A change that removes or renames something leaves an empty file in its place. A sealed gallery has none: it would hold the embeddings in the
 * open.
 */
#ifndef FC_GALLERY_INDEX_H
#define FC_GALLERY_INDEX_H
#include "gallery/gallery.h"

/* Makes the index, or makes it again. */
fc_status fc_index_build(fc_gallery *g, fc_error *err);

typedef enum fc_index_use {
    FC_INDEX_NONE,  /* there is no index: all was read from the database */
    FC_INDEX_FRESH, /* mapped */
    FC_INDEX_STALE /* there was one of other contents: all was read, and the index made again where that is possible */
} fc_index_use;

/* The gallery's table by the fastest way; how may be NULL. contract is "" where nobody is enrolled. */
fc_status fc_index_open(fc_gallery *g, fc_table **out, fc_table_label *label, fc_index_use *how,
                        fc_error *err);
/* Whether there is one. check: a fresh one is read to its end, for damage. */
fc_status fc_index_state(fc_gallery *g, bool check, fc_index_use *state, fc_error *err);

/* fc_gallery_purge, and the same for the index. */
fc_status fc_index_purge(fc_gallery *g, fc_error *err);

#endif
