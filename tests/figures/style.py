"""Style loss of pictures judged by VGG19, which did not make them, and peaks of a checkerboard.

usage: style.py --style starry_night.jpg [--content photo.jpg] [--own] [--size WxH] picture.png...

Style: sum over block1_relu1, block2_relu1 and block3_relu1 of mean |G - G*|, G = F F^T / (H W), G* of the style image
in its own size. Content, with --content: mean |F - F*| of block3_relu1, F* of the content in the picture's size.
Own, with --own: the two losses the run itself had, by GoogLeNet: style against 16 random crops of picture size (mean of
the losses), content at inception_3b. No transforms.
Checkerboard: the largest ratio, over frequencies of 1/2, 1/4, 1/8 and 1/16 cycles a pixel along either axis and both,
of the amplitude there to the root mean square of its neighbours (up to 4 bins away, the nearest left out).
"""

import argparse

import numpy as np
from network import MODELS, Network, load
from PIL import Image

LAYERS = ["block1_relu1", "block2_relu1", "block3_relu1"]


OWN_CONTENT = "inception_3b/output"
OWN_STYLE = ["conv2/relu_3x3", "inception_3a/output", "inception_4a/output", "inception_4b/output",
             "inception_4c/output"]


def grams(values, layers=LAYERS):
    out = []
    for layer in layers:
        f = values[layer].reshape(values[layer].shape[0], -1)
        out.append(f @ f.T / f.shape[1])
    return out


def style_loss(a, b):
    return sum(float(np.abs(x - y).mean()) for x, y in zip(a, b))


def peak(rgb):
    """(ratio, where) of the worst frequency of the picture's luma."""
    grey = rgb @ np.array([.299, .587, .114])
    power = np.abs(np.fft.fft2(grey - grey.mean()))**2
    height, width = grey.shape
    worst = (0.0, "")
    for period in (2, 4, 8, 16):
        for ky, kx in ((0, width // period), (height // period, 0), (height // period, width // period)):
            near = [power[(ky + dy) % height, (kx + dx) % width]
                    for dy in range(-4, 5) for dx in range(-4, 5) if abs(dy) + abs(dx) > 1]
            ratio = float(np.sqrt(power[ky, kx] / np.mean(near)))
            worst = max(worst, (ratio, f"1/{period} at ({ky},{kx})"))
    return worst


def shrink(path, size):
    return np.asarray(Image.open(path).convert("RGB").resize(size, Image.LANCZOS)).astype(np.float32) / 255


class OwnLosses:
    """The losses of a style transfer by GoogLeNet, without its transforms."""

    def __init__(self, models, style, content, size, crops=16):
        self.network = Network(f"{models}/googlenet.onnx", OWN_STYLE + [OWN_CONTENT])
        self.content = self.network.run(shrink(content, size))[OWN_CONTENT]
        image, rng = load(style), np.random.default_rng(1)
        self.targets = []
        for _ in range(crops):
            y, x = (rng.integers(0, n - m + 1) for n, m in zip(image.shape, size[::-1]))
            self.targets.append(grams(self.network.run(image[y:y + size[1], x:x + size[0]]), OWN_STYLE))

    def __call__(self, rgb):
        values = self.network.run(rgb)
        own = grams(values, OWN_STYLE)
        return (float(np.mean([style_loss(own, target) for target in self.targets])),
                float(np.abs(values[OWN_CONTENT] - self.content).mean()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--style", required=True)
    parser.add_argument("--content")
    parser.add_argument("--size", help="WxH: pictures of another size are resized first (for a photo to compare)")
    parser.add_argument("--own", action="store_true", help="needs --content")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("pictures", nargs="+")
    args = parser.parse_args()
    network = Network(f"{args.models}/vgg19_to_block3.onnx", LAYERS)
    target = grams(network.run(load(args.style)))
    own = None
    for path in args.pictures:
        picture = Image.open(path).convert("RGB")
        if args.size:
            picture = picture.resize(tuple(int(v) for v in args.size.split("x")), Image.LANCZOS)
        rgb = np.asarray(picture).astype(np.float32) / 255
        values = network.run(rgb)
        ratio, where = peak(rgb)
        line = f"{path}: style {style_loss(grams(values), target) / 1000:.1f}k, peak {ratio:.2f} ({where})"
        if args.content:
            wanted = network.run(shrink(args.content, picture.size))
            line += f", content {float(np.abs(values[LAYERS[-1]] - wanted[LAYERS[-1]]).mean()):.1f}"
        if args.own:
            own = own or OwnLosses(args.models, args.style, args.content, picture.size)
            line += ", own style {:.1f} and content {:.2f}".format(*own(rgb))
        print(line)


if __name__ == "__main__":
    main()
