"""The brush all drawings are made with: coordinates, random numbers, noise fields, colours and soft-edged masks.

Everything is batched: one call draws `count` pictures of one class, and every random parameter has the shape (count, 1, 1),
so a drawing is written once, as if for a single picture, and numpy broadcasts it. That is what makes a hundred thousand drawings affordable.
"""

import colorsys

import numpy as np

F32 = np.float32
MUTED = 0.8  # share kept of the saturations that drawings ask for

# Colours found together, each line dark, light, middle, accent.
PALETTES = np.array([[[int(c[k:k + 2], 16) / 255 for k in (0, 2, 4)] for c in line.split()] for line in (
    "1d3b4a dfe8dc 5c8a94 c9a66b",  # sea and sand
    "24331f e3dcc2 6b7f4a b5793a",  # a wood
    "3a2418 f0dcb4 b5622e 7d3a22",  # fallen leaves
    "2b2740 f2d6c0 8a6a8c d08a6a",  # dusk
    "352c3f e8dde4 8c7a9e a3b08a",  # heather
    "4a3a2a f3e8d2 c4a178 8aa0a0",  # a beach
    "2a2e1c e9e6c9 8a8f46 c2b15a",  # moss
    "232a33 e6eaec 75838f b98f6a",  # slate
    "1f4248 f6e3d3 d9806a 7fb0a6",  # a reef
    "1e2f55 f3f1e8 5b7fb0 c7b38a",  # porcelain
    "3b1f2b f1dfd8 a35a74 c69a5c",  # plums
    "402a12 f5e6bd cf9b3a 6e7a55",  # ochre
    "16323a dcefe6 3f9088 e0b58c",  # a lagoon
    "2c1a1a f4e4da a8483c d8b07a",  # terracotta
)], F32)


def hsv(hue, saturation, value):
    """Colours of shape (count, 3, 1, 1) from arrays of any shape with count elements."""
    hue, saturation, value = (np.asarray(a, F32).reshape(-1, 1) for a in (hue, saturation, value))
    k = (np.array([[5, 3, 1]], F32) + hue * 6) % 6
    rgb = value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1)
    return rgb[:, :, None, None].astype(F32)


def mix(first, second, amount):
    """Blends two colours by a field: 0 gives the first."""
    return first + amount[:, None] * (second - first)


def smooth(low, high, value):
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def scramble(ix, iy, salt):
    """A repeatable random number in [0, 1) for each integer cell."""
    return np.modf(np.abs(np.sin(ix * F32(12.9898) + iy * F32(78.233) + salt * F32(37.719)) * F32(4375.8545)))[0]


def polar(x, y):
    return np.sqrt(x * x + y * y) + F32(1e-6), np.arctan2(y, x)


def segment(x, y, ax, ay, bx, by):
    """Distance to a line segment, and how far along it the nearest point lies (0..1)."""
    dx, dy = bx - ax, by - ay
    t = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
    return np.sqrt((x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2), t


def box(x, y, cx, cy, half_width, half_height):
    return np.maximum(np.abs(x - cx) - half_width, np.abs(y - cy) - half_height)


def ellipse(x, y, cx, cy, rx, ry):
    """A distance-like field of an ellipse, exact enough for soft edges."""
    return (np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2) - 1) * np.minimum(rx, ry)


def turn(x, y, angle):
    c, s = np.cos(angle), np.sin(angle)
    return x * c + y * s, y * c - x * s


def hue_of(color):
    return colorsys.rgb_to_hsv(*color)[0]


PALETTE_HUES = np.array([[hue_of(c) for c in line] for line in PALETTES], F32)


class Brush:
    """`home` is the number of the class's own palette."""

    def __init__(self, rng, count, size, home=0):
        self.rng, self.count, self.size, self.home = rng, count, size, home
        axis = (np.arange(size, dtype=F32) + F32(0.5)) * F32(2 / size) - 1
        self.grid_x, self.grid_y = axis[None, None, :], axis[None, :, None]
        self.pixel = np.full((count, 1, 1), 2 / size, F32)

    # Random numbers, one a picture.

    def u(self, low, high):
        return self.rng.uniform(low, high, (self.count, 1, 1)).astype(F32)

    def whole(self, low, high):
        return self.rng.integers(low, high + 1, (self.count, 1, 1)).astype(F32)

    def sign(self):
        return self.whole(0, 1) * 2 - 1

    # Where to draw.

    def place(self, angle, scale, cx=0.0, cy=0.0, warp=0.0):
        """Coordinates in which the drawing is upright and spans -1..1, though on the picture it's turned, scaled, shifted and bent."""
        x, y = turn(self.grid_x - cx, self.grid_y - cy, angle)
        x, y = x / scale, y / scale
        if np.any(warp):
            x = x + warp * self.noise(0.5, 2.5)
            y = y + warp * self.noise(0.5, 2.5)
        self.pixel = (2 / self.size / scale * np.ones((self.count, 1, 1))).astype(F32)
        return np.broadcast_to(x, self.shape).astype(F32), np.broadcast_to(y, self.shape).astype(F32)

    @property
    def shape(self):
        return (self.count, self.size, self.size)

    # Fields.

    def noise(self, low, high, stretch=None):
        """Noise of the frequencies low..high (cycles a picture), unit standard deviation; `stretch` (sx, sy) makes it directional."""
        n = self.size
        fx, fy = np.fft.rfftfreq(n, 1 / n)[None, None, :], np.fft.fftfreq(n, 1 / n)[None, :, None]
        if stretch is not None:
            fx, fy = fx * stretch[0], fy * stretch[1]
        f = np.sqrt(fx * fx + fy * fy) + 1e-3
        window = 1 / (1 + (f / high) ** 6) * (1 - np.exp(-((f / np.maximum(low, 1e-3)) ** 4)))
        field = np.fft.irfft2(np.fft.rfft2(self.rng.standard_normal(self.shape, F32)) * window, s=(n, n))
        return (field / (field.std((1, 2), keepdims=True) + 1e-6)).astype(F32)

    def cloud(self, power=1.6, low=1.0):
        """Fractal noise, 1/f**power, unit standard deviation."""
        n = self.size
        f = np.sqrt(np.fft.rfftfreq(n, 1 / n)[None, None, :] ** 2 + np.fft.fftfreq(n, 1 / n)[None, :, None] ** 2)
        window = 1 / np.maximum(f, low) ** power
        field = np.fft.irfft2(np.fft.rfft2(self.rng.standard_normal(self.shape, F32)) * window, s=(n, n))
        return (field / (field.std((1, 2), keepdims=True) + 1e-6)).astype(F32)

    def cells(self, x, y, disorder=0.9):
        """Voronoi cells of unit size: distance to the nearest point, to the border, the cell's random number, offset to its point."""
        salt = self.u(0, 9)
        ix, iy = np.floor(x), np.floor(y)
        near, second = np.full(self.shape, 9, F32), np.full(self.shape, 9, F32)
        name, ox, oy = np.zeros(self.shape, F32), np.zeros(self.shape, F32), np.zeros(self.shape, F32)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                jx, jy = ix + dx, iy + dy
                px = jx + 0.5 + disorder * (scramble(jx, jy, salt) - 0.5) - x
                py = jy + 0.5 + disorder * (scramble(jx, jy, salt + 3) - 0.5) - y
                d = px * px + py * py
                closer = d < near
                second = np.where(closer, near, np.minimum(second, d))
                name = np.where(closer, scramble(jx, jy, salt + 7), name)
                ox, oy = np.where(closer, px, ox), np.where(closer, py, oy)
                near = np.where(closer, d, near)
        near, second = np.sqrt(near), np.sqrt(second)
        return near, second - near, name, -ox, -oy

    # Colours.

    def color(self, hue=None, saturation=(0.3, 0.75), value=(0.45, 0.95), spread=0.03, loyal=0.9):
        """A colour near the class's own hue; now and then one of any palette, so that no class is its colour alone. No hue given: the home
        palette's. Saturations are taken down to what is found outdoors."""
        count = self.count
        elsewhere = PALETTE_HUES[self.rng.integers(0, len(PALETTES), count), self.rng.integers(2, 4, count)]
        own = PALETTE_HUES[self.home % len(PALETTES), self.rng.integers(2, 4, count)] if hue is None else hue
        h = np.where(self.rng.uniform(0, 1, count) < loyal, own + self.rng.normal(0, spread, count), elsewhere)
        return hsv(h % 1, MUTED * self.rng.uniform(*saturation, count), self.rng.uniform(*value, count))

    def palette(self, hue=None):
        """Four colours found together in nature: dark, light, middle, accent. Three times in four the class's own palette (the home one,
        or that with the middle nearest the hue), each time a little different; dark and light change places half the time."""
        count = self.count
        away = np.abs((PALETTE_HUES[:, 2] - (hue or 0) + 0.5) % 1 - 0.5)
        own = self.home % len(PALETTES) if hue is None else int(np.argmin(away))
        which = np.where(self.rng.uniform(0, 1, count) < 0.75, own, self.rng.integers(0, len(PALETTES), count))
        colors = PALETTES[which]
        swap = self.rng.uniform(0, 1, count) < 0.5
        colors[swap, :2] = colors[swap, 1::-1]
        grey = colors.mean(2, keepdims=True)
        colors = grey + (colors - grey) * self.rng.uniform(0.7, 1.25, (count, 1, 1))
        colors = colors * self.rng.uniform(0.82, 1.12, (count, 4, 1)) + self.rng.normal(0, 0.03, (count, 4, 3))
        return [np.clip(colors[:, k], 0, 1)[:, :, None, None].astype(F32) for k in range(4)]

    # Edges and light.

    def fill(self, distance):
        """The inside of a distance field, its edge a pixel and a half soft."""
        return np.clip(0.5 - distance / (1.5 * self.pixel), 0, 1)

    def relief(self, height, strength=0.25):
        """Brightness of a surface of that height under a random lamp."""
        gx = np.diff(height, axis=2, append=height[:, :, -1:])
        gy = np.diff(height, axis=1, append=height[:, -1:, :])
        angle = self.u(0, 6.28)
        light = gx * np.cos(angle) + gy * np.sin(angle)
        return np.clip(1 + strength * light / (np.abs(light).mean((1, 2), keepdims=True) + 1e-4), 0.3, 1.7)


class Layers:
    """An object in the making: colour and coverage, painted back to front."""

    def __init__(self, brush):
        self.rgb = np.zeros((brush.count, 3, brush.size, brush.size), F32)
        self.alpha = np.zeros(brush.shape, F32)

    def paint(self, mask, color):
        self.rgb += mask[:, None] * (color - self.rgb)
        self.alpha += mask * (1 - self.alpha)

    def tint(self, mask, color):
        """Paints only where something is already."""
        self.rgb += (mask * self.alpha)[:, None] * (color - self.rgb)

    def shade(self, factor):
        self.rgb *= factor[:, None]


WHITE = np.ones((1, 3, 1, 1), F32)
BLACK = np.full((1, 3, 1, 1), 0.06, F32)
