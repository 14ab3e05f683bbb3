/* Any bytes as a file of a request: records, line by line, each told whole, or a picture; or a stored embedding. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "serve/inputs.h"
#include "serve/reply.h"
#include "serve/vector.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fc_reply reply = {.exit = -1};
    fc_inputs in;
    fc_input one;
    fc_error err;
    fc_status s;
    size_t taken = 0, dim;
    float *v;

    fc_inputs_open(&in, "fuzz", bytes, n);
    while (!(s = fc_inputs_next(&in, &one, &err))) {
        fc_record r;
        taken += one.data.n;
        must(one.kind == (in.records ? FC_INPUT_LINE : FC_INPUT_BYTES));
        if (in.records && !fc_record_parse(&r, (char *)one.data.data, one.data.n, one.path, one.line, &err)) {
            json_incref(r.json);
            must(!fc_reply_add_line(&reply, r.json, &err) || err.status == FC_ELIMIT);
            fc_record_clear(&r);
        } else if (in.records) {
            fc_reply_fault(&reply, "request", &err);
            must(reply.status >= 400 && reply.n > 0);
        }
        fc_input_clear(&one);
    }
    must(taken <= n && (s == FC_END || (s == FC_EEMPTY && n == 0)));
    fc_reply_clear(&reply);
    if (fc_vector_is(bytes, n) && !fc_vector_read(&v, &dim, bytes, n, "fuzz", &err)) {
        must(dim >= 2 && dim <= FC_MAX_DIM);
        for (size_t i = 0; i < dim; i++)
            must(isfinite(v[i]));
        free(v);
    }
    return 0;
}
