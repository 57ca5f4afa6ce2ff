"""The embedded model: a small GoogLeNet-shaped network, and its export to ONNX.

Trained with batch normalisation, exported without: each normalisation is folded into the convolution before it. The graph is written by hand
so that every value has the name one would guess from Caffe's GoogLeNet and from lucid.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)

# name: (1x1, 3x3_bottleneck, 3x3, 5x5_bottleneck, 5x5, pool_reduce); "pool" halves the picture.
MODULES = [
    ("pool2", None),
    ("mixed3a", (32, 32, 48, 8, 16, 16)),
    ("mixed3b", (48, 48, 64, 12, 24, 24)),
    ("pool3", None),
    ("mixed4a", (48, 64, 96, 16, 32, 32)),
    ("mixed4b", (48, 64, 96, 16, 32, 32)),
    ("mixed4c", (48, 64, 96, 16, 32, 32)),
    ("mixed4d", (64, 72, 112, 20, 40, 40)),
    ("pool4", None),
    ("mixed5a", (80, 96, 144, 24, 48, 48)),
    ("mixed5b", (80, 96, 144, 24, 48, 48)),
]
STEM = [("conv1", 3, 32, 4, 2), ("conv2", 32, 48, 3, 1)]  # name, in, out, kernel, stride

# The stem never sees the finest detail: conv1 is a learned 4x4 kernel behind the low pass (1 3 3 1)/8, written out as one 7x7 convolution. A
# kernel of odd stride-2 reach weighs even and odd pixels differently, and an optimizer paints that difference as a checker; behind the low pass
# there is nothing of it left. What it reads beyond the edge repeats the edge's pixels, so that the picture has no rim to answer to.
LOW = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8


def halve(x):
    """Half the size by a low pass as well (Zhang 2019, "Making Convolutional Networks Shift-Invariant Again"): (1 2 1)/4 along each axis, as
    two means of 2x2. Every pixel weighs the same, and what lies beyond the edge isn't counted."""
    return F.avg_pool2d(F.avg_pool2d(x, 2, 1, 1, count_include_pad=False), 2, 2)


class Unit(nn.Module):
    """A convolution and its batch normalisation; the ReLU is the caller's."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        return self.norm(self.conv(x))

    def folded(self):
        """Weight and bias of the one convolution that does the same."""
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        return self.conv.weight * scale[:, None, None, None], self.norm.bias - self.norm.running_mean * scale


class SoftUnit(nn.Module):
    """A unit whose kernel is behind the low pass; padded by its own reach, edges repeated."""

    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3)
        self.reach = (kernel + len(LOW) - 1) // 2

    def kernel(self):
        """The learned kernel and the low pass in one, 7x7 for 4x4."""
        w = self.conv.weight
        n, c, k = w.shape[:3]
        return F.conv2d(w.reshape(n * c, 1, k, k), torch.outer(LOW, LOW).to(w)[None, None], padding=len(LOW) - 1).view(n, c, k + 3, k + 3)

    def forward(self, x):
        return self.norm(F.conv2d(F.pad(x, [self.reach] * 4, "replicate"), self.kernel(), stride=self.conv.stride))

    def folded(self):
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        return self.kernel() * scale[:, None, None, None], self.norm.bias - self.norm.running_mean * scale


class Mixed(nn.Module):
    def __init__(self, inputs, one, three_in, three, five_in, five, pool):
        super().__init__()
        self.branches = nn.ModuleDict({
            "1x1": Unit(inputs, one, 1),
            "3x3_bottleneck": Unit(inputs, three_in, 1),
            "3x3": Unit(three_in, three, 3),
            "5x5_bottleneck": Unit(inputs, five_in, 1),
            "5x5": Unit(five_in, five, 5),
            "pool_reduce": Unit(inputs, pool, 1),
        })
        self.outputs = one + three + five + pool

    def forward(self, x):
        run = self.branches
        return torch.cat([
            run["1x1"](x),
            run["3x3"](F.relu(run["3x3_bottleneck"](x))),
            run["5x5"](F.relu(run["5x5_bottleneck"](x))),
            run["pool_reduce"](F.max_pool2d(x, 3, 1, 1)),
        ], 1)


class Tiny(nn.Module):
    def __init__(self, classes, dropout=0.1):
        super().__init__()
        self.stem = nn.ModuleDict({name: (SoftUnit if s > 1 else Unit)(i, o, k, s) for name, i, o, k, s in STEM})
        self.mixed = nn.ModuleDict()
        width = STEM[-1][2]
        for name, plan in MODULES:
            if plan:
                self.mixed[name] = Mixed(width, *plan)
                width = self.mixed[name].outputs
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(width, classes)

    def layers(self, x, relu=F.relu):
        """Every layer by its ONNX name, in order, computed as they are asked for."""
        for name, unit in self.stem.items():
            x = unit(x)
            yield name + "_pre_relu", x
            x = relu(x)
            yield name, x
        for name, plan in MODULES:
            if plan:
                x = self.mixed[name](x)
                yield name + "_pre_relu", x
                x = relu(x)
            else:
                x = halve(x)
            yield name, x
        x = x.mean((2, 3))
        yield "avgpool", x
        yield "logits", self.logits(self.dropout(x))

    def forward(self, x):
        for _, value in self.layers(x):
            pass
        return value


def export(network, path):
    """Writes the ONNX file. Any batch, any height and width."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, initializers = [], []

    def constant(name, tensor):
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(tensor.detach().float().numpy()), name))
        return name

    def edges(source, reach, name):
        pads = numpy_helper.from_array(np.array([0, 0, reach, reach] * 2, np.int64), name + "_pads")
        initializers.append(pads)
        nodes.append(helper.make_node("Pad", [source, name + "_pads"], [name], name=name, mode="edge"))
        return name

    def halved(source, name):
        nodes.append(helper.make_node("AveragePool", [source], [name + "_soft"], name=name + "_soft", kernel_shape=[2, 2], strides=[1, 1],
                                      pads=[1] * 4, count_include_pad=0))
        nodes.append(helper.make_node("AveragePool", [name + "_soft"], [name], name=name, kernel_shape=[2, 2], strides=[2, 2]))
        return name

    def conv(unit, source, name):
        weight, bias = unit.folded()
        kernel, stride, reach = weight.shape[2], unit.conv.stride[0], weight.shape[2] // 2
        if isinstance(unit, SoftUnit):
            source, reach = edges(source, reach, source + "_edges"), 0
        nodes.append(helper.make_node(
            "Conv", [source, constant(name + "_w", weight), constant(name + "_b", bias)], [name + "_pre_relu"], name=name + "_conv",
            kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[reach] * 4))
        return name + "_pre_relu"

    def relu(name):
        nodes.append(helper.make_node("Relu", [name + "_pre_relu"], [name], name=name + "_relu"))
        return name

    def pool(source, name, stride):
        nodes.append(helper.make_node("MaxPool", [source], [name], name=name, kernel_shape=[3, 3], strides=[stride] * 2, pads=[1] * 4))
        return name

    value = "data"
    for name, unit in network.stem.items():
        conv(unit, value, name)
        value = relu(name)
    for name, plan in MODULES:
        if not plan:
            value = halved(value, name)
            continue
        run = network.mixed[name].branches
        towers = [conv(run["1x1"], value, name + "_1x1")]
        for size in ("3x3", "5x5"):
            conv(run[size + "_bottleneck"], value, f"{name}_{size}_bottleneck")
            towers.append(conv(run[size], relu(f"{name}_{size}_bottleneck"), f"{name}_{size}"))
        towers.append(conv(run["pool_reduce"], pool(value, name + "_pool", 1), name + "_pool_reduce"))
        nodes.append(helper.make_node("Concat", towers, [name + "_pre_relu"], name=name + "_concat", axis=1))
        value = relu(name)
    nodes.append(helper.make_node("GlobalAveragePool", [value], ["avgpool"], name="avgpool"))
    nodes.append(helper.make_node("Flatten", ["avgpool"], ["avgpool_flat"], name="flatten", axis=1))
    nodes.append(helper.make_node(
        "Gemm", ["avgpool_flat", constant("logits_w", network.logits.weight), constant("logits_b", network.logits.bias)], ["logits"],
        name="logits", transB=1))
    nodes.append(helper.make_node("Softmax", ["logits"], ["prob"], name="prob", axis=1))

    classes = network.logits.out_features
    graph = helper.make_graph(
        nodes, "phosphene-tiny",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [helper.make_tensor_value_info("prob", TensorProto.FLOAT, ["batch", classes])], initializers)
    model = helper.make_model(graph, producer_name="phosphene", opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
