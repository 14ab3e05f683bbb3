/* A build without libtorch and without OpenCV's dnn: everything else works, and what does not says why. This program
 * is linked with torch.c and onnx_opencv.c as such a build compiles them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "made_up.h"
#include "nets/nets.h"
#include "engines/engine.h"

static void no_torch(void **state)
{
    (void)state;
    fc_graph *g = fc_net_rnet();
    fc_weights *w;
    fc_error err;
    fc_net *net;
    int dim;

    assert_int_equal(made_up_weights(&w, g, NULL), FC_OK);
    assert_int_equal(fc_net_compile(&net, g, w, &(fc_engine_options){.engine = "torch"}, &err),
                     FC_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "this build has no torch engine"));
    assert_null(net);
    assert_int_equal(
        fc_net_load(&net, &dim, FC_PROGRAM_TORCHSCRIPT, "PK", 2, "my.pt", (const int[]){3, 8, 8}, NULL, &err),
        FC_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "this build has no torch engine"));
    assert_int_equal(fc_net_compile(&net, g, w, NULL, &err), FC_OK);
    fc_net_free(net);
    fc_weights_free(w);
    fc_graph_free(g);
}

static void no_onnx(void **state)
{
    (void)state;
    fc_error err;
    fc_net *net;
    int dim;

    assert_int_equal(
        fc_net_load(&net, &dim, FC_PROGRAM_ONNX, "", 0, "my.onnx", (const int[]){3, 8, 8}, NULL, &err),
        FC_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "my.onnx: this build does not run ONNX files"));
    assert_null(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_torch), cmocka_unit_test(no_onnx)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
