#include "video/camera.h"

#include <libavdevice/avdevice.h>

#include "facecheck.h"

__attribute__((visibility("default"))) extern const fc_camera_api fc_camera;
const fc_camera_api fc_camera = {.built_for = FC_VERSION, .begin = avdevice_register_all};
