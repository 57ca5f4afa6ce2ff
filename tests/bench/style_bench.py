"""Steps a second of style transfer as neural-style-pt does it, the peer of engine_bench --style.

    python style_bench.py [--threads 2] [--steps 10] [--size 512]
    engine_bench --model vgg19_to_block3.onnx --bgr --mean 123.68,116.779,103.939 --range 0,255 \\
      --layer block1_relu1,block2_relu1,block3_relu1 --style painting.jpg --param pixel --transforms none --size 512

VGG19 up to its block 3 (relu3_1), cut off behind the last layer that is read,
weights frozen, channels_last; a Gram matrix at relu1_1, relu2_1 and relu3_1
against that of a picture, mean squares; Adam on the pixels. The weights are
random: speed does not depend on them.
"""

import argparse
import json
import time

import torch
from torch import nn

WIDTHS = [(3, 64), (64, 64), "pool", (64, 128), (128, 128), "pool", (128, 256)]
READ = {1: "relu1_1", 6: "relu2_1", 11: "relu3_1"}  # places behind which a Gram is taken


def vgg():
    layers = []
    for width in WIDTHS:
        layers += [nn.MaxPool2d(2)] if width == "pool" else [nn.Conv2d(*width, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.ModuleList(layers)


def gram(x):
    flat = x.flatten(2)
    return flat @ flat.transpose(1, 2) / x[0].numel()


def grams(network, x):
    out = []
    for place, layer in enumerate(network):
        x = layer(x)
        if place in READ:
            out.append(gram(x))
    return out


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--threads", type=int, default=2)
    flags.add_argument("--steps", type=int, default=10)
    flags.add_argument("--warmup", type=int, default=3)
    flags.add_argument("--size", type=int, default=512)
    arguments = flags.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    network = vgg().to(memory_format=torch.channels_last).requires_grad_(False)
    shape = (1, 3, arguments.size, arguments.size)
    with torch.no_grad():
        wanted = grams(network, torch.randn(shape).to(memory_format=torch.channels_last))
    image = torch.randn(shape).to(memory_format=torch.channels_last).requires_grad_(True)
    optimizer = torch.optim.Adam([image], lr=1.0)
    each = []
    for step in range(arguments.warmup + arguments.steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = sum(nn.functional.mse_loss(got, want) for got, want in zip(grams(network, image), wanted))
        loss.backward()
        optimizer.step()
        if step >= arguments.warmup:
            each.append(1e3 * (time.perf_counter() - start))
    each.sort()
    print(json.dumps({"peer": "neural-style-pt-like", "threads": arguments.threads, "size": arguments.size,
                      "ms_per_step": round(each[len(each) // 2], 1)}))


if __name__ == "__main__":
    main()
