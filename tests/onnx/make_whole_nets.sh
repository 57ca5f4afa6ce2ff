#!/usr/bin/env bash
# Makes the networks of whole_net_test (about 8 GB, half an hour on two cores,
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

# Where the channels of layers are, in families that leave [N,C,H,W] and come back.
make channels-opset-13 --channels --opset 13 --nets shufflenet_v2_x0_5 timm/resnetv2_50d_gn \
  timm/poolformer_s12 timm/fastvit_t8 timm/coat_lite_tiny timm/coat_tiny timm/efficientvit_b0 \
  timm/efficientvit_m0 timm/tiny_vit_5m_224 timm/xcit_nano_12_p16_224 timm/mobilevit_xxs timm/mobilevitv2_050 \
  timm/resnest14d timm/eca_nfnet_l0 timm/skresnet18 timm/convnextv2_atto timm/edgenext_xx_small timm/levit_128s \
  timm/pvt_v2_b0 timm/botnet26t_256 timm/gcresnet33ts timm/ghostnet_100
make channels-opset-17 --channels --opset 17 --nets timm/resnetv2_50d_gn timm/fastvit_t8 timm/mobilevit_xxs \
  timm/xcit_nano_12_p16_224 timm/swin_tiny_patch4_window7_224 timm/vit_tiny_patch16_224 timm/davit_tiny \
  timm/mobilenetv4_hybrid_medium timm/efficientformer_l1 timm/test_efficientnet_gn timm/test_nfnet timm/test_vit
make channels-dynamo --channels --exporter dynamo --nets shufflenet_v2_x0_5 timm/resnetv2_50d_gn \
  timm/poolformer_s12 timm/fastvit_t8 timm/coat_lite_tiny timm/efficientvit_b0 timm/tiny_vit_5m_224 \
  timm/xcit_nano_12_p16_224 timm/mobilevit_xxs timm/resnest14d
echo "$nets"
