/* torch_train.cpp's part of the module's table. */
#ifndef FC_ENGINES_TORCH_TRAIN_HPP
#define FC_ENGINES_TORCH_TRAIN_HPP
#include "engines/torch_c.h"

fc_status fc_torch_trainer_new(fc_torch_trainer **out, const fc_torch_layer *layer, int nlayers, int output,
                               const fc_torch_trained *trained, int ntrained, int lanes, const char *device,
                               fc_error *err) noexcept;
void fc_torch_trainer_free(fc_torch_trainer *t) noexcept;
fc_status fc_torch_trainer_set(fc_torch_trainer *t, int i, const float *v, fc_error *err) noexcept;
fc_status fc_torch_trainer_forward(fc_torch_trainer *t, int lane, const float *in, int n, bool keep,
                                   float *out, fc_error *err) noexcept;
fc_status fc_torch_trainer_backward(fc_torch_trainer *t, int lane, const float *by_out,
                                    float *const *gradient, fc_error *err) noexcept;

#endif
