#include "video/camera.h"

#include <string.h>

#include <libavdevice/avdevice.h>

#include "facecheck.h"

static bool begin(void)
{
    const AVInputFormat *f = NULL;

    avdevice_register_all();
    while ((f = av_input_video_device_next(f)))
        if (strstr(f->name, FC_CAMERA_FORMAT))
            return true;
    return false;
}

__attribute__((visibility("default"))) extern const fc_camera_api fc_camera;
const fc_camera_api fc_camera = {.built_for = FC_VERSION, .begin = begin};
