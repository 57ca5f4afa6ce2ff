"""The pictures the embedded model learns from: textures that fill the picture, and objects composed on soft or textured grounds.

Nothing is photographed or downloaded, so the model's licence is the project's own. Run as a script it writes a sheet to look at.
"""

import argparse
import multiprocessing

import numpy as np

from brush import F32, PALETTES, Brush, mix
from creatures import CREATURES
from textures import TEXTURES
from things import THINGS

OBJECTS = CREATURES + THINGS
LABELS = [draw.__name__ for draw in TEXTURES + OBJECTS]
SIZE = 96
BATCH = 40
ROUND = {"sphere", "torus", "gear", "wheel", "snowflake", "citrus", "starfish", "daisy", "sunflower", "rose", "nautilus", "star", "butterfly",
         "ladybird", "beetle", "bee", "spider", "leaf", "maple", "feather", "key", "cube"}  # seen from any side


def light(b, picture):
    """Uneven lighting and a soft tone curve: no picture is evenly lit, few are as contrasty as they were drawn."""
    angle = b.u(0, 6.28)
    slope = b.grid_x * np.cos(angle) + b.grid_y * np.sin(angle)
    picture = picture * (1 + b.u(0, 0.3) * slope + b.u(0, 0.06) * b.noise(0.5, 2))[:, None]
    middle = picture.mean((2, 3), keepdims=True)
    return np.clip(middle + (picture - middle) * b.u(0.55, 1.05)[:, None], 0, 1)


def draw_texture(draw, b):
    upright = draw.__name__ in ("grass", "flames", "clouds")
    angle = b.u(-0.3, 0.3) if upright else b.u(0, 6.28)
    x, y = b.place(angle, b.u(0.9, 1.8), 0, 0, b.u(0, 0.045))
    return light(b, draw(b, x, y))


def ground(b, textures):
    """What objects lie on: a gradient, soft clouds of colour, or a faded texture."""
    home, b.home = b.home, int(b.rng.integers(0, len(PALETTES)))
    c = b.palette()
    b.home = home
    angle = b.u(0, 6.28)
    ramp = (b.grid_x * np.cos(angle) + b.grid_y * np.sin(angle)) * 0.4 + 0.5
    plain = mix(mix(c[0], c[2], np.clip(ramp, 0, 1)), c[1], b.u(0, 0.25) * np.clip(1 + b.cloud(1.8), 0, 2))
    if textures is None:
        return plain
    found = textures[b.rng.integers(0, len(textures), b.count)].transpose(0, 3, 1, 2).astype(F32) / 255
    middle = found.mean((2, 3), keepdims=True)
    faded = middle + (found - middle) * b.u(0.25, 0.9)[:, None]
    return np.where(b.u(0, 1)[:, None] < 0.45, plain, faded)


def draw_object(draw, b, textures):
    """One large object, or several smaller ones of the kind, each with a soft shadow."""
    picture = ground(b, textures)
    copies = int(b.rng.choice([1, 1, 1, 2, 3, 5]))
    largest = {1: 0.98, 2: 0.7, 3: 0.58, 5: 0.45}[copies]
    phase = b.u(0, 6.28)
    for k in range(copies):
        away = 0.0 if copies == 1 else 0.55
        angle = b.u(0, 6.28) if draw.__name__ in ROUND else b.u(-0.35, 0.35)
        cx = away * np.cos(phase + 6.28 * k / copies) + b.u(-0.2, 0.2)
        cy = away * np.sin(phase + 6.28 * k / copies) + b.u(-0.2, 0.2)
        x, y = b.place(angle, largest * b.u(0.65, 1.0), cx, cy, b.u(0, 0.03))
        o = draw(b, x * b.sign(), y)
        shadow = np.roll(o.alpha, (3, 2), (1, 2))
        picture = picture * (1 - 0.35 * (shadow + np.roll(o.alpha, (1, 4), (1, 2)))[:, None] / 2)
        picture = mix(picture, o.rgb, o.alpha)
    return light(b, picture)


def draw_some(task):
    """`count` pictures of one class as uint8, height-width-colour."""
    index, count, seed, textures = task
    draw = (TEXTURES + OBJECTS)[index]
    parts = []
    for start in range(0, count, BATCH):
        b = Brush(np.random.default_rng([seed, index, start]), min(BATCH, count - start), SIZE, 5 * index)
        picture = draw_texture(draw, b) if index < len(TEXTURES) else draw_object(draw, b, textures)
        parts.append((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(0, 2, 3, 1))
    return np.concatenate(parts)


def draw_pool(per_class, seed, processes=1):
    """Pictures of all classes and their labels; textures first, for they are the objects' grounds."""
    with multiprocessing.Pool(processes) as workers:
        textures = workers.map(draw_some, [(k, per_class, seed, None) for k in range(len(TEXTURES))], chunksize=1)
        sample = np.concatenate([t[:24] for t in textures])
        objects = workers.map(draw_some, [(k, per_class, seed, sample) for k in range(len(TEXTURES), len(LABELS))], chunksize=1)
    return np.concatenate(textures + objects), np.repeat(np.arange(len(LABELS)), per_class)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", default="drawings.png")
    options.add_argument("--each", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    from PIL import Image

    pictures, _ = draw_pool(chosen.each, chosen.seed)
    columns = 8 * chosen.each // 2
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (SIZE + 2), columns * (SIZE + 2), 3), 255, np.uint8)
    for k, picture in enumerate(pictures):
        y, x = k // columns * (SIZE + 2), k % columns * (SIZE + 2)
        sheet[y:y + SIZE, x:x + SIZE] = picture
    Image.fromarray(sheet).save(chosen.out)


if __name__ == "__main__":
    main()
