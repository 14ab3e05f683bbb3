/*
 * The engines, each in one line of a list: the file FILE.c has `const fc_engine fc_engine_FILE`, the name is what --engine
 * takes and reports carry. CMake reads the files from here, engine.c makes its table of them. Where none is named, the
 * first that runs graphs and suits the CPU is taken.
 */
#ifndef FC_ENGINES_ENGINE_NAMES_H
#define FC_ENGINES_ENGINE_NAMES_H

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
#define FC_ENGINE_NAMED(file, name)     name
#define FC_ENGINE_BEHIND(file, name)    , name
#define FC_ENGINE_COMMA(file, name)     "," name
#define FC_ENGINE_COMMA_TOO(file, name) ", " name
#define FC_ENGINE_AND(file, name)       " and " name
#define FC_ENGINE_CHOICES               FC_ENGINES(FC_ENGINE_NAMED, FC_ENGINE_BEHIND, FC_ENGINE_BEHIND)
#define FC_ENGINE_COMMAS                FC_ENGINES(FC_ENGINE_NAMED, FC_ENGINE_COMMA, FC_ENGINE_COMMA)
#define FC_ENGINE_LIST                  FC_ENGINES(FC_ENGINE_NAMED, FC_ENGINE_COMMA_TOO, FC_ENGINE_AND)

/* Kernels of networks that are no engine's, in what a detector says of its own. */
#define FC_KERNELS_ROWWISE "rowwise"
#define FC_KERNELS_COARSE  "coarse"

#endif
