/* The kinds of classifiers: each is NAME.c with a fc_classifier_NAME (classifier_impl.h). A file is the first's that
 * recognises it; the first kind says what is wrong with a file that none recognises. CMakeLists.txt reads this, too. */
#ifndef FC_CLASSIFY_CLASSIFIER_NAMES_H
#define FC_CLASSIFY_CLASSIFIER_NAMES_H

#define FC_CLASSIFIERS(X) X(knn) X(layer)

#endif
