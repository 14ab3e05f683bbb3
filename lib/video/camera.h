/* Cameras of this machine: what the module facecheck-camera.so exports. */
#ifndef FC_VIDEO_CAMERA_H
#define FC_VIDEO_CAMERA_H

/* The symbol "fc_camera". */
typedef struct fc_camera_api {
    const char *built_for; /* FC_VERSION */
    /* From now on libav, which the module facecheck-video.so uses, knows Video4Linux. Any number of times. */
    void (*begin)(void);
} fc_camera_api;

#endif
