#!/usr/bin/env bash
# Makes the networks of whole_net_test (about 6 GB, twenty minutes on two cores,
# once) under build/whole-nets and prints the folder: its last line of output.
# For PHOSPHENE_WHOLE_NETS. PyTorch and ONNX Runtime go into build/nets-venv.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/build
venv=$build/nets-venv
nets=$build/whole-nets
mkdir -p "$build"

if [ ! -f "$venv/.complete" ]; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements-nets.txt" >&2
  touch "$venv/.complete"
fi

make() {  # folder under $nets, arguments of make_whole_nets.py
  local folder=$nets/$1
  shift
  [ -f "$folder/.complete" ] && return
  "$venv/bin/python" -W ignore "$here/make_whole_nets.py" "$folder" "$@" >&2
  touch "$folder/.complete"
}

make opset-17
make dynamo --exporter dynamo --nets resnet18 mobilenet_v3_small vit_b_32 convnext_tiny \
  efficientnet_b0 swin_t clip_tower clip_resnet
make opset-9 --opset 9 --nets resnet18 densenet121 mobilenet_v2
make opset-11 --opset 11 --nets resnet18 densenet121 mobilenet_v2
make opset-13 --opset 13 --nets resnet18 densenet121 mobilenet_v2 swin_t efficientnet_b0 shufflenet_v2_x0_5
make opset-14 --opset 14 --nets vit_b_32 mobilenet_v3_small
make opset-20 --opset 20 --nets convnext_tiny efficientnet_b0 swin_t clip_tower
echo "$nets"
