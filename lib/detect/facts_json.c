#include "detect/facts_json.h"

#include "engines/facts_json.h"

json_t *fc_detector_json(const fc_detector *d)
{
    fc_network_facts f[FC_MAX_NETWORKS];
    const size_t n = d ? fc_detector_facts(d, f, FC_MAX_NETWORKS) : 0;
    json_t *list = d ? json_array() : json_null();

    for (size_t i = 0; list && i < n; i++) {
        json_t *one =
            json_pack("{s:s, s:o}", "network", f[i].network, "engine", fc_engine_json(&f[i].engine));
        if (json_array_append_new(list, one)) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}
