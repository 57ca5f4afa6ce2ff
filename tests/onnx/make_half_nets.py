"""Makes the nets of half_test.cc: small networks in half precision as tools
write them, and the values ONNX Runtime computes on one image. Needs torch,
onnx, onnxruntime and onnxconverter-common (PyPI).

    python3 tests/onnx/make_half_nets.py tests/onnx/data
"""

import io
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxconverter_common import float16


class Net(torch.nn.Module):
    """Convolutions with batch norm, a block of attention, a classifier."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention
        self.conv = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.mix = torch.nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.even = torch.nn.LayerNorm(8)
        self.attend = torch.nn.MultiheadAttention(8, 2, batch_first=True)
        self.classify = torch.nn.Linear(8, 5)

    def forward(self, image):
        x = torch.relu(self.norm(self.conv(image)))
        x = torch.nn.functional.hardswish(self.mix(x))
        x = torch.nn.functional.max_pool2d(x, 2)
        tokens = self.even(x.flatten(2).transpose(1, 2))
        if self.attention:
            tokens = tokens + self.attend(tokens, tokens, tokens, need_weights=False)[0]
        return self.classify(tokens.mean(1)).softmax(1)


def image():
    c, y, x = np.meshgrid(range(3), range(16), range(16), indexing="ij")
    return (((c * 7 + y * 3 + x * 5) % 17) / 16).astype(np.float32)[None]


def net(attention=True):
    torch.manual_seed(1)
    made = Net(attention).eval()
    made.norm.running_mean.uniform_(-0.2, 0.2)
    made.norm.running_var.uniform_(0.5, 1.5)
    return made


def export(module, dtype):
    file = io.BytesIO()
    torch.onnx.export(module.to(dtype), (torch.zeros(1, 3, 16, 16, dtype=dtype),), file,
                      input_names=["image"], output_names=["probability"], opset_version=17,
                      dynamo=False)
    return onnx.load_from_string(file.getvalue())


def converted(module):
    """What onnxconverter-common makes of an f32 file: casts at both ends. It
    cannot do nets with casts of their own, such as attention."""
    return float16.convert_float_to_float16(export(module, torch.float32), keep_io_types=True)


def with_weights(model, name, to):
    """An f32 net whose weights are kept in a half type and cast when used."""
    nodes = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        half = helper.make_tensor(tensor.name + "/half", to, values.shape, values.flatten().tolist())
        nodes.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(half)
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes + rest)
    model.graph.name = name
    return model


def values(model):
    """Every float value by ONNX Runtime, unoptimized."""
    model = onnx.shape_inference.infer_shapes(model)
    names = [info.name for info in list(model.graph.value_info) + list(model.graph.output)
             if info.type.tensor_type.elem_type in (TensorProto.FLOAT, TensorProto.FLOAT16)]
    kept = {o.name for o in model.graph.output}
    model.graph.output.extend(helper.make_empty_tensor_value_info(n) for n in names if n not in kept)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    half = session.get_inputs()[0].type == "tensor(float16)"
    fed = image().astype(np.float16 if half else np.float32)
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, {"image": fed})))


def write(folder, name, model):
    for entry in model.graph.node:
        entry.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, folder / f"{name}.onnx")
    with open(folder / f"{name}.values", "w", encoding="utf-8") as out:
        for value, array in values(model).items():
            # One row a picture and channels next: what a layer is. Inside attention
            # axes are others. Its first numbers tell.
            if "attend" in value or array.ndim not in (2, 4) or array.shape[0] != 1:
                continue
            if np.ptp(array.astype(np.float32)) > 0:
                numbers = " ".join(f"{v:.5g}" for v in array.astype(np.float32).flatten()[:16])
                out.write(f"{value} {numbers}\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, "half_whole", export(net(), torch.float16))
    write(folder, "half_converted", converted(net(attention=False)))
    write(folder, "half_weights", with_weights(export(net(), torch.float32), "f", TensorProto.FLOAT16))
    write(folder, "bfloat_weights", with_weights(export(net(), torch.float32), "b", TensorProto.BFLOAT16))


main()
