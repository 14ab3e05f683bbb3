#!/usr/bin/env bash
# seeds.sh SOURCE SEEDS: a folder of seeds for each fuzzer. Beside what the unit tests read, which is there already (seed.h): files
# of SOURCE, and some that stand here.
set -euo pipefail
source=$1 seeds=$2
mkdir -p "$seeds"/{image,source,yaml}

find "$source/tests/bad" "$source/tests/data/formats" -type f -size -64k ! -name '*.md' ! -name 'make-*' \
    -exec cp -t "$seeds/image" {} +
cp "$source/models/models.yaml" "$seeds/yaml"
printf '\xef\xbb\xbfnone\r\na.jpg\n.\nr\n-\n# none\n "none" \n\nlist\nlast' >"$seeds/source/lines"
printf 'none\nnone\0a.jpg\0.\0\0r\0-\0last' >"$seeds/source/nuls"
printf '\xff\xfen\0o\0n\0e\0\n\0' >"$seeds/source/wide"
printf '\xef\xbb\xbf{"v":1,"src":"a"}\r\n\n\xef\xbb\xbf{"v":1,"src":"b","faces":[]}\n{"id":' >"$seeds/source/records"
printf ' \n{"name":"no record"}\n' >"$seeds/source/other"
mkdir -p "$seeds"/{multipart,prom,serve_json}
printf '# HELP c_total Counts.\nc_total{b="x\\"\\\\\\n",a="y"} 3\nh_bucket{s="q",le="0.5"} 2\nh_bucket{s="q",le="1"} 2\nh_bucket{s="q",le="+Inf"} 3\nh_sum{s="q"} 2.75\nh_count{s="q"} 3\n' \
    >"$seeds/prom/file"
printf 'multipart/form-data; boundary=b\n--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc\r\n--b\r\nContent-Disposition: form-data; name="t"\r\n\r\n0.5\r\n--b--' \
    >"$seeds/multipart/form"
printf 'application/json\n{"v":1}' >"$seeds/multipart/raw"
printf '/v1/people/a%%20b/photos/1\n' >"$seeds/multipart/path"
cp "$seeds"/record/* "$seeds/serve_json"
find "$seeds/torch" -type f -size -8k -exec cp -t "$seeds/serve_json" {} +
printf "\x93NUMPY\x01\x00\x3c\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }   \n12345678" >"$seeds/serve_json/npy"
mkdir -p "$seeds/sandbox"
{
    printf '\0\0\0\0\0\2\0\0\0\1\0\0\0\2\0\0\0\1\0\0\0'
    head -c 524 /dev/zero
    printf pixels
} >"$seeds/sandbox/picture"
{
    printf '\0\11\0\0\0'
    head -c 36 /dev/zero
    printf '?: broken\n'
    head -c 494 /dev/zero
} >"$seeds/sandbox/fault"
for kind in csv gallery head image multipart npy pairs prom record safetensors sandbox serve_json source table tfjs tflite torch yaml; do
    n=$(find "$seeds/$kind" -type f | wc -l)
    printf '%s: %d seeds\n' "$kind" "$n"
    [ "$n" -gt 0 ]
done
