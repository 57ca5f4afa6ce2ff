#!/bin/bash
# Makes the pictures of the article's systems with GoogLeNet through a server, and measures them.
#
#   tests/figures/make.sh SERVER FOLDER PYTHON
#
# SERVER: HOST:PORT or unix:PATH of a phosphened; FOLDER: where pictures and figures.txt go; PYTHON: an interpreter
# with requirements.txt. The model `googlenet` is added where it is missing. PHOSPHENE names the client.
set -euo pipefail
export PHOSPHENE_SERVER=${1:?server} OUT=${2:?folder} PYTHON=${3:-python3}
here=$(cd "$(dirname "$0")" && pwd)
shared=$(cd "$here/../../../shared" && pwd)
phosphene=${PHOSPHENE:-phosphene}
mkdir -p "$OUT"

say() { echo "$*" | tee -a "$OUT/figures.txt"; }
run() { "$phosphene" --quiet "$@" --model googlenet | tee -a "$OUT/figures.txt"; }
measure() { "$PYTHON" "$here/$1.py" "${@:2}" | tee -a "$OUT/figures.txt"; }

"$phosphene" models show googlenet >/dev/null 2>&1 ||
    "$phosphene" models add "$shared/models/googlenet.onnx" --bgr --mean 104,117,123 --range 0,255

say "== interpolation"
pair=(--from inception_4a/output:476 --to inception_4a/output:460 --size 96 --steps 200 --frames 6)
run interpolate "${pair[@]}" --no-sharing -o "$OUT/alone.png"
run interpolate "${pair[@]}" -o "$OUT/shared.png"
run interpolate "${pair[@]}" --align inception_3b/output --align inception_4a/output -o "$OUT/aligned.png"
measure interpolate "$OUT"/{alone,shared,aligned}.png

say "== style"
style=(--content "$shared/images/tubingen.jpg" --style "$shared/images/starry_night.jpg" --size 256x192 --steps 200)
run style "${style[@]}" -o "$OUT/fourier.png"
run style "${style[@]}" --transforms none -o "$OUT/fourier-still.png"
run style "${style[@]}" --param pixel --colors rgb -o "$OUT/pixel.png"
run style "${style[@]}" --param pixel --colors rgb --transforms none -o "$OUT/pixel-still.png"
measure style --style "$shared/images/starry_night.jpg" --content "$shared/images/tubingen.jpg" --own \
    "$OUT"/{fourier,fourier-still,pixel,pixel-still}.png

say "== cppn"
run cppn --layer inception_4b/output --channel 77 -o "$OUT/cppn-224.png" --render 224 --label figure=cppn
job=$("$phosphene" --json jobs list --filter 'labels.figure = cppn' --limit 1 | "$PYTHON" -c \
    'import json, sys; print(json.loads(sys.stdin.readline())["name"])')
"$phosphene" --quiet render "$job" --size 1792 -o "$OUT/cppn-1792.png"
run cppn --layer inception_4c/output --channel 10 --periodic --activation unbiased -o "$OUT/tile.png"
measure cppn --sizes "$OUT"/cppn-{224,1792}.png --tile "$OUT/tile.png"

say "== transparent"
run transparent --layer inception_4c/output --channel 10 -o "$OUT/cutout.png" --board "$OUT/board.png"
measure transparent "$OUT/cutout.png"

say "== pattern"
pattern=(--layer inception_4d/output --image "$shared/images/tubingen.jpg")
run pattern "${pattern[@]}" -o "$OUT/octaves.png"
run pattern "${pattern[@]}" --param cppn -o "$OUT/places.png"
run pattern "${pattern[@]}" --param fourier -o "$OUT/one-size.png"
measure pattern --layer inception_4d/output --image "$shared/images/tubingen.jpg" "$OUT"/{octaves,places,one-size}.png
