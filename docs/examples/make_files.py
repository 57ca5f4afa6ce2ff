"""Draws the files that the examples name: photo.jpg, painting.jpg and knot.obj, into this folder.

usage: make_files.py   (numpy and Pillow)
"""

import math
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

HERE = pathlib.Path(__file__).resolve().parent
OVER = 4  # drawn so many times larger, for soft edges


def noise(rng, height, width, cells):
    """Smooth noise of about `cells` blobs along the longer side, -1..1."""
    coarse = rng.uniform(-1, 1, (max(2, round(cells * height / max(height, width))) + 1, cells + 1))
    image = Image.fromarray(coarse.astype(np.float32), mode="F")
    return np.asarray(image.resize((width, height), Image.BICUBIC))


def gradient(height, width, top, bottom):
    t = np.linspace(0, 1, height)[:, None, None]
    return np.repeat((1 - t) * np.array(top, float) + t * np.array(bottom, float), width, axis=1)


def house(draw, x, ground, width, height, wall, roof):
    draw.rectangle([x, ground - height, x + width, ground], fill=wall)
    peak = ground - height - width * 0.7
    draw.polygon([(x - width * .08, ground - height), (x + width * 1.08, ground - height), (x + width / 2, peak)],
                 fill=roof)
    pane, gap = width * .2, width * .13
    for line in range(int(height / (pane + gap * 1.4))):
        for column in range(3):
            left = x + gap + column * (pane + gap * .8)
            top = ground - height + gap + line * (pane + gap * 1.4)
            if top + pane < ground - gap:
                draw.rectangle([left, top, left + pane, top + pane], fill=(64, 62, 74))


def photo(width=320, height=240):
    """A row of houses with a tower behind a river, hills and a low sun."""
    rng = np.random.default_rng(7)
    w, h = width * OVER, height * OVER
    shore = int(h * .66)
    sky = gradient(h, w, (88, 132, 196), (244, 206, 162))
    clouds = np.clip(noise(rng, h, w, 7) + .5 * noise(rng, h, w, 17), 0, 1)[..., None]
    y = np.linspace(0, 1, h)[:, None, None]
    sky += (np.array([250, 238, 226]) - sky) * clouds * np.clip(1 - 1.6 * y, 0, 1)
    image = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse([w * .16, h * .26, w * .16 + h * .13, h * .39], fill=(255, 236, 190))
    for level, color in ((.47, (112, 128, 138)), (.56, (84, 108, 84))):
        ridge = h * (level + .06 * noise(rng, 2, w, 5)[0] + .012 * noise(rng, 2, w, 40)[0])
        draw.polygon([(0, h)] + [(x, ridge[x]) for x in range(0, w, 4)] + [(w, h)], fill=color)
    walls = [(226, 196, 150), (206, 140, 112), (236, 226, 208), (180, 164, 140), (222, 178, 98), (202, 200, 190)]
    x, index = w * .3, 0
    while x < w * .97:
        size = w * rng.uniform(.06, .085)
        house(draw, x, shore, size, h * rng.uniform(.14, .22), walls[index % len(walls)], (146, 72, 54))
        x, index = x + size * 1.02, index + 1
    house(draw, w * .585, shore - h * .08, w * .05, h * .34, (188, 172, 150), (92, 70, 70))
    for _ in range(60):
        cx, cy, r = rng.uniform(0, w * .33), shore - rng.uniform(0, h * .1), h * rng.uniform(.02, .05)
        draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill=tuple(int(v * rng.uniform(.7, 1.2)) for v in (56, 84, 46)))
    # The river mirrors what stands above it, darker and rippled.
    above = np.asarray(image).astype(float)
    rows = np.arange(shore, h)
    ripple = (h * .006 * np.sin((rows - shore)**1.15 / 5)).astype(int)
    for row, shift in zip(rows, ripple):
        above[row] = np.roll(above[max(0, 2 * shore - row - 1)], shift, axis=0) * .62 + np.array([18, 30, 40])
    grain = rng.normal(0, 3, (h // OVER, w // OVER, 1))
    small = Image.fromarray(np.clip(above, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.5))
    out = np.asarray(small.resize((width, height), Image.LANCZOS)).astype(float) + grain
    return Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))


def painting(width=288, height=208):
    """Thick strokes along a field of swirls, night blues about yellow lights."""
    rng = np.random.default_rng(3)
    w, h = width * OVER, height * OVER
    image = Image.new("RGB", (w, h), (30, 44, 92))
    draw = ImageDraw.Draw(image)
    lights = [(.2, .25, .11), (.52, .18, .08), (.8, .34, .14), (.36, .62, .07), (.66, .72, .09)]
    lights = [(x * w, y * h, r * w) for x, y, r in lights]
    bend = noise(rng, h, w, 4) * 1.2
    palette = [(24, 40, 96), (40, 76, 150), (78, 128, 188), (140, 178, 204), (30, 92, 110), (18, 26, 60)]
    glow = [(248, 214, 92), (250, 238, 178), (230, 160, 50), (170, 188, 120)]

    def angle(x, y):
        total = bend[int(y) % h, int(x) % w]
        turn_x, turn_y = math.cos(total) * .6, math.sin(total) * .6
        for cx, cy, r in lights:
            dx, dy = x - cx, y - cy
            pull = math.exp(-(dx * dx + dy * dy) / (2.2 * r)**2) * 3
            length = math.hypot(dx, dy) + 1
            turn_x, turn_y = turn_x - dy / length * pull, turn_y + dx / length * pull
        return math.atan2(turn_y, turn_x)

    for size in (9, 6, 4):
        for _ in range(2600 if size > 4 else 3800):
            x, y = rng.uniform(0, w), rng.uniform(0, h)
            near = max(math.exp(-((x - cx)**2 + (y - cy)**2) / (r * 1.1)**2) for cx, cy, r in lights)
            colors = glow if rng.uniform() < near else palette
            color = np.array(colors[rng.integers(len(colors))]) * rng.uniform(.82, 1.15) + rng.normal(0, 7, 3)
            points = [(x, y)]
            for _ in range(9):
                a = angle(x, y)
                x, y = x + math.cos(a) * size * 1.1, y + math.sin(a) * size * 1.1
                points.append((x, y))
            draw.line(points, fill=tuple(int(v) for v in np.clip(color, 0, 255)), width=size, joint="curve")
    return image.resize((width, height), Image.LANCZOS)


def knot(along=56, around=8):
    """A tube along a trefoil as an OBJ, with UVs along and around it."""

    def centre(t):
        return np.array([math.sin(t) + 2 * math.sin(2 * t), math.cos(t) - 2 * math.cos(2 * t), -math.sin(3 * t)])

    lines = ["# A tube along a trefoil knot."]
    for i in range(along):
        t = 2 * math.pi * i / along
        forward = centre(t + 1e-3) - centre(t - 1e-3)
        forward /= np.linalg.norm(forward)
        side = np.cross(forward, [0.3, 0.2, 1])
        side /= np.linalg.norm(side)
        up = np.cross(forward, side)
        for j in range(around):
            a = 2 * math.pi * j / around
            p = centre(t) + .55 * (math.cos(a) * side + math.sin(a) * up)
            lines.append("v " + " ".join(f"{v:.4f}" for v in p / 3))
    for i in range(along + 1):
        for j in range(around + 1):
            lines.append(f"vt {i / along:.4f} {j / around:.4f}")
    for i in range(along):
        for j in range(around):
            corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
            lines.append("f " + " ".join(f"{(a % along) * around + b % around + 1}/{a * (around + 1) + b + 1}"
                                         for a, b in corners))
    return "\n".join(lines) + "\n"


def main():
    photo().save(HERE / "photo.jpg", quality=88)
    painting().save(HERE / "painting.jpg", quality=88)
    (HERE / "knot.obj").write_text(knot())


if __name__ == "__main__":
    main()
