"""Alpha of a cut-out, and its objective over fresh backgrounds.

usage: transparent.py --layer inception_4c/output --channel 10 picture.png...

Backgrounds are random Fourier images as the article draws them: spectrum of N(0, 0.2), 1/f^1.5, decorrelated colour,
sigmoid, taken as linear light. The picture is composited in linear light (gamma 2.2). 16 backgrounds; the objective is
the mean of the channel, of the composites and of the backgrounds alone.
"""

import argparse

import numpy as np
from network import MODELS, Network, load

GAMMA = 2.2
COLOR = np.array([[.26, .09, .02], [.27, 0, -.05], [.27, -.09, .03]])
COLOR /= np.sqrt((COLOR**2).sum(0)).max()


def background(rng, height, width, sd=.2, decay=1.5):
    fy = np.fft.fftfreq(height)[:, None]
    fx = np.fft.rfftfreq(width)[None]
    scale = 1 / np.maximum(np.hypot(fy, fx), 1 / max(height, width))**decay
    shape = (3, height, width // 2 + 1)
    spectrum = (rng.normal(0, sd, shape) + 1j * rng.normal(0, sd, shape)) * scale * np.sqrt(height * width)
    values = np.fft.irfft2(spectrum, (height, width)).transpose(1, 2, 0) / 4
    return 1 / (1 + np.exp(-values @ COLOR.T))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="googlenet")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--layer", default="inception_4c/output")
    parser.add_argument("--channel", type=int, default=10)
    parser.add_argument("--backgrounds", type=int, default=16)
    parser.add_argument("pictures", nargs="+")
    args = parser.parse_args()
    network = Network(f"{args.models}/{args.model}.onnx", [args.layer])

    def objective(rgb):
        return float(network.run(rgb)[args.layer][args.channel].mean())

    for path in args.pictures:
        rgba = load(path, "RGBA")
        alpha = rgba[..., 3:]
        rng = np.random.default_rng(1)
        over, alone = [], []
        for _ in range(args.backgrounds):
            behind = background(rng, *rgba.shape[:2])
            linear = rgba[..., :3]**GAMMA * alpha + behind * (1 - alpha)
            over.append(objective(linear**(1 / GAMMA)))
            alone.append(objective(behind**(1 / GAMMA)))
        decided = ((alpha < .1) | (alpha > .9)).mean()
        print(f"{path}: alpha mean {alpha.mean():.3f}, {100 * decided:.0f} % below .1 or above .9; objective "
              f"{np.mean(over):.1f} over backgrounds, {np.mean(alone):.2f} of them alone "
              f"({np.mean(over) / max(np.mean(alone), 1e-6):.1f}x)")


if __name__ == "__main__":
    main()
