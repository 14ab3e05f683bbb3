/* Which model made an embedding. */
#ifndef CMD_CONTRACT_H
#define CMD_CONTRACT_H
#include "facecheck.h"

/* The model that the contract names, and whether it is --flip's, as far as the models known here tell. *model is to be
 * freed; NULL where the contract names none. */
fc_status contract_model(const fc_models *models, const char *contract, fc_precision precision, char **model,
                         bool *flip, fc_error *err);

#endif
