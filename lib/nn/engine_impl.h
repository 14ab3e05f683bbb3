/* What an engine gives to engine.c. */
#ifndef FC_NN_ENGINE_IMPL_H
#define FC_NN_ENGINE_IMPL_H
#include "nn/engine.h"

typedef struct fc_engine {
    const char *name;
    /* The graph has passed fc_graph_check; opt is never NULL. */
    fc_status (*compile)(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err);
    void (*net_free)(fc_net *n);
    fc_status (*session_new)(fc_session **out, const fc_net *n, fc_error *err);
    void (*session_free)(fc_session *s);
    fc_status (*run)(fc_session *s, fc_error *err);
} fc_engine;

/* The first member of every engine's net and session. */
struct fc_net {
    const fc_engine *engine;
    char description[64];
    fc_precision precision;
};

struct fc_session {
    const fc_engine *engine;
    float *input;
    const float **output; /* [outputs] */
};

extern const fc_engine fc_engine_onednn, fc_engine_torch;
/* Whether oneDNN makes code for this CPU; what it has for others is some hundred times slower. */
bool fc_onednn_has_kernels(void);
/* Whether the module is there and loads; it is loaded by asking. */
bool fc_torch_available(void);

fc_status fc_torchscript_load(fc_net **out, int *dim, const void *bytes, size_t n, const char *name,
                              const int chw[3], const fc_engine_options *opt, fc_error *err);
fc_status fc_onnx_load(fc_net **out, int *dim, const void *bytes, size_t n, const char *name,
                       const int chw[3], fc_error *err);

#endif
