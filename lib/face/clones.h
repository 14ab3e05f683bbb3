/* Loops that the compiler makes vectors of, once for AVX2 and once for any CPU; the CPU's is taken when the program
 * starts. */
#ifndef FC_FACE_CLONES_H
#define FC_FACE_CLONES_H

#if defined __x86_64__ && !defined __SANITIZE_THREAD__ /* its runtime starts after clones are chosen */
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

#endif
