#include "engines/facts_json.h"

#include "engines/engine.h"

json_t *fc_engine_json(const fc_engine_facts *f)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "name", f->engine, "version", f->version, "precision",
                     fc_precision_name(f->precision), "device", f->device, "isa", f->isa);
}
