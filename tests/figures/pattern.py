"""Seams of tiles, and how much of a reference picture they show.

usage: pattern.py tile.png...
       pattern.py --image starry_night.jpg --layer inception_4c/output tile.png...

Edges: mean |difference| of neighbours across the edges (last against first column and line) over that of neighbours
inside; of several tiles also their mean and the largest. At most 1: the edge is like any other place.
Range: share of values below 0.02 or above 0.98. Colour: mean distance of pixels from grey.
With --image, in the layer's activation vectors: of the tile's places the mean cosine to the most similar place of the
image (true), of the image's places that to the most similar place of the tile (rich), and how many channels the tile
uses, as exp(entropy) of their shares in its mean activation, beside the image's.
"""

import argparse

import numpy as np
from network import MODELS, Network, load

FEW = 2048  # places of the image held against the tile at a time


def edge_ratio(tile):
    across, inside = [], []
    for axis in (0, 1):
        across.append(np.abs(np.take(tile, 0, axis) - np.take(tile, -1, axis)).mean())
        inside.append(np.abs(np.diff(tile, axis=axis)).mean())
    return np.mean(across) / np.mean(inside)


def units(activations):
    vectors = activations.reshape(len(activations), -1).T
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def channels_used(activations):
    share = np.maximum(activations, 0).mean((1, 2))
    share = share[share > 0] / share.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def likeness(tile, image):
    """Mean of the best cosines: of the tile's places, of the image's."""
    best = np.full(len(tile), -1, np.float32)
    found = []
    for begin in range(0, len(image), FEW):
        cosines = tile @ image[begin:begin + FEW].T
        best = np.maximum(best, cosines.max(1))
        found.append(cosines.max(0))
    return best.mean(), np.concatenate(found).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="googlenet")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--layer", default="inception_4c/output")
    parser.add_argument("--image")
    parser.add_argument("tiles", nargs="+")
    args = parser.parse_args()
    if args.image:
        network = Network(f"{args.models}/{args.model}.onnx", [args.layer])
        reference = network.run(load(args.image))[args.layer]
        of = units(reference)
    ratios = []
    for path in args.tiles:
        tile = load(path)
        ratios.append(edge_ratio(tile))
        ends = ((tile < .02) | (tile > .98)).mean()
        colour = np.linalg.norm(tile - tile.mean(2, keepdims=True), axis=2).mean()
        line = f"{path}: edges {ratios[-1]:.2f}, {100 * ends:.0f} % at the ends, colour {colour:.3f}"
        if args.image:
            activations = network.run(tile)[args.layer]
            true, rich = likeness(units(activations), of)
            line += (f"; true {true:.3f}, rich {rich:.3f}, channels {channels_used(activations):.0f} "
                     f"(image {channels_used(reference):.0f})")
        print(line)
    if len(ratios) > 1:
        print(f"{len(ratios)} tiles: edges {np.mean(ratios):.3f} in the mean, {max(ratios):.3f} at most")


if __name__ == "__main__":
    main()
