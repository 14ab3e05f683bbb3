#!/bin/sh
# npm-package.sh NAME VERSION FOLDER: the files of an npm package, in FOLDER/package, fetched once and nothing of it
# run. Exit 77, a skipped test, where npm or the package cannot be had.
set -eu
name=$1 version=$2 folder=$3
if [ -e "$folder/package/package.json" ]; then
    exit 0
fi
skip() {
    echo "skipped: $1" >&2
    exit 77
}
command -v npm >/dev/null || skip "npm is not installed"
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
timeout 120 npm pack --loglevel=error --ignore-scripts "$name@$version" >npm.log 2>&1 ||
    skip "npm pack $name@$version failed: $(cat npm.log)"
tar -xzf ./*.tgz
rm -- ./*.tgz
