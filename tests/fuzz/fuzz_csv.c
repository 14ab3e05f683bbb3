/* Any bytes as a table of encodings, and as a list of names: lines are counted, numbers are finite, and it ends. */
#include <stdlib.h>
#include <string.h>

#include "gallery/encodings_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { DIM = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char name[FC_NAME_MAX + 1];
    float e[DIM];
    fc_error err;
    fc_status s;
    fc_csv c;

    fc_csv_begin(&c, bytes, n);
    while ((s = fc_csv_encoding(&c, name, e, DIM, &err)) != FC_END)
        if (c.line > n || (!s && strlen(name) > FC_NAME_MAX))
            abort();
    fc_csv_begin(&c, bytes, n);
    while ((s = fc_csv_name(&c, name, &err)) != FC_END)
        if (c.line > n || (!s && !*name))
            abort();
    return 0;
}
