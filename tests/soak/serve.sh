#!/usr/bin/env bash
# serve.sh FC_SERVE PHOTO [REQUESTS]    many requests to one server (100,000): pictures, forms, errors, clients that go away, new
# connections. Its memory must not grow by more than 5 MB after the first fifth, and no descriptor may be left.
# Wants curl and wrk.
set -euo pipefail
export FACECHECK_CONFIG=
fc_serve=$1 photo=$2 requests=${3:-100000}
command -v wrk >/dev/null || {
    echo 'serve.sh: wants wrk' >&2
    exit 77
}
temporary=$(mktemp -d)
trap 'kill -9 "$server" 2>/dev/null || true; rm -rf "$temporary"' EXIT
fc_serve=$(realpath "$fc_serve") photo=$(realpath "$photo")
cd "$temporary"
"$fc_serve" --listen 127.0.0.1:0 -j 2 2>log &
server=$!
until grep -q 'listening on' log; do
    kill -0 "$server"
    sleep 0.05
done
url=http://$(sed -n 's/.*listening on //p' log)
: >log # each request is a line

# What wrk sends, by turns.
cat >mix.lua <<END
local f = io.open("$photo", "rb")
local photo = f:read("*a")
f:close()
local form = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\n\r\n" .. photo .. "\r\n--b--\r\n"
local multipart = {["Content-Type"] = "multipart/form-data; boundary=b"}
local n = 0
request = function()
    n = n + 1
    if n % 10 == 1 then return wrk.format("POST", "/v1/embed", {["Content-Type"] = "image/jpeg"}, photo) end
    if n % 10 == 2 then return wrk.format("POST", "/v1/detect", multipart, form) end
    if n % 10 == 3 then return wrk.format("POST", "/v1/detect", multipart, form:sub(1, 200)) end
    if n % 10 == 4 then return wrk.format("POST", "/v1/match", multipart, form) end
    if n % 10 == 5 then return wrk.format("GET", "/nowhere") end
    if n % 10 == 6 then return wrk.format("GET", "/metrics") end
    if n % 10 == 7 then return wrk.format("POST", "/v1/detect", nil, photo:sub(1, 500)) end
    return wrk.format("GET", "/ping")
end
END

answered() {
    curl -s "$url/metrics" | awk '/^facecheck_requests_total/ { n += $NF } END { print n + 0 }'
}
memory() {
    awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$server/status"
}
descriptors() {
    find "/proc/$server/fd" -mindepth 1 | wc -l
}

sleep 0.2
before=$(descriptors)
first=0 highest=0 rounds=0
while n=$(answered) && [ "$n" -lt "$requests" ]; do
    wrk -t 1 -c 8 -d 1s -s mix.lua "$url" >/dev/null
    for _ in 1 2 3; do # who goes away in mid-answer
        timeout 0.02 curl -s --data-binary "@$photo" "$url/v1/embed" >/dev/null || true
    done
    : >log
    if [ "$n" -le $((requests / 5)) ] && [ "$(memory)" -gt "$first" ]; then first=$(memory); fi
    if [ "$(memory)" -gt "$highest" ]; then highest=$(memory); fi
    rounds=$((rounds + 1))
done
sleep 2
after=$(descriptors)
awk -v n="$n" -v rounds="$rounds" -v a="$first" -v b="$highest" -v da="$before" -v db="$after" 'BEGIN {
    printf "%d requests in %d rounds; most memory in the first fifth %.1f MB, at all %.1f MB; descriptors %d before, %d after\n",
        n, rounds, a / 1e6, b / 1e6, da, db
    exit !(b - a <= 5e6 && db <= da)
}'
kill -TERM "$server"
wait "$server"
