/* fc-detect -f celeba-csv: tables for who trains on CelebA (Liu, Luo, Wang, Tang 2015). */
#ifndef CMD_DETECT_CELEBA_H
#define CMD_DETECT_CELEBA_H
#include "facecheck.h"

typedef struct celeba celeba;

/* Begins dir/cropped.csv. identities: CelebA's file of them, "NAME ID" a line, read whole; NULL: none is written about people. */
fc_status celeba_open(celeba **out, const char *dir, const char *identities, fc_error *err);
/* The picture's first face becomes a row; a picture without one becomes none. */
fc_status celeba_put(celeba *c, const fc_item *it, fc_error *err);
/* Both files are there afterwards, dir/id_multiple.csv where there are identities. Says what was left out. */
fc_status celeba_commit(celeba *c, fc_error *err);
/* NULL is allowed; what was not committed is not there. */
void celeba_free(celeba *c);

#endif
