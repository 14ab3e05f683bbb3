/* Which model made an embedding. */
#ifndef FC_PIPELINE_CONTRACT_H
#define FC_PIPELINE_CONTRACT_H
#include "facecheck.h"

/* The model that the contract names, and whether it is --flip's, as far as the models known here tell. *model is to be
 * freed; NULL where the contract names none. */
fc_status fc_contract_model(const fc_models *models, const char *contract, fc_precision precision,
                            char **model, bool *flip, fc_error *err);

/* From where on two embeddings of the contract are of one person; NAN where its model is not known here. */
fc_status fc_contract_threshold(double *out, const char *contract, const fc_models *models, fc_error *err);

#endif
