/* Networks that are programs in files which another program of the tests wrote into FC_MADE: TorchScript, ONNX. */
#ifndef FC_TEST_MADE_PROGRAM_H
#define FC_TEST_MADE_PROGRAM_H
#include "base/bytes.h"
#include "engines/engine.h"

#define MADE_SIDE 32 /* of the picture that they are for, of three channels */

/* Where the file is; until the next call. */
const char *made(const char *name);
/* Its bytes, to be cleared; a file that is not there fails the test. */
fc_bytes made_bytes(const char *name);

fc_status made_load(fc_net **net, int *dim, fc_program kind, const char *name, const fc_engine_options *o,
                    fc_error *err);
/* Asserts that it is refused so, with word in the message. */
void made_refused(fc_program kind, const char *name, const fc_engine_options *o, fc_status want,
                  const char *word);

#endif
