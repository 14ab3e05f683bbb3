/* Lists of pairs, for fc-eval pairs and fc-finetune. */
#ifndef CMD_EVAL_PAIRS_H
#define CMD_EVAL_PAIRS_H
#include "base/codec.h"
#include "facecheck.h"

/* A list, its hash, and where each picture of it is below root: *path [p->nimages], owned, each owned. */
fc_status eval_read_pairs(const char *root, const char *list, fc_pairs *p, char hash[FC_SHA256_HEX],
                          char ***path, fc_error *err);

#endif
