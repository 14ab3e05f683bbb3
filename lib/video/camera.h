/* Cameras of this machine: what the module facecheck-camera.so exports. */
#ifndef FC_VIDEO_CAMERA_H
#define FC_VIDEO_CAMERA_H
#include <stdbool.h>

#define FC_CAMERA_FORMAT "v4l2" /* libav's name of Video4Linux */

/* The symbol "fc_camera". */
typedef struct fc_camera_api {
    const char *built_for; /* FC_VERSION */
    /* From now on libav, which the module facecheck-video.so uses, knows Video4Linux; false: this libavdevice was made without it. Any
     * number of times. */
    bool (*begin)(void);
} fc_camera_api;

#endif
