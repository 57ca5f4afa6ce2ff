"""Exports networks with random weights, with what they must give.

    python make_whole_nets.py OUT [--nets resnet18 vit_b_32 ...] [--exporter torchscript|dynamo] [--opset N]

torchvision's by their names there (segmentation/NAME for those of that module,
whose output is the map of scores), clip_tower and clip_resnet (clip_towers.py),
and timm/NAME for those of the PyPI package timm. Needs the PyPI packages torch,
torchvision, onnx, onnxruntime (onnxscript for dynamo, timm for its own). Writes for each net a folder in the layout of the ONNX project's
backend tests, which whole_net_test reads:

    OUT/NET/model.onnx                   the network as exported
    OUT/NET/test_data_set_0/input_0.pb   the image batch, values -1..1
    OUT/NET/values/K.pb                  every float value of the graph, by ONNX Runtime (TensorProto, named)
    OUT/NET/channels/K.pb                of every value with its channels on axis 1 (image_like.py): mean and mean
                                         square of each channel, [2,C] (TensorProto, named)
    OUT/NET/gradient.pb                  d sum(output * cotangent) / d input, by PyTorch autograd in f64
    OUT/NET/cotangent.pb

With --channels neither values nor gradients are written, only what tells where
the channels of layers are: many families are small then, and made in seconds.

Of millions of ReLUs some lie so near 0 that rounding decides whether they pass
gradient: PyTorch in f32 then differs from itself, by layout or library, by 1e-2,
and exporters round weights when they fold BatchNorm. So an image is drawn again
until f64, two layouts of f32 and weights moved by 1e-6 agree; nets of many units
get smaller images.

For the gradient every BatchNorm is written as a scale and a shift: PyTorch 2.11's
own backward of it in inference is wrong, in f64 too, where the gradient comes in
some layouts (LeViT, EfficientFormer, XCiT; finite differences tell).

What construction leaves constant is drawn too (BatchNorm's statistics, affine
weights, biases, ViT's head of zeros, ConvNeXt's layer scales of 1e-6), so that
folding it wrong shows and every branch carries gradient.
"""

import argparse
import copy
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
import torchvision
from onnx import numpy_helper

import clip_towers
from image_like import image_like

NETS = ["alexnet", "vgg11", "vgg11_bn", "googlenet", "inception_v3", "resnet18", "resnet50",
        "resnext50_32x4d", "wide_resnet50_2", "densenet121", "squeezenet1_0", "squeezenet1_1",
        "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0",
        "efficientnet_b1", "efficientnet_v2_s", "mnasnet0_5", "mnasnet1_0", "shufflenet_v2_x0_5",
        "shufflenet_v2_x1_0", "regnet_x_400mf", "regnet_y_400mf", "regnet_y_800mf", "convnext_tiny",
        "vit_b_32", "swin_t", "swin_v2_t", "maxvit_t", "clip_tower", "clip_resnet"]
OWN = {"clip_tower": clip_towers.ClipTower, "clip_resnet": clip_towers.ClipResNet}
# Input sizes where they are not the default: what the net asks for, or what has
# few enough units.
SIZES = {"inception_v3": 139, "googlenet": 97, "resnet50": 128, "resnext50_32x4d": 128,
         "wide_resnet50_2": 128, "densenet121": 128, "swin_v2_t": 256}
DEFAULT_SIZE = 224
MOST_DRAWS = 60


def randomize(net):
    """Draws what construction leaves constant, or nearly so."""
    for parameter in net.parameters():
        if parameter.numel() > 1 and parameter.std() > 1e-4:
            continue
        level = parameter.mean().abs().item()
        if level > 0.1:  # scales
            parameter.data *= torch.empty_like(parameter).uniform_(0.7, 1.3)
        elif parameter.dim() < 2 and level < 1e-4:  # biases
            parameter.data.normal_(std=0.1)
        elif level == 0:  # heads
            parameter.data.normal_(std=parameter[0].numel() ** -0.5)
        else:  # scales of branches
            parameter.data.uniform_(0.2, 0.6)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.7, 1.5)


class Scores(torch.nn.Module):
    """A segmentation net's map of scores alone."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        return self.net(image)["out"]


def construct(name, opset):
    """The net as its package makes it, and the image size it is for, or None."""
    module, _, kind = name.rpartition("/")
    if name in OWN:
        return OWN[name](), None
    if module == "timm":
        import timm
        timm.layers.set_fused_attn((opset or 17) >= 14)  # older ones cannot hold it
        net = timm.create_model(kind, pretrained=False)
        return net, net.default_cfg["input_size"][-1]
    if module == "segmentation":
        return Scores(getattr(torchvision.models.segmentation, kind)(weights=None, weights_backbone=None)), None
    arguments = {}
    if name in ("googlenet", "inception_v3"):
        arguments = {"aux_logits": False, "init_weights": False}
    return getattr(torchvision.models, name)(weights=None, **arguments), None


def build(name, opset):
    torch.manual_seed(len(name))
    net, size = construct(name, opset)
    net = net.eval()
    for weight in net.parameters():
        weight.requires_grad_(False)
    randomize(net)
    return net, SIZES.get(name, size or DEFAULT_SIZE)


def save(array, name, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(numpy_helper.from_array(np.asarray(array, order="C"), name).SerializeToString())


def export(net, image, path, exporter, opset):
    if exporter == "dynamo":
        torch.onnx.export(net, (image,), str(path), dynamo=True, external_data=False,
                          opset_version=opset, input_names=["image"], output_names=["output"])
    else:
        torch.onnx.export(net, (image,), str(path), dynamo=False, opset_version=opset or 17,
                          input_names=["image"], output_names=["output"],
                          dynamic_axes={"image": {0: "batch"}, "output": {0: "batch"}})


def all_values(path, image):
    """Every float value of the graph, by ONNX Runtime without optimization."""
    model = onnx.load(path)
    names = [name for node in model.graph.node for name in node.output if name]
    known = {output.name for output in model.graph.output}
    for name in names:
        if name not in known:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    values = session.run(outputs, {session.get_inputs()[0].name: image})
    return {name: value for name, value in zip(outputs, values)
            if isinstance(value, np.ndarray) and value.dtype == np.float32 and value.size}


def save_channels(path, values, folder):
    """Mean and mean square of every channel of the values that are [N, C, ...]."""
    names = image_like(onnx.load(path, load_external_data=False).graph, values)
    for k, name in enumerate(names):
        value = np.moveaxis(values[name].astype(np.float64), 1, 0)
        flat = value.reshape(value.shape[0], -1)
        save(np.stack([flat.mean(1), (flat ** 2).mean(1)]).astype(np.float32), name, folder / f"{k}.pb")
    return len(names)


def gradient_of(net, image, cotangent):
    image = image.clone().requires_grad_(True)
    (net(image) * cotangent).sum().backward()
    return image.grad.double()


class ScaleAndShift(torch.nn.Module):
    """BatchNorm in inference."""

    def __init__(self, norm):
        super().__init__()
        scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", norm.bias - norm.running_mean * scale)

    def forward(self, x):
        shape = [1, -1] + [1] * (x.dim() - 2)
        return x * self.scale.view(shape) + self.shift.view(shape)


def without_batch_norms(module):
    for name, child in module.named_children():
        if isinstance(child, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)) and child.affine:
            # timm's hold an activation too.
            act = getattr(child, "act", None)
            own = ScaleAndShift(child)
            setattr(module, name, own if act is None else torch.nn.Sequential(own, act))
        else:
            without_batch_norms(child)
    return module


def moved(net):
    """The net with weights as far off as rounding leaves them."""
    net = copy.deepcopy(net)
    for parameter in net.parameters():
        parameter.data *= 1 + 1e-6 * torch.randn_like(parameter)
    return net


def draw(net, size):
    """An image, a cotangent and the gradient, which all ways to compute it agree on."""
    net = without_batch_norms(copy.deepcopy(net))
    exact_net = copy.deepcopy(net).double()
    best = None
    for _ in range(MOST_DRAWS):
        image = torch.rand(1, 3, size, size) * 2 - 1
        with torch.no_grad():
            cotangent = torch.randn(net(image).shape)
        exact = gradient_of(exact_net, image.double(), cotangent.double())
        apart = 0
        # Six ways: of two, both may fall on the same side of a kink.
        for way in range(6):
            layout = torch.channels_last if way == 1 else torch.contiguous_format
            other = net if way == 0 else moved(net)
            gradient = gradient_of(other, image.contiguous(memory_format=layout), cotangent)
            apart = max(apart, ((gradient - exact).abs().max() / exact.abs().max()).item())
            if apart > 1e-4:
                break
        if best is None or apart < best[0]:
            best = apart, image, cotangent, exact.float()
        if apart < 3e-5:
            break
    return best


def calibrate(net, size):
    """Gives BatchNorm the statistics that training would leave, so that deep layers see the image."""
    norms = [module for module in net.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of what is seen
        norm.train()
    coarse = torch.rand(4, 3, size // 16, size // 16) * 4 - 2
    image = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    with torch.no_grad():
        net(image + torch.randn_like(image) * 0.3)
    for norm in norms:
        norm.eval()


def make_channels(name, folder, exporter, opset):
    net, size = build(name, opset)
    folder.mkdir(parents=True, exist_ok=True)
    image = torch.rand(1, 3, size, size) * 2 - 1
    with torch.no_grad():
        export(net, image, folder / "model.onnx", exporter, opset)
    save(image.numpy(), "image", folder / "test_data_set_0/input_0.pb")
    values = all_values(folder / "model.onnx", image.numpy())
    count = save_channels(folder / "model.onnx", values, folder / "channels")
    print(f"{name} made; {count} layers with channels on axis 1", flush=True)


def make(name, folder, exporter, opset, calibrated):
    net, size = build(name, opset)
    if calibrated:
        calibrate(net, size)
        folder.mkdir(parents=True, exist_ok=True)
        with torch.no_grad():
            export(net, torch.rand(1, 3, size, size), folder / "model.onnx", exporter, opset)
        print(f"{name} made", flush=True)
        return
    apart, image, cotangent, gradient = draw(net, size)
    folder.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        export(net, image, folder / "model.onnx", exporter, opset)
    save(image.numpy(), "image", folder / "test_data_set_0/input_0.pb")
    save(cotangent.numpy(), "output", folder / "cotangent.pb")
    save(gradient.numpy(), "image", folder / "gradient.pb")
    values = all_values(folder / "model.onnx", image.numpy())
    for k, (value_name, value) in enumerate(values.items()):
        save(value, value_name, folder / f"values/{k}.pb")
    save_channels(folder / "model.onnx", values, folder / "channels")
    print(f"{name} made; gradients agree to {apart:.0e}", flush=True)


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("out", type=pathlib.Path)
    flags.add_argument("--nets", nargs="*", default=NETS)
    flags.add_argument("--exporter", choices=["torchscript", "dynamo"], default="torchscript")
    flags.add_argument("--opset", type=int, help="default: 17 for torchscript, dynamo's own choice")
    flags.add_argument("--calibrated", action="store_true",
                       help="for visualize_nets.py: BatchNorm's statistics from pictures, the network alone")
    flags.add_argument("--channels", action="store_true",
                       help="only where the channels of layers are: no values, no gradients")
    arguments = flags.parse_args()
    # The fused attention of inference mode has no ONNX export.
    torch.backends.mha.set_fastpath_enabled(False)
    for name in arguments.nets:
        if arguments.channels:
            make_channels(name, arguments.out / name, arguments.exporter, arguments.opset)
            continue
        make(name, arguments.out / name, arguments.exporter, arguments.opset, arguments.calibrated)


if __name__ == "__main__":
    main()
