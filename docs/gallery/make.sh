#!/usr/bin/env bash
# Makes the gallery: a picture of every system and a page that shows them with
# the commands that made them. Without arguments it is the gallery of the
# embedded network, which is the one kept here; other networks by flags:
#
#   docs/gallery/make.sh                                  # docs/gallery
#   docs/gallery/make.sh --model googlenet --out my-gallery \
#     --features mixed4c:39,mixed4d:136,mixed5a:0,mixed4b:195 \
#     --from mixed4a:476 --to mixed4a:460 --shallow mixed3b --middle mixed4c \
#     --photo photo.jpg --style painting.jpg
#
#   --model M       network, as `phosphene models list` names it
#   --out DIR       folder of the page and its pictures
#   --features L    channels shown, LAYER:CHANNEL joined by commas
#   --from, --to    the ends of the interpolation
#   --shallow, --middle   layers for inversion, dreams, patterns, caricatures
#   --photo FILE    what dreams, caricatures, inversions, style start from;
#                   without one, a picture this script made before
#   --style FILE    painting for style transfer and patterns; likewise
#   --size N        side of the pictures, 144
#   --percent P     of the usual steps, 100: fewer for a quick look
#   --keep yes      leave pictures that are there already as they are
#
# PHOSPHENE is the program to run, with its flags: default `phosphene --local`
# from build/release or the path. A server that runs already is quicker:
#   PHOSPHENE="phosphene --server unix:/run/phosphene" docs/gallery/make.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)

model=phosphene-tiny
out=$root/docs/gallery
features=mixed4c:11,mixed4b:31,mixed4c:26,mixed4b:7,mixed4c:25,mixed4a:14
from=mixed4b:8
to=mixed4c:11
shallow=mixed3b
middle=mixed4c
photo=
style=
size=144
percent=100
keep=no
while [ $# -gt 0 ]; do
  case $1 in
    --model|--out|--features|--from|--to|--shallow|--middle|--photo|--style|--size|--percent|--keep)
      [ $# -gt 1 ] || { echo "make.sh: $1 needs a value" >&2; exit 2; }
      declare "${1#--}=$2"; shift 2 ;;
    -h|--help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    *) echo "make.sh: no flag \"$1\"; see --help" >&2; exit 2 ;;
  esac
done

if [ -z "${PHOSPHENE:-}" ]; then
  program=$root/build/release/bin/phosphene
  [ -x "$program" ] || program=$(command -v phosphene) ||
    { echo "make.sh: build first, or set PHOSPHENE" >&2; exit 2; }
  PHOSPHENE="$program --local"
fi
mkdir -p "$out"
page=$out/README.md
pictures=()

steps() { local n=$(( $1 * percent / 100 )); echo $(( n > 1 ? n : 1 )); }

# show FILE TITLE COMMAND...: makes a picture and an entry of the page.
show() {
  local file=$1 title=$2; shift 2
  if [ "$keep" = no ] || [ ! -s "$out/$file" ]; then
    echo "$file" >&2
    # shellcheck disable=SC2086
    $PHOSPHENE --quiet "$@" -o "$out/$file" > /dev/null
  fi
  pictures+=("$file")
  entry "$file" "$title" "$*"
}
# Names of files as a reader would write them.
entry() {
  local words=${3//$out\//}
  [ -z "$photo_given" ] || words=${words//$photo_given/photo.jpg}
  [ -z "$style_given" ] || words=${words//$style_given/painting.jpg}
  printf '| ![%s](%s) | **%s**<br>`phosphene %s -o %s` |\n' \
    "$2" "$1" "$2" "$words" "$1" >> "$page.part"
}
photo_given=$photo
style_given=$style

: > "$page.part"
common=(--model "$model")
# With colours that differ half as much as in photographs, shapes come first.
look=()
[ "$model" != phosphene-tiny ] || look=(--colors soft)
wide=$(( size * 4 / 3 ))x$size

n=0
for target in ${features//,/ }; do
  n=$(( n + 1 ))
  show "feature-$n.webp" "Feature: ${target%:*}, channel ${target##*:}" \
    feature "${common[@]}" --layer "${target%:*}" --channel "${target##*:}" \
    "${look[@]}" --size "$size" --steps "$(steps 384)"
done
first=${features%%,*}
layer=${first%:*}
channel=${first##*:}
[ -n "$photo" ] || photo=$out/cppn.webp
[ -n "$style" ] || style=$out/feature-1.webp

show sheet.png "Sheet: sixteen channels of $middle" \
  sheet "${common[@]}" --layer "$middle" --channels 16-31 --columns 8 \
  "${look[@]}" --size $(( size / 2 )) --steps "$(steps 192)"
show diversity.webp "Diversity: one channel, four ways" \
  diversity "${common[@]}" --layer "$layer" --channel "$channel" \
  --size $(( size * 3 / 4 )) --steps "$(steps 256)"
show interpolate.webp "Aligned interpolation: $from to $to" \
  interpolate "${common[@]}" --from "$from" --to "$to" --frames 8 --fps 6 \
  "${look[@]}" --size $(( size * 3 / 4 )) --steps "$(steps 256)"
show cppn.webp "CPPN: a picture without pixels" \
  cppn "${common[@]}" --layer "$layer" --channel "$channel" \
  --size $(( size * 3 / 4 )) --render "$size" --steps "$(steps 384)"
show transparent.png "Transparent: its own cut-out" \
  transparent "${common[@]}" --layer "$layer" --channel "$channel" \
  --size "$size" --transforms "background,scale:.6:.8:1:1.1,crop:$(( size / 2 ))" \
  --steps "$(steps 384)"
show pattern.webp "Infinite pattern: it tiles" \
  pattern "${common[@]}" --layer "$middle" --image "$style" --size "$size" \
  --steps "$(steps 192)"
show dream.webp "DeepDream" \
  dream "${common[@]}" --layer "$middle" --start-from "$photo" --size "$wide" \
  --laplacian --steps "$(steps 10)"
show flight.webp "A flight into the dream" \
  dream "${common[@]}" --layer "$middle" --start-from "$photo" \
  --size "$size" --octaves 2 --steps "$(steps 6)" \
  --zoom 16 --zoom-factor 1.05
show accent.webp "Accentuation: a photo turned towards a channel" \
  feature "${common[@]}" --layer "$layer" --channel "$channel" \
  --start-from "$photo" --size "$wide" --steps "$(steps 48)"
show invert.webp "Inversion: what $shallow knows of it" \
  invert "${common[@]}" --image "$photo" --layer "$shallow" --size "$wide" \
  --steps "$(steps 256)"
show caricature.webp "Caricature: what $middle sees in it" \
  caricature "${common[@]}" --image "$photo" --layer "$middle" --size "$wide" \
  --steps "$(steps 192)"
show style.webp "Style transfer" \
  style "${common[@]}" --content "$photo" --style "$style" --size "$wide" \
  --steps "$(steps 192)"

# A knot to paint on: a tube along a trefoil, with UVs along and around it.
python3 - > "$out/knot.obj" <<'PY'
from math import cos, pi, sin
n, m, r = 120, 16, .45
curve = lambda t: (sin(t) + 2 * sin(2 * t), cos(t) - 2 * cos(2 * t), -sin(3 * t))
unit = lambda v: [x / sum(y * y for y in v) ** .5 for x in v]
cross = lambda a, b: [a[1]*b[2]-a[2]*b[1], a[2]*b[0]-a[0]*b[2], a[0]*b[1]-a[1]*b[0]]
for i in range(n):
    t = 2 * pi * i / n
    p, q = curve(t), curve(t + 1e-4)
    d = unit([b - a for a, b in zip(p, q)])
    u = unit(cross(d, (0, 0, 1)))
    v = cross(d, u)
    for j in range(m):
        a = 2 * pi * j / m
        print("v", *(round(p[k] + r * (cos(a) * u[k] + sin(a) * v[k]), 5) for k in range(3)))
for i in range(n + 1):
    for j in range(m + 1):
        print("vt", round(i / n * 6, 5), round(j / m, 5))
for i in range(n):
    for j in range(m):
        ring = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
        print("f", *(f"{a % n * m + b % m + 1}/{a * (m + 1) + b + 1}" for a, b in ring))
PY
show texture.webp "A texture on a knot: its turn" \
  texture "${common[@]}" --mesh "$out/knot.obj" --unwrap --atlas 512 --size "$size" \
  --layer "$layer" --channel "$channel" --steps "$(steps 256)"
rm "$out/knot.obj"

# The toy needs no network.
echo basin.png >&2
# shellcheck disable=SC2086
$PHOSPHENE --quiet basin --range 0.5 --size "$size" -o "$out/basin.png" > /dev/null
pictures+=(basin.png)
entry basin.png "Basins: a shared parameter widens the aligned ones" \
  "basin --range 0.5 --size $size"

{
  echo "# Gallery"
  echo
  echo "Every picture is made by \`docs/gallery/make.sh\` from the network"
  echo "\`$model\` alone. \`docs/gallery/make.sh --help\` tells how to make the page"
  echo "for another network. How each system works: [how-to pages](../howto/README.md)."
  echo
  echo "| | |"
  echo "|---|---|"
  cat "$page.part"
} > "$page"
rm "$page.part"
echo "$page: ${#pictures[@]} pictures, $(du -ch "${pictures[@]/#/$out/}" | tail -1 | cut -f1)"
