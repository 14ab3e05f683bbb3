/* make_sizes PHOTO DIR N: N JPEG files of sizes from 40x40 to 2000x2000, the largest first, with the photo stretched
 * over each. The same files every time. */
#include <stdio.h>
#include <stdlib.h>

#include "facecheck.h"
#include "jpeg_write.h"

enum { LEAST = 40, MOST = 2000 };

static void die(const fc_error *err)
{
    fprintf(stderr, "make_sizes: %s\n", err->message);
    exit(2);
}

/* Knuth's MMIX generator, high bits. */
static int random_side(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return LEAST + (int)((*state >> 33) % (MOST - LEAST + 1));
}

int main(int argc, char **argv)
{
    uint64_t state = 1;
    fc_image photo, img;
    fc_error err;
    char path[4096];

    if (argc != 4) {
        fputs("usage: make_sizes PHOTO DIR N\n", stderr);
        return 2;
    }
    if (fc_image_load(&photo, argv[1], NULL, &err))
        die(&err);
    for (int i = 0; i < atoi(argv[3]); i++) {
        int w = i ? random_side(&state) : MOST, h = i ? random_side(&state) : MOST;
        if (fc_image_alloc(&img, w, h, &err))
            die(&err);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                for (int c = 0; c < 3; c++)
                    img.rgb[(size_t)y * img.stride + 3 * (size_t)x + (size_t)c] =
                        photo.rgb[(size_t)(y * photo.h / h) * photo.stride + 3 * (size_t)(x * photo.w / w) +
                                  (size_t)c];
        snprintf(path, sizeof path, "%s/%03d-%dx%d.jpg", argv[2], i, w, h);
        if (jpeg_write(&img, path, 85, &err))
            die(&err);
        fc_image_clear(&img);
    }
    fc_image_clear(&photo);
    return 0;
}
