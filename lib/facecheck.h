/*
 * facecheck: faces from pixels to decisions.
 *
 *     fc_error err;
 *     fc_models *models = NULL;
 *     fc_detector *det = NULL;
 *     fc_detect_session *ds = NULL;
 *     fc_embedder *emb = NULL;
 *     fc_embed_session *es = NULL;
 *     fc_image img = {0}, crop = {0};
 *     fc_faces faces = {0};
 *     float e[FC_MAX_DIM];
 *
 *     if (fc_models_open(&models, "/usr/share/facecheck/models", &err) ||
 *         fc_detector_new(&det, models, NULL, &err) || fc_detect_session_new(&ds, det, &err) ||
 *         fc_embedder_new(&emb, models, "mobilefacenet", NULL, &err) || fc_embed_session_new(&es, emb, &err) ||
 *         fc_image_load(&img, "a.jpg", NULL, &err) || fc_detect(ds, &img, NULL, &faces, &err) || faces.n == 0 ||
 *         fc_align(&crop, &img, &faces.face[0], fc_embedder_alignment(emb), &err) ||
 *         fc_embed(es, &crop, 0, e, &err))
 *         ...  err.message says what failed
 *
 * Conventions
 *  1. Every function that can fail returns fc_status and takes an fc_error last. The message is written once,
 *     where the fault is found. err may be NULL.
 *  2. Handles are opaque. X_new/_open/_load makes one, X_free takes NULL.
 *  3. fc_models, fc_detector and fc_embedder are immutable once made and may be shared between threads;
 *     a session holds scratch memory and belongs to one thread.
 *  4. Structs with a _clear function are owned by the caller; {0} is their empty state and _clear gives it back.
 *  5. The library never prints, exits, or reads the environment.
 *  6. Coordinates are pixels of the upright picture, origin top left, pixel centres at integers.
 */
#ifndef FACECHECK_H
#define FACECHECK_H

#include "facecheck/base.h"
#include "facecheck/image.h"
#include "facecheck/model.h"
#include "facecheck/detect.h"
#include "facecheck/embed.h"
#include "facecheck/quality.h"
#include "facecheck/record.h"
#include "facecheck/pipeline.h"
#include "facecheck/track.h"
#include "facecheck/match.h"
#include "facecheck/cluster.h"
#include "facecheck/classify.h"
#include "facecheck/head.h"
#include "facecheck/eval.h"
#if !defined __has_include || __has_include("facecheck/gallery.h") /* the library may be built without */
#include "facecheck/gallery.h"
#endif

#endif
