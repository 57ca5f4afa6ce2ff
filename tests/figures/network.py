"""Layers of an ONNX network of Caffe's convention (BGR, 0..255, mean taken off), by ONNX Runtime."""

import pathlib

import numpy as np
import onnx
import onnxruntime
from PIL import Image

MODELS = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "models"
MEAN_BGR = np.array([104, 117, 123], np.float32)


class Network:
    """Named values of a network for RGB pictures."""

    def __init__(self, path, layers):
        model = onnx.load(str(path))
        made = {name for node in model.graph.node for name in node.output}
        for layer in layers:
            if layer not in made:
                raise SystemExit(f"{path} has no value {layer}")
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=layer) for layer in layers)
        self.layers = list(layers)
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def run(self, rgb):
        """rgb [H,W,3] f32 0..1 -> {layer: [C,h,w]}."""
        x = rgb[..., ::-1].astype(np.float32) * 255 - MEAN_BGR
        values = self.session.run(self.layers, {self.input: x.transpose(2, 0, 1)[None].copy()})
        return {layer: value[0] for layer, value in zip(self.layers, values)}


def load(path, mode="RGB"):
    """A picture as f32 0..1."""
    return np.asarray(Image.open(path).convert(mode)).astype(np.float32) / 255
