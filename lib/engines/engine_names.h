/*
 * The engines, each in one line of a list: the file FILE.c has `const fc_engine fc_engine_FILE`, the name is what --engine
 * takes and reports carry. CMake reads the files from here, engine.c makes its table of them. Where none is named, the
 * first that runs graphs and suits the CPU is taken.
 */
#ifndef FC_ENGINES_ENGINE_NAMES_H
#define FC_ENGINES_ENGINE_NAMES_H
#include "base/names.h"

/* Engines that others speak of. */
#define FC_ENGINE_AUTO   "auto" /* as NULL: the best for this CPU, or the one that runs such a file */
#define FC_ENGINE_ONEDNN "onednn"
#define FC_ENGINE_TORCH  "torch"
#define FC_ENGINE_OPENCV "opencv"

/* A new engine is an X(FILE, "name") between the first and the last. */
#define FC_ENGINES(FIRST, X, LAST)                                                                           \
    FIRST(native, FC_ENGINE_ONEDNN)                                                                          \
    X(torch, FC_ENGINE_TORCH)                                                                                \
    LAST(onnx_opencv, FC_ENGINE_OPENCV)
#define FC_EACH_ENGINE(X) FC_ENGINES(X, X, X)

/* For a table of choices, and for people. */
#define FC_ENGINE_CHOICES FC_NAMES_CHOICES(FC_ENGINES)
#define FC_ENGINE_COMMAS  FC_NAMES_COMMAS(FC_ENGINES)
#define FC_ENGINE_LIST    FC_NAMES_AND(FC_ENGINES)

/* Kernels of networks that are no engine's, in what a detector says of its own. */
#define FC_KERNELS_ROWWISE "rowwise"
#define FC_KERNELS_COARSE  "coarse"

#endif
