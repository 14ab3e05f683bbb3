/* Which model made an embedding. */
#ifndef CMD_CONTRACT_H
#define CMD_CONTRACT_H
#include "facecheck.h"

/* The model that the contract names, and whether it is --flip's, as far as the models known here tell. *model is to be
 * freed; NULL where the contract names none. */
fc_status fc_contract_model(const fc_models *models, const char *contract, fc_precision precision,
                            char **model, bool *flip, fc_error *err);

/* From where on two embeddings of the contract are of one person; NAN where its model is not known here. named: as
 * models_open wants it. */
fc_status fc_contract_threshold(double *out, const char *contract, const char *named, fc_error *err);

#endif
