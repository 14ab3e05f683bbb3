#include "quality/measures.h"

#define MEASURE(field, least, most)                                                                          \
    {                                                                                                        \
        .name = #field, .at = offsetof(fc_quality, field), .min = least, .max = most                         \
    }
const fc_measure fc_measures[] = {
    MEASURE(eye_distance, 0, 1e10),  MEASURE(yaw, -90, 90),       MEASURE(roll, -180, 180),
    MEASURE(pitch_ratio, -100, 100), MEASURE(sharpness, 0, 1e9),  MEASURE(luminance, 0, 1),
    MEASURE(overexposed, 0, 1),      MEASURE(underexposed, 0, 1), MEASURE(dynamic_range, 0, 8),
    MEASURE(uniformity, 0, 1),       MEASURE(inside, 0, 1),       {0}};
