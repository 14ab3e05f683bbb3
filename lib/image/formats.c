#include "image/formats.h"

__attribute__((visibility("default"))) extern const fc_formats_api fc_formats;

const fc_formats_api fc_formats = {FC_VERSION, fc_tiff_decode, fc_webp_decode, fc_jp2_decode};
