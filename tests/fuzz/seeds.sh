#!/usr/bin/env bash
# seeds.sh TESTS SOURCE SEEDS: a folder of seeds for each fuzzer: what the unit tests in TESTS read, and files of SOURCE.
set -euo pipefail
tests=$1 source=$2 seeds=$3
rm -rf "$seeds"
mkdir -p "$seeds"/{image,yaml}

# Whether they pass is not asked here.
for part in torchfile tflite weights record registry threshold_yaml pairs knn gallery; do
    FC_SEEDS=$seeds "$tests/test_$part" >/dev/null 2>&1 || true
done

find "$source/tests/bad" "$source/tests/data/formats" -type f -size -64k ! -name '*.md' ! -name 'make-*' \
    -exec cp -t "$seeds/image" {} +
cp "$source/models/models.yaml" "$seeds/yaml"
for kind in gallery image pairs record safetensors table tflite torch yaml; do
    n=$(find "$seeds/$kind" -type f | wc -l)
    printf '%s: %d seeds\n' "$kind" "$n"
    [ "$n" -gt 0 ]
done
