"""Agreement of two sizes of one CPPN, and the seam of a periodic tile.

usage: cppn.py --sizes small.png large.png
       cppn.py --tile tile.png...
       cppn.py --grey first.png

Sizes: the large picture is averaged over whole blocks down to the small one (or resampled by a box filter where the
ratio is no whole number); PSNR of the two. Tile: mean |difference| across the edges (last against first column and
line) and of inner neighbours, their mean and the largest of a column or line: a seamless edge is like any other place.
Grey: the values a picture holds.
"""

import argparse

import numpy as np
from network import load
from PIL import Image

Image.MAX_IMAGE_PIXELS = None


def psnr(small, large):
    ratio = large.shape[0] // small.shape[0]
    if ratio * small.shape[0] == large.shape[0] and ratio * small.shape[1] == large.shape[1]:
        shrunk = large.reshape(small.shape[0], ratio, small.shape[1], ratio, 3).mean((1, 3))
    else:
        shrunk = np.asarray(Image.fromarray((large * 255).round().astype(np.uint8)).resize(
            (small.shape[1], small.shape[0]), Image.BOX)).astype(np.float32) / 255
    return -10 * np.log10(((shrunk - small)**2).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", nargs=2)
    parser.add_argument("--tile", nargs="+", default=[])
    parser.add_argument("--grey", nargs="+", default=[])
    args = parser.parse_args()
    if args.sizes:
        small, large = (load(path) for path in args.sizes)
        print(f"{small.shape[1]}x{small.shape[0]} and {large.shape[1]}x{large.shape[0]}: {psnr(small, large):.1f} dB")
    for path in args.tile:
        tile = load(path)
        for name, axis in (("columns", 1), ("lines", 0)):
            first, last = np.take(tile, 0, axis), np.take(tile, -1, axis)
            inner = np.moveaxis(np.abs(np.diff(tile, axis=axis)), axis, 0).mean((1, 2))
            print(f"{path} {name}: across the edge {np.abs(first - last).mean():.5f}, inner neighbours "
                  f"{inner.mean():.5f} on average, {inner.max():.5f} at most")
    for path in args.grey:
        values = np.unique((load(path) * 255).round())
        print(f"{path}: values {values.min():.0f}..{values.max():.0f}, std {load(path).std():.5f}")


if __name__ == "__main__":
    main()
