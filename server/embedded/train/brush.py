"""The brush all drawings are made with: coordinates, random numbers, noise fields, colours and soft-edged masks.

Everything is batched: one call draws `count` pictures of one class, and every random parameter has the shape (count, 1, 1),
so a drawing is written once, as if for a single picture, and numpy broadcasts it. That is what makes a hundred thousand drawings affordable.
"""

import numpy as np

F32 = np.float32


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


class Brush:
    def __init__(self, rng, count, size):
        self.rng, self.count, self.size = rng, count, size
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

    def color(self, hue=None, saturation=(0.3, 0.75), value=(0.45, 0.95), spread=0.05, loyal=0.8):
        """A colour near the class's own hue; now and then any hue, so that no class is its colour alone. No hue given: any."""
        any_hue = self.rng.uniform(0, 1, self.count)
        if hue is None:
            h = any_hue
        else:
            h = np.where(self.rng.uniform(0, 1, self.count) < loyal, hue + self.rng.normal(0, spread, self.count), any_hue)
        return hsv(h % 1, self.rng.uniform(*saturation, self.count), self.rng.uniform(*value, self.count))

    def palette(self, hue=None):
        """Four soft colours that go together: neighbours or opposites on the wheel, from dark to light in random order of two."""
        base = self.rng.uniform(0, 1, self.count)
        if hue is not None:
            base = np.where(self.rng.uniform(0, 1, self.count) < 0.7, hue + self.rng.normal(0, 0.04, self.count), base)
        step = self.rng.choice([0.06, 0.12, 0.33, 0.5], self.count)
        lights = np.stack([self.rng.uniform(0.2, 0.5, self.count), self.rng.uniform(0.7, 0.98, self.count),
                           self.rng.uniform(0.4, 0.7, self.count), self.rng.uniform(0.6, 0.95, self.count)])
        swap = self.rng.uniform(0, 1, self.count) < 0.5
        lights[0], lights[1] = np.where(swap, lights[1], lights[0]), np.where(swap, lights[0], lights[1])
        return [hsv((base + k * step) % 1, self.rng.uniform(0.15, 0.75, self.count), lights[k]) for k in range(4)]

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
