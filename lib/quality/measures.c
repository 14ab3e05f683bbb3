#include "quality/measures.h"

#define MEASURE(field, least, most, good)                                                                    \
    {                                                                                                        \
        .name = #field, .at = offsetof(fc_quality, field), .min = least, .max = most, .best = good           \
    }
const fc_measure fc_measures[] = {MEASURE(eye_distance, 0, 1e10, INFINITY),
                                  MEASURE(yaw, -90, 90, 0),
                                  MEASURE(roll, -180, 180, 0),
                                  MEASURE(pitch_ratio, -100, 100, 0.54),
                                  MEASURE(sharpness, 0, 1e9, INFINITY),
                                  MEASURE(luminance, 0, 1, INFINITY),
                                  MEASURE(overexposed, 0, 1, 0),
                                  MEASURE(underexposed, 0, 1, 0),
                                  MEASURE(dynamic_range, 0, 8, INFINITY),
                                  MEASURE(uniformity, 0, 1, INFINITY),
                                  MEASURE(inside, 0, 1, INFINITY),
                                  {0}};
