#!/usr/bin/env bash
# seeds.sh TESTS SOURCE SEEDS: a folder of seeds for each fuzzer: what the unit tests in TESTS read, and files of SOURCE.
set -euo pipefail
tests=$1 source=$2 seeds=$3
rm -rf "$seeds"
mkdir -p "$seeds"/{image,yaml}

for part in torchfile tflite weights record registry threshold_yaml pairs knn gallery; do
    status=0
    FC_SEEDS=$seeds "$tests/test_$part" >"$seeds/log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 77 ] || { # 77: a part of it was skipped
        cat "$seeds/log"
        exit 1
    }
done
rm "$seeds/log"

find "$source/tests/bad" "$source/tests/data/formats" -type f -size -64k ! -name '*.md' ! -name 'make-*' \
    -exec cp -t "$seeds/image" {} +
cp "$source/models/models.yaml" "$seeds/yaml"
for kind in gallery image pairs record safetensors table tflite torch yaml; do
    printf '%s: %d seeds\n' "$kind" "$(find "$seeds/$kind" -type f | wc -l)"
done
