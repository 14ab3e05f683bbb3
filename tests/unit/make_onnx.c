/* make_onnx DIR: ONNX files for tests, as DIR/NAME.onnx. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx_write.h"
#include "small_net.h"

/* Takes graph. */
static void save(message graph, const char *dir, const char *name)
{
    message m = onnx_file(graph, name);

    onnx_save(&m, dir, name);
    free(m.at);
}

/* ---- embedding --------------------------------------------------------------------------------------- */

static message small_net(void)
{
    message g = {0}, conv = begin_node("Conv", INPUTS("x", "weight", "bias"), "conv");

    put_value(&g, INPUT, "x", (const int64_t[]){1, 3, 32, 32});
    put_tensor(&g, "weight", FLOAT, (const int64_t[]){SMALL_NET_DIM, 3, 3, 3, -1}, small_net_weight(),
               SMALL_NET_DIM * 27 * sizeof(float));
    put_tensor(&g, "bias", FLOAT, (const int64_t[]){SMALL_NET_DIM, -1}, small_net_bias(),
               SMALL_NET_DIM * sizeof(float));
    put_ints(&conv, "kernel_shape", (const int64_t[]){3, 3}, 2);
    put_ints(&conv, "strides", (const int64_t[]){2, 2}, 2);
    put_message(&g, NODE, conv);
    simple(&g, "Relu", "conv", "relu");
    return g;
}

static void embedding_nets(const char *dir)
{
    message g = small_net();
    simple(&g, "GlobalAveragePool", "relu", "mean");
    simple(&g, "Flatten", "mean", "embedding");
    put_value(&g, OUTPUT, "embedding", NULL);
    save(g, dir, "good");

    g = small_net();
    simple(&g, "GlobalAveragePool", "relu", "mean");
    put_value(&g, OUTPUT, "mean", NULL);
    save(g, dir, "column"); /* [1, n, 1, 1] */

    g = small_net();
    put_value(&g, OUTPUT, "relu", NULL);
    save(g, dir, "map");

    g = small_net();
    simple(&g, "GlobalAveragePool", "relu", "mean");
    simple(&g, "Sigmoid", "relu", "other");
    put_value(&g, OUTPUT, "mean", NULL);
    put_value(&g, OUTPUT, "other", NULL);
    save(g, dir, "two");
}

/* ---- YuNet -------------------------------------------------------------------------------------------- */

/*
 * Networks that look like YuNet, and further below like other detectors, and see a face wherever a cell of 32 x 32 pixels is blue: its score is the mean of
 * blue / 255.
 */

/* Channels of the mean colours of cells, as name_conv: [1][channels][h][w]. blue: the weight of input 'colour' in channel
 * 'at'. */
static void colours(message *g, const char *name, int stride, int channels, const float *bias, int colour,
                    int at, float blue)
{
    char pool[32], w[32], b[32], conv[32];
    float *weight = calloc((size_t)channels * 3, sizeof *weight);
    message n;

    snprintf(pool, sizeof pool, "%s_pool", name);
    snprintf(w, sizeof w, "%s_w", name);
    snprintf(b, sizeof b, "%s_b", name);
    snprintf(conv, sizeof conv, "%s_conv", name);
    weight[3 * at + colour] = blue;
    n = begin_node("AveragePool", INPUTS("x"), pool);
    put_ints(&n, "kernel_shape", (const int64_t[]){stride, stride}, 2);
    put_ints(&n, "strides", (const int64_t[]){stride, stride}, 2);
    put_message(g, NODE, n);
    put_tensor(g, w, FLOAT, (const int64_t[]){channels, 3, 1, 1, -1}, weight,
               (size_t)channels * 3 * sizeof *weight);
    put_tensor(g, b, FLOAT, (const int64_t[]){channels, -1}, bias, (size_t)channels * sizeof *bias);
    n = begin_node("Conv", INPUTS(pool, w, b), conv);
    put_ints(&n, "kernel_shape", (const int64_t[]){1, 1}, 2);
    put_message(g, NODE, n);
    free(weight);
}

static void reshape(message *g, const char *input, const char *name, const int64_t dims[3])
{
    char shape[32];

    snprintf(shape, sizeof shape, "%s_shape", name);
    put_tensor(g, shape, INT64, (const int64_t[]){3, -1}, dims, 3 * sizeof *dims);
    put_message(g, NODE, begin_node("Reshape", INPUTS(input, shape), name));
}

/* The same as rows: [1][cells * channels / row][row]. */
static void head_of(message *g, const char *name, int stride, int channels, int row, const float *bias,
                    int colour, int at, float blue)
{
    char conv[32], nhwc[32];
    message n;

    colours(g, name, stride, channels, bias, colour, at, blue);
    snprintf(conv, sizeof conv, "%s_conv", name);
    snprintf(nhwc, sizeof nhwc, "%s_nhwc", name);
    n = begin_node("Transpose", INPUTS(conv), nhwc);
    put_ints(&n, "perm", (const int64_t[]){0, 2, 3, 1}, 4);
    put_message(g, NODE, n);
    reshape(g, nhwc, name, (const int64_t[]){1, -1, row});
}

/* Of YuNet, whose first input is blue. */
static void head(message *g, const char *name, int stride, int channels, int row, const float *bias, int at,
                 float blue)
{
    head_of(g, name, stride, channels, row, bias, 0, at, blue);
}

/* Eyes, nose and corners of the mouth, from the middle of the face, in its sides. */
static const float landmarks[10] = {-0.25f, -0.25f, 0.25f, -0.25f, 0, 0, -0.125f, 0.25f, 0.125f, 0.25f};

static void yunet_2022(const char *dir, const char *name, int loc_row)
{
    static const struct {
        int stride, n;
    } levels[] = {{8, 3}, {16, 2}, {32, 2}, {64, 3}};
    static const struct {
        const char *name;
        int row;
    } outputs[] = {{"loc", 14}, {"conf", 2}, {"iou", 1}};
    message g = {0};

    put_value(&g, INPUT, "x", (const int64_t[]){1, 3, 320, 320});
    for (int o = 0; o < 3; o++) {
        const int row = o ? outputs[o].row : loc_row;
        char part[4][16];
        for (int k = 0; k < 4; k++) {
            float bias[14 * 3] = {0};
            for (int i = 0; i < levels[k].n * row; i++)
                bias[i] = o == 0 && i % 14 >= 4 ? landmarks[i % 14 - 4] * 10 : o == 2 ? 2 : 0;
            snprintf(part[k], sizeof part[k], "%s_%d", outputs[o].name, k);
            head(&g, part[k], levels[k].stride, levels[k].n * row, row, bias, o == 1,
                 o == 1 && k == 2 ? 1 / 255.0f : 0);
        }
        message n = begin_node("Concat", INPUTS(part[0], part[1], part[2], part[3]), outputs[o].name);
        put_int(&n, "axis", 1);
        put_message(&g, NODE, n);
    }
    for (int o = 0; o < 3; o++)
        put_value(&g, OUTPUT, outputs[o].name, NULL);
    save(g, dir, name);
}

static void yunet_2023(const char *dir)
{
    static const int strides[] = {8, 16, 32};
    static const struct {
        const char *name;
        int row;
    } outputs[] = {{"cls", 1}, {"obj", 1}, {"bbox", 4}, {"kps", 10}};
    message g = {0};

    put_value(&g, INPUT, "x", (const int64_t[]){1, 3, 320, 320});
    for (int o = 0; o < 4; o++)
        for (int k = 0; k < 3; k++) {
            float bias[10] = {0};
            char name[16];
            for (int i = 0; i < outputs[o].row; i++)
                bias[i] = o == 1   ? 1
                          : o == 2 ? (i < 2 ? 0.5f : logf(2)) /* twice the stride */
                          : o == 3 ? 0.5f + 2 * landmarks[i]
                                   : 0;
            snprintf(name, sizeof name, "%s_%d", outputs[o].name, strides[k]);
            head(&g, name, strides[k], outputs[o].row, outputs[o].row, bias, 0,
                 o == 0 && k == 2 ? 1 / 255.0f : 0);
        }
    for (int o = 0; o < 4; o++)
        for (int k = 0; k < 3; k++) {
            char name[16];
            snprintf(name, sizeof name, "%s_%d", outputs[o].name, strides[k]);
            put_value(&g, OUTPUT, name, NULL);
        }
    save(g, dir, "yunet-2023");
}

/* ---- SCRFD ------------------------------------------------------------------------------------------- */

/* Values are (v - 127.5) / 128, red first. The second face of each cell is none. Outputs in the order of their parts, with
 * numbers for names, as insightface's files have them. parts: 2, without landmarks, or 3. */
static void scrfd(const char *dir, const char *name, int levels, int boxes, int parts)
{
    static const int rows[] = {1, 4, 10};
    message g = {0};

    put_value(&g, INPUT, "x", (const int64_t[]){1, 3, 320, 320});
    for (int o = 0; o < parts; o++)
        for (int k = 0; k < levels; k++) {
            const bool here = k == 2;
            float bias[2 * 10] = {0};
            char number[16];
            for (int i = 0; i < rows[o]; i++)
                bias[i] = o == 0   ? (here ? 0.5f : 0)
                          : o == 1 ? (i < 2 ? 0.5f : 1.5f)
                                   : 0.5f + 2 * landmarks[i];
            snprintf(number, sizeof number, "%d", 400 + 10 * k + o);
            head_of(&g, number, 8 << k, boxes * rows[o], rows[o], bias, 2, 0,
                    o == 0 && here ? 128 / 255.0f : 0);
        }
    for (int o = 0; o < parts; o++)
        for (int k = 0; k < levels; k++) {
            char number[16];
            snprintf(number, sizeof number, "%d", 400 + 10 * k + o);
            put_value(&g, OUTPUT, number, NULL);
        }
    save(g, dir, name);
}

/* ---- YOLO-face --------------------------------------------------------------------------------------- */

/* Exported for one size, as its tools do unless they are told otherwise: places are constants. */
enum { YOLO_SIDE = 320 };

/* What is added to value v of a cell's box. */
static float yolo_value(int stride, int x, int y, int v, int first, int each)
{
    const float centre[] = {((float)x + 0.5f) * (float)stride, ((float)y + 0.5f) * (float)stride};
    const int i = (v - first) / each, c = (v - first) % each;

    if (v < 2)
        return centre[v];
    if (v < 4)
        return 2 * (float)stride;
    if (v < first || i >= 5 || c > 1)
        return 0;
    return centre[c] + 2 * landmarks[2 * i + c] * (float)stride;
}

/* pose: [1][20][n], a box a cell; else [1][n][16], three. */
static void yolo(const char *dir, const char *name, bool pose)
{
    const int values = pose ? 20 : 16, boxes = pose ? 1 : 3, each = pose ? 3 : 2;
    size_t n = 0, at = 0;
    message g = {0};
    float *place;

    for (int k = 0; k < 3; k++)
        n += (size_t)(YOLO_SIDE >> (3 + k)) * (size_t)(YOLO_SIDE >> (3 + k)) * (size_t)boxes;
    place = calloc(n * (size_t)values, sizeof *place);
    put_value(&g, INPUT, "x", (const int64_t[]){1, 3, YOLO_SIDE, YOLO_SIDE});
    for (int k = 0; k < 3; k++) {
        const int stride = 8 << k, side = YOLO_SIDE / stride;
        float bias[3 * 20] = {0};
        char part[16], conv[32];
        snprintf(part, sizeof part, "level%d", k);
        snprintf(conv, sizeof conv, "%s_conv", part);
        bias[15] = !pose; /* the class's score of the first box */
        if (pose) {
            colours(&g, part, stride, values, bias, 2, 4, k == 2);
            reshape(&g, conv, part, (const int64_t[]){1, values, side * side});
        } else {
            head_of(&g, part, stride, boxes * values, values, bias, 2, 4, k == 2);
        }
        for (int cell = 0; cell < side * side; cell++)
            for (int b = 0; b < boxes; b++, at++)
                for (int v = 0; v < values; v++)
                    place[pose ? (size_t)v * n + at : at * (size_t)values + (size_t)v] =
                        yolo_value(stride, cell % side, cell / side, v, 5, each);
    }
    message all = begin_node("Concat", INPUTS("level0", "level1", "level2"), "all");
    put_int(&all, "axis", pose ? 2 : 1);
    put_message(&g, NODE, all);
    put_tensor(&g, "place", FLOAT,
               (const int64_t[]){1, pose ? values : (int64_t)n, pose ? (int64_t)n : values, -1}, place,
               n * (size_t)values * sizeof *place);
    put_message(&g, NODE, begin_node("Add", INPUTS("all", "place"), "output0"));
    put_value(&g, OUTPUT, "output0", NULL);
    save(g, dir, name);
    free(place);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    embedding_nets(argv[1]);
    yunet_2022(argv[1], "yunet-2022", 14);
    yunet_2022(argv[1], "yunet-short", 12);
    yunet_2023(argv[1]);
    scrfd(argv[1], "scrfd", 3, 2, 3);
    scrfd(argv[1], "scrfd-five", 5, 1, 3);
    scrfd(argv[1], "scrfd-bare", 3, 2, 2);
    scrfd(argv[1], "scrfd-short", 3, 1, 3);
    yolo(argv[1], "yolo-pose", true);
    yolo(argv[1], "yolo-rows", false);
    return 0;
}
