/*
 * lfw_pairs PAIRS MINIMUM < RECORDS
 * The accuracy of LFW's view 2 on embeddings: RECORDS are fc-embed's, one face or none each, of the pictures that
 * PAIRS names. Exit 1 when the best threshold's accuracy is below MINIMUM per cent.
 */
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pipeline/record.h"
#include "facecheck.h"

static void die(const fc_error *err)
{
    fprintf(stderr, "lfw_pairs: %s\n", err->message);
    exit(2);
}

/* Whether path is that of the dataset's picture image: it ends in it. */
static bool is_image(const char *path, const char *image)
{
    size_t n = strlen(path), k = strlen(image);
    return n >= k && !strcmp(path + n - k, image);
}

/* vector[i], dim[i]: the embedding of pairs' picture i, NULL where no face was found. Records come in the order of
 * pairs->image. Returns the number of embeddings. */
static size_t read_vectors(float **vector, size_t *dim, const fc_pairs *pairs)
{
    char *line = NULL;
    size_t cap = 0, found = 0, i = 0;
    ssize_t n;
    fc_error err;

    for (; (n = getline(&line, &cap, stdin)) > 0; i++) {
        fc_record r;
        const char *contract;
        if (fc_record_parse(&r, line, (size_t)n, "stdin", i + 1, &err))
            die(&err);
        char *path = fc_record_path(&r);
        if (i >= pairs->nimages || !path || !is_image(path, pairs->image[i])) {
            fprintf(stderr, "lfw_pairs: line %zu is %s, want %s\n", i + 1, path ? path : "of no picture",
                    i < pairs->nimages ? pairs->image[i] : "no more");
            exit(2);
        }
        if (fc_record_face_count(&r) > 0) {
            if (fc_face_get_embedding(fc_record_face(&r, 0), &contract, &vector[i], &dim[i], &err))
                die(&err);
            found++;
        }
        free(path);
        fc_record_clear(&r);
    }
    if (i != pairs->nimages) {
        fprintf(stderr, "lfw_pairs: %zu records, want %zu\n", i, pairs->nimages);
        exit(2);
    }
    free(line);
    return found;
}

static double accuracy(const double *score, const fc_pairs *pairs, const bool *same, double threshold)
{
    size_t right = 0;
    for (size_t i = 0; i < pairs->n; i++)
        right += (score[i] >= threshold) == same[i];
    return 100.0 * (double)right / (double)pairs->n;
}

int main(int argc, char **argv)
{
    fc_bytes text;
    fc_pairs pairs;
    fc_folds folds;
    fc_roc roc;
    fc_error err;
    double best;

    if (argc != 3) {
        fputs("usage: lfw_pairs PAIRS MINIMUM < RECORDS\n", stderr);
        return 2;
    }
    if (fc_bytes_read_file(&text, argv[1], 1u << 24, &err) ||
        fc_pairs_parse(&pairs, (char *)text.data, text.n, argv[1], &err))
        die(&err);
    float **vector = calloc(pairs.nimages, sizeof *vector);
    size_t *dim = calloc(pairs.nimages, sizeof *dim);
    double *score = calloc(pairs.n, sizeof *score), *genuine = calloc(pairs.n, sizeof *genuine),
           *impostor = calloc(pairs.n, sizeof *impostor);
    bool *same = calloc(pairs.n, sizeof *same);
    int *fold = calloc(pairs.n, sizeof *fold);
    size_t ngenuine = 0, nimpostor = 0;
    size_t found = read_vectors(vector, dim, &pairs);

    for (size_t i = 0; i < pairs.n; i++) {
        const fc_pair *p = &pairs.pair[i];
        score[i] =
            vector[p->a] && vector[p->b] ? fc_cosine(vector[p->a], vector[p->b], dim[p->a]) : -INFINITY;
        same[i] = p->same;
        fold[i] = p->fold;
        *(p->same ? &genuine[ngenuine++] : &impostor[nimpostor++]) = score[i];
    }
    if (fc_folds_run(&folds, score, same, fold, pairs.n, pairs.folds, NULL, &err) ||
        fc_best_threshold(&best, score, same, pairs.n, &err) ||
        fc_roc_from_scores(&roc, genuine, ngenuine, impostor, nimpostor, &err))
        die(&err);
    printf("%zu pictures, %zu with a face; %zu pairs in %d folds\n", pairs.nimages, found, pairs.n,
           pairs.folds);
    for (size_t i = 0; i < folds.n; i++)
        printf("fold %zu: %.2f %% with threshold %.4f from the others\n", i + 1,
               100.0 * (double)folds.fold[i].right / (double)folds.fold[i].n, folds.fold[i].threshold);
    printf("accuracy by the protocol: %.2f %% +- %.2f\n", 100 * folds.mean, 100 * folds.error);
    printf("TAR at FAR 1e-3: %.2f %%; equal error rate %.2f %%; AUC %.5f\n",
           100 * fc_roc_at_far(&roc, 1e-3).tar, 100 * fc_roc_eer(&roc).rate, fc_roc_auc(&roc));
    double a = accuracy(score, &pairs, same, best);
    printf("best threshold %.4f: %.2f %%\n", best, a);
    for (size_t i = 0; i < pairs.nimages; i++)
        free(vector[i]);
    free(vector);
    free(dim);
    free(score);
    free(genuine);
    free(impostor);
    free(same);
    free(fold);
    fc_roc_clear(&roc);
    fc_folds_clear(&folds);
    fc_pairs_clear(&pairs);
    fc_bytes_clear(&text);
    return a < strtod(argv[2], NULL);
}
