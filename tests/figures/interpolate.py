"""Mean difference of adjacent frames of a sheet of frames.

usage: interpolate.py --frames 6 [--columns 3] sheet.png...

The frames stand in a near-square grid without gaps, as `phosphene interpolate -o sheet.png` writes them.
The figure is the mean over neighbours of mean |a - b|, values 0..1; beside it the root mean square.
"""

import argparse
import math

import numpy as np
from network import load


def frames_of(sheet, count, columns):
    lines = -(-count // columns)
    height, width = sheet.shape[0] // lines, sheet.shape[1] // columns
    return np.stack([
        sheet[i // columns * height:(i // columns + 1) * height, i % columns * width:(i % columns + 1) * width]
        for i in range(count)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--columns", type=int, default=0, help="default near-square")
    parser.add_argument("sheets", nargs="+")
    args = parser.parse_args()
    columns = args.columns or math.ceil(math.sqrt(args.frames))
    for path in args.sheets:
        frames = frames_of(load(path), args.frames, columns)
        steps = frames[1:] - frames[:-1]
        print(f"{path}: adjacent difference {np.abs(steps).mean():.4f}, rms {np.sqrt((steps**2).mean()):.4f}, "
              f"first to last {np.abs(frames[-1] - frames[0]).mean():.4f}")


if __name__ == "__main__":
    main()
