/*
 * The engines' names: what --engine takes, and reports carry. They are spelled here and nowhere else; engine.c has the
 * table of the engines themselves, in the same order.
 */
#ifndef FC_ENGINES_ENGINE_NAMES_H
#define FC_ENGINES_ENGINE_NAMES_H

#define FC_ENGINE_AUTO   "auto" /* as NULL: the best for this CPU, or the one that runs such a file */
#define FC_ENGINE_ONEDNN "onednn"
#define FC_ENGINE_TORCH  "torch"
#define FC_ENGINE_OPENCV "opencv"

/* Kernels of networks that are no engine's, in what a detector says of its own. */
#define FC_KERNELS_ROWWISE "rowwise"
#define FC_KERNELS_COARSE  "coarse"

/* For a table of choices, and for people. */
#define FC_ENGINE_CHOICES FC_ENGINE_ONEDNN, FC_ENGINE_TORCH, FC_ENGINE_OPENCV
#define FC_ENGINE_LIST    FC_ENGINE_ONEDNN ", " FC_ENGINE_TORCH " and " FC_ENGINE_OPENCV
#define FC_ENGINE_COMMAS  FC_ENGINE_ONEDNN "," FC_ENGINE_TORCH "," FC_ENGINE_OPENCV

#endif
