"""Things: solids, signs, fruit, buildings and tools. Each draws one object in -1..1 (y points down) and returns its layers. A class each."""

import numpy as np

from brush import BLACK, WHITE, Layers, box, ellipse, mix, polar, segment, smooth, turn

TAU = 2 * np.pi


def sphere(b, x, y):
    o = Layers(b)
    r = np.hypot(x, y)
    z = np.sqrt(np.clip(1 - (r / 0.9) ** 2, 0, 1))
    a = b.u(0, TAU)
    light = np.clip((x * np.cos(a) + y * np.sin(a)) / 0.9 * 0.7 + z * 0.7, 0, 1)
    c = b.color()
    o.paint(b.fill(r - 0.9), np.clip(c * (0.2 + 0.9 * light)[:, None] + 0.8 * (light ** 24)[:, None], 0, 1))
    return o


def cube(b, x, y):
    o = Layers(b)
    c = b.color()
    h = 0.9
    u, v = x / 0.866, y
    top = np.abs(u) * 0.5 + np.abs(v + 0.45) - 0.45
    o.paint(b.fill(top), np.minimum(c * 1.15, 1))
    for s, k in ((-1, 0.75), (1, 0.45)):
        side = np.maximum(np.abs(u * s - 0.45) - 0.45, np.abs(v + 0.5 * u * s - 0.45 - 0.0) - 0.45)
        o.paint(b.fill(side), c * k)
    return o


def cone(b, x, y):
    o = Layers(b)
    c = b.color()
    d = np.maximum(np.abs(x) - (y + 0.9) * 0.4, y - 0.65)
    t = np.clip(x / ((y + 0.9) * 0.4 + 1e-3), -1, 1)
    side = c * (0.75 - 0.4 * t)[:, None]
    o.paint(b.fill(ellipse(x, y, 0, 0.65, 0.62, 0.2)), side)
    o.paint(b.fill(d), side)
    return o


def torus(b, x, y):
    o = Layers(b)
    c, glaze = b.color(0.08, (0.3, 0.6), (0.6, 0.9)), b.color(0.95, (0.3, 0.7), (0.6, 1), 0.2)
    r, a = polar(x, y)
    wide = b.u(0.24, 0.34)
    tube = np.clip(np.abs(r - 0.6) / wide, 0, 1)
    light = np.sqrt(1 - tube ** 2) * (0.8 + 0.25 * np.cos(a + 2.2))
    o.paint(b.fill(np.abs(r - 0.6) - wide), c)
    o.tint(b.fill(np.abs(r - 0.6) - wide * 0.75 - 0.03 * np.sin(a * 7)), glaze)
    o.shade(0.35 + 0.75 * light)
    return o


def star(b, x, y):
    o = Layers(b)
    n = b.whole(5, 7)
    r, a = polar(x, y)
    t = np.abs(np.mod((a + np.pi / 2) / TAU * n, 1) - 0.5) * 2
    c = b.color(0.13, (0.4, 0.9), (0.7, 1), 0.1)
    o.paint(b.fill((r - 0.42 - 0.52 * (t) ** 1.3) * 0.6), c * (1 - 0.25 * (np.mod((a + np.pi / 2) / TAU * n, 1) > 0.5))[:, None])
    return o


def heart(b, x, y):
    o = Layers(b)
    c = b.color(0.98, (0.5, 0.9), (0.65, 1), 0.04)
    u, v = np.abs(x) * 1.05, 0.3 - y * 1.05
    d = np.hypot(u, v + 0.15 - 0.62 * np.sqrt(u + 1e-4)) - 0.72
    o.paint(b.fill(d), np.minimum(c * (1.15 - 0.35 * np.hypot(x + 0.3, y + 0.35))[:, None], 1))
    return o


def crescent(b, x, y):
    o = Layers(b)
    c = b.color(0.14, (0.15, 0.5), (0.85, 1))
    d = np.maximum(np.hypot(x, y) - 0.85, 0.72 - np.hypot(x - 0.42, y + 0.1))
    o.paint(b.fill(d), np.minimum(c * (0.95 + 0.05 * b.noise(4, 12))[:, None], 1))
    return o


def sun(b, x, y):
    o = Layers(b)
    c = b.color(0.12, (0.6, 0.95), (0.9, 1), 0.03)
    r, a = polar(x, y)
    ray = np.abs(np.mod(a / TAU * 12, 1) - 0.5) * 2
    o.paint(b.fill((r - 0.55 - 0.42 * np.clip(ray * 2 - 1, 0, 1)) * 0.6), c * 0.9)
    o.paint(b.fill(r - 0.56), mix(np.minimum(c + 0.2, 1), c, smooth(0, 0.5, r)))
    return o


def rainbow(b, x, y):
    o = Layers(b)
    r = np.hypot(x, y - 0.55)
    t = np.clip((0.98 - r) / 0.5, 0, 0.999)
    shape = (b.count, 3, b.size, b.size)
    k = (np.array([5, 3, 1], np.float32).reshape(1, 3, 1, 1) + t[:, None] * 5) % 6
    s = b.u(0.5, 0.9)[:, None]
    o.paint(b.fill(np.maximum(np.abs(r - 0.73) - 0.25, y - 0.55)), np.broadcast_to(0.95 * (1 - s * np.clip(np.minimum(k, 4 - k), 0, 1)), shape))
    return o


def umbrella(b, x, y):
    o = Layers(b)
    c, d = b.color(), b.color()
    o.paint(b.fill(np.abs(x) - 0.035) * (y > -0.1) * (y < 0.75), BLACK)
    o.paint(b.fill(np.maximum(np.abs(np.hypot(x + 0.13, y - 0.75) - 0.13) - 0.035, 0.75 - y)), BLACK)
    dome = np.maximum(ellipse(x, y, 0, 0, 0.92, 0.85), y + 0.02 - 0.12 * np.abs(np.sin(x * 5.1)))
    gore = np.sin(np.arcsin(np.clip(x / (0.92 * np.sqrt(np.clip(1 - (y / 0.86) ** 2, 0.02, 1))), -1, 1)) * 6)
    o.paint(b.fill(dome), mix(c, d, (gore > 0).astype(np.float32)) * (1.1 - 0.35 * np.abs(x))[:, None])
    return o


def arch(b, x, y):
    """A row of stone arches."""
    o = Layers(b)
    stone, dark = b.color(0.09, (0.15, 0.45), (0.6, 0.95)), b.color(0.6, (0.2, 0.6), (0.1, 0.35))
    n = b.whole(1, 3)
    u = np.mod((x + 1) * n / 2, 1) - 0.5
    w = u * 2 / n
    r = 0.36 * 2 / n
    wall = stone * (0.92 + 0.08 * np.sign(np.sin(y * 30)) * np.sign(np.sin(x * 18 + 1.5 * np.sign(np.sin(y * 30)))))[:, None]
    o.paint(b.fill(box(x, y, 0, 0, 0.98, 0.95)), wall)
    hole = np.where(y < 0, np.hypot(w, y) - r, np.abs(w) - r)
    ring = np.hypot(w, y) - r
    o.tint(b.fill(np.abs(ring - 0.07) - 0.07) * (y < 0), stone * (0.75 + 0.15 * np.sin(np.arctan2(y, w) * 16))[:, None])
    o.tint(b.fill(hole), dark)
    return o


def window(b, x, y):
    o = Layers(b)
    frame, c = b.color(0.08, (0.1, 0.5), (0.5, 0.95)), b.palette()
    outer = np.where(y < -0.2, np.hypot(x, y + 0.2) - 0.72, np.maximum(np.abs(x) - 0.72, y - 0.92))
    o.paint(b.fill(outer), frame)
    pane = mix(mix(c[0], c[1], (np.sign(x) + 1) / 2 + 0 * y), c[3], smooth(-0.8, 0.8, y + 0.3 * x))
    o.paint(b.fill(outer + 0.12), pane)
    bars = np.minimum(np.abs(x), np.abs(np.mod((y + 0.2) * 2.2, 1) - 0.5) / 2.2 + 0)
    o.tint(b.fill(bars - 0.035) * b.fill(outer + 0.1), frame * 0.85)
    return o


def house(b, x, y):
    o = Layers(b)
    wall, roof = b.color(0.1, (0.1, 0.5), (0.7, 1), 0.2), b.color(0.02, (0.5, 0.85), (0.4, 0.8))
    o.paint(b.fill(box(x, y, 0.45, -0.55, 0.1, 0.25)), roof * 0.6)
    o.paint(b.fill(box(x, y, 0, 0.42, 0.68, 0.5)), wall)
    o.paint(b.fill(np.maximum(np.abs(x) * 0.85 + (-y - 0.95) + 0.2, y + 0.05) * 0.75), roof * (0.9 + 0.15 * np.sin(y * 45))[:, None])
    o.paint(b.fill(box(x, y, 0, 0.62, 0.15, 0.3)), roof * 0.5)
    for s in (-1, 1):
        o.paint(b.fill(box(x, y, s * 0.42, 0.35, 0.15, 0.15)), b.color(0.13, (0.3, 0.7), (0.8, 1)))
        o.paint(b.fill(np.minimum(np.abs(x - s * 0.42), np.abs(y - 0.35)) - 0.02) * b.fill(box(x, y, s * 0.42, 0.35, 0.15, 0.15)), wall * 0.4)
    return o


def tower(b, x, y):
    """A castle tower with battlements."""
    o = Layers(b)
    stone = b.color(0.08, (0.1, 0.35), (0.5, 0.85))
    teeth = np.abs(np.mod(x * 3.2 + 0.5, 1) - 0.5) < 0.27
    bricks = 0.9 + 0.1 * np.sign(np.sin(y * 25)) * np.sign(np.sin(x * 18 + 1.5 * np.sign(np.sin(y * 25))))
    o.paint(b.fill(box(x, y, 0, 0.2, 0.46, 0.78)), stone * (bricks * (1.05 - 0.5 * (x + 0.2) ** 2 * 3))[:, None])
    o.paint(b.fill(box(x, y, 0, -0.66, 0.6, 0.14)), stone * 0.85)
    o.paint(b.fill(box(x, y, 0, -0.86, 0.6, 0.1)) * teeth, stone * 0.85)
    for cy in (-0.25, 0.3):
        slit = np.where(y < cy, np.hypot(x, y - cy) - 0.11, np.maximum(np.abs(x) - 0.11, y - cy - 0.22))
        o.paint(b.fill(slit), BLACK)
    return o


def temple(b, x, y):
    """Columns under a gable."""
    o = Layers(b)
    stone = b.color(0.1, (0.05, 0.3), (0.7, 1))
    o.paint(b.fill(box(x, y, 0, 0.05, 0.8, 0.6)), stone * 0.3)
    n = b.whole(4, 6)
    u = (np.mod((x / 0.84 + 1) / 2 * n, 1) - 0.5) / n * 1.68
    o.paint(b.fill(np.abs(u) - 0.32 * 1.68 / n) * b.fill(box(x, y, 0, 0.15, 0.84, 0.55)), stone * (1.05 - 0.8 * np.abs(u + 0.03) * n / 1.68)[:, None])
    for cy in (0.78, 0.92):
        o.paint(b.fill(box(x, y, 0, cy, 0.85 + cy * 0.1, 0.06)), stone * (1.3 - cy * 0.5))
    o.paint(b.fill(box(x, y, 0, -0.42, 0.92, 0.07)), stone * 0.9)
    gable = np.maximum(np.abs(x) * 0.45 - y - 0.95, y + 0.47)
    o.paint(b.fill(gable), stone)
    o.paint(b.fill(gable + 0.09), stone * 0.7)
    return o


def bridge(b, x, y):
    o = Layers(b)
    c = b.color(0.02, (0.3, 0.8), (0.5, 0.9))
    span = np.abs(x) < 1
    o.paint(b.fill(np.abs(y - 0.35) - 0.07) * span, c)
    for s in (-1, 1):
        o.paint(b.fill(box(x, y, s * 0.5, 0.05, 0.06, 0.85)), c * 0.85)
    cable = np.where(np.abs(x) < 0.5, 0.3 - 0.95 * (np.abs(x) / 0.5) ** 2, -0.65 + (np.abs(x) - 0.5) * 1.9)
    o.paint(b.fill(np.abs(y - cable) * 0.55 - 0.025) * span, c * 0.7)
    hang = np.abs(np.mod(x * 9, 1) - 0.5) / 9
    o.paint(b.fill(hang - 0.012) * span * (y > cable) * (y < 0.35), c * 0.7)
    return o


def gear(b, x, y):
    o = Layers(b)
    c = b.color(0.1, (0.05, 0.5), (0.4, 0.85), 0.3)
    r, a = polar(x, y)
    n = b.whole(7, 13)
    o.paint(b.fill(r - 0.74 - 0.16 * np.clip(np.sin(a * n) * 3, -1, 1)), c)
    o.shade(0.75 + 0.3 * np.cos(a * 2 + 1) * smooth(0.2, 0.6, r))
    hole = b.fill(r - 0.26)
    o.alpha = o.alpha * (1 - hole)
    o.paint(b.fill(np.abs(r - 0.32) - 0.05), c * 0.6)
    return o


def wheel(b, x, y):
    o = Layers(b)
    c, tyre = b.color(0.07, (0.2, 0.7), (0.5, 0.9)), b.color(0.1, (0, 0.4), (0.1, 0.35))
    r, a = polar(x, y)
    n = b.whole(6, 12)
    spoke = np.abs(np.sin(a * n / 2)) * r * 2 / n
    o.paint(b.fill(np.maximum(spoke - 0.035, r - 0.75)), c)
    o.paint(b.fill(np.abs(r - 0.82) - 0.13), tyre)
    o.paint(b.fill(np.abs(r - 0.7) - 0.04), c * 0.8)
    o.paint(b.fill(r - 0.15), c * 0.6)
    return o


def clock(b, x, y):
    o = Layers(b)
    rim, dial = b.color(0.1, (0.3, 0.8), (0.3, 0.8), 0.2), b.color(0.12, (0, 0.25), (0.85, 1))
    r, a = polar(x, y)
    o.paint(b.fill(r - 0.92), rim)
    o.paint(b.fill(r - 0.77), dial)
    o.paint(b.fill(np.abs(np.sin(a * 6)) * r / 6 - 0.025) * b.fill(np.abs(r - 0.66) - 0.07), BLACK)
    for length, width in ((0.42, 0.05), (0.6, 0.03)):
        t = b.u(0, TAU)
        o.paint(b.fill(segment(x, y, 0, 0, length * np.cos(t), length * np.sin(t))[0] - width), BLACK)
    return o


def cup(b, x, y):
    o = Layers(b)
    c = b.color()
    o.paint(b.fill(np.abs(np.hypot((x - 0.55) * 1.1, y - 0.1) - 0.27) - 0.07), c * 0.8)
    side = np.abs(x + 0.1) - 0.6 + 0.18 * smooth(0.2, 0.8, y)
    t = np.clip((x + 0.1) / 0.6, -1, 1)
    o.paint(b.fill(np.maximum(side, np.maximum(y - 0.7, -0.45 - y))), c * (0.9 - 0.4 * t)[:, None])
    o.paint(b.fill(ellipse(x, y, -0.1, -0.45, 0.6, 0.17)), np.minimum(c * 1.2, 1))
    o.paint(b.fill(ellipse(x, y, -0.1, -0.42, 0.5, 0.12)), b.color(0.07, (0.5, 0.8), (0.25, 0.5)))
    return o


def vase(b, x, y):
    o = Layers(b)
    c, d = b.color(), b.color()
    half = 0.32 + 0.24 * np.cos((y - 0.15) * 3.4) + 0.12 * smooth(-0.6, -0.95, y)
    t = np.clip(x / half, -1, 1)
    band = smooth(0.3, 0.6, np.sin(y * b.u(10, 18)))
    o.paint(b.fill(np.maximum(np.abs(x) - half, np.abs(y) - 0.92) * 0.8), mix(c, d, band) * (0.95 - 0.4 * t * t - 0.25 * t)[:, None])
    return o


def lantern(b, x, y):
    o = Layers(b)
    c = b.color(0.04, (0.6, 0.95), (0.75, 1), 0.08)
    r = ellipse(x, y, 0, 0, 0.7, 0.66)
    rib = np.sin(y * 22)
    o.paint(b.fill(segment(x, y, 0, -1, 0, 1)[0] - 0.03), BLACK)
    o.paint(b.fill(r), np.minimum(mix(np.minimum(c + 0.4, 1), c, np.clip(np.hypot(x, y) / 0.7, 0, 1)) * (0.9 + 0.13 * rib)[:, None], 1))
    for s in (-1, 1):
        o.paint(b.fill(box(x, y, 0, s * 0.66, 0.3, 0.07)), c * 0.35)
    return o


def balloon(b, x, y):
    """A hot-air balloon."""
    o = Layers(b)
    c, d = b.color(), b.color()
    half = np.where(y < -0.25, np.sqrt(np.clip(0.45 - (y + 0.25) ** 2, 0, 1)), 0.67 - 0.9 * np.clip(y + 0.25, 0, 1) ** 1.5)
    half = np.where(y < 0.42, half, 0)
    t = np.clip(x / (half + 1e-3), -1, 1)
    gore = (np.sin(np.arcsin(t) * 5) > 0).astype(np.float32)
    o.paint(b.fill(segment(np.abs(x), y, 0.17, 0.4, 0.11, 0.75)[0] - 0.015), BLACK)
    o.paint(b.fill(box(x, y, 0, 0.84, 0.14, 0.12)), b.color(0.08, (0.4, 0.7), (0.4, 0.7)))
    o.paint(b.fill(np.maximum(np.abs(x) - half, y - 0.42)), mix(c, d, gore) * (1 - 0.35 * t * t - 0.15 * t)[:, None])
    return o


def boat(b, x, y):
    o = Layers(b)
    hull, sail = b.color(0.05, (0.4, 0.8), (0.35, 0.8), 0.2), b.color(0.12, (0.05, 0.5), (0.8, 1), 0.2)
    o.paint(b.fill(np.abs(x) - 0.03) * (y > -0.95) * (y < 0.5), BLACK)
    o.paint(b.fill(np.maximum(np.maximum(x - (y + 0.9) * 0.6, 0.06 - x), y - 0.38)), sail)
    o.paint(b.fill(np.maximum(np.maximum(-x - (y + 0.6) * 0.55, x + 0.06), y - 0.38)), sail * 0.8)
    o.paint(b.fill(np.maximum(np.abs(x) - 0.85 + (y - 0.45) * 0.7, np.maximum(0.45 - y, y - 0.82)) * 0.8), hull * (1.05 - 0.8 * (y - 0.45))[:, None])
    return o


def mountain(b, x, y):
    o = Layers(b)
    rock = b.color(0.65, (0.15, 0.5), (0.4, 0.75), 0.15)
    jag = 0.06 * b.noise(3, 12)
    for cx, top, k in ((0.45, -0.35, 0.8), (-0.2, -0.85, 1.0)):
        d = np.maximum(np.abs(x - cx + jag * 0.4) * 1.5 - (y - top), y - 0.85)
        o.paint(b.fill(d * 0.6), rock * (k * np.where(x - cx + 2 * jag > 0, 0.65, 1.05))[:, None])
        o.tint(b.fill(d * 0.6) * smooth(0.05, -0.02, y - top - 0.42 + 1.5 * jag), WHITE * np.where(x - cx + 2 * jag > 0, 0.8, 1.0)[:, None])
    return o


def snowflake(b, x, y):
    o = Layers(b)
    r, a = polar(x, y)
    s = np.mod(a + TAU / 12, TAU / 6) - TAU / 12
    u, v = r * np.cos(s), np.abs(r * np.sin(s))
    d = np.maximum(v - 0.045, u - 0.95)
    for start, length in ((0.35, 0.32), (0.62, 0.24)):
        d = np.minimum(d, segment(u, v, start, 0, start + length * 0.5, length * 0.866)[0] - 0.04)
    o.paint(b.fill(d), b.color(0.55, (0.05, 0.4), (0.85, 1)))
    return o


def apple(b, x, y):
    o = Layers(b)
    c = b.color(0.0, (0.6, 0.95), (0.65, 0.95), 0.12)
    body = np.minimum(ellipse(x, y, -0.28, 0.12, 0.52, 0.7), ellipse(x, y, 0.28, 0.12, 0.52, 0.7))
    o.paint(b.fill(body), np.clip(mix(np.minimum(c + 0.15, 1), c, np.clip(np.hypot(x + 0.3, y + 0.15) / 0.8, 0, 1)) * (1.1 - 0.4 * np.clip(x * 0.6 + y * 0.7, 0, 1))[:, None], 0, 1))
    o.paint(b.fill(segment(x, y, 0, -0.45, 0.1, -0.85)[0] - 0.04), b.color(0.07, (0.4, 0.7), (0.25, 0.45)))
    u, v = turn(x - 0.36, y + 0.74, -0.5 + 0 * x)
    o.paint(b.fill(ellipse(u, v, 0, 0, 0.3, 0.13)), b.color(0.3, (0.5, 0.9), (0.5, 0.85)))
    return o


def strawberry(b, x, y):
    o = Layers(b)
    c = b.color(0.98, (0.7, 0.95), (0.7, 0.98), 0.03)
    half = 0.68 * np.sqrt(np.clip((0.95 - y) / 1.4, 0, 1)) * smooth(-0.75, -0.35, y) ** 0.5
    o.paint(b.fill((np.abs(x) - half) * 0.8) * (y > -0.75) * (y < 0.94), c * (1.1 - 0.5 * np.abs(x + 0.15))[:, None])
    row = np.floor(y * 5)
    seed = np.hypot(np.mod(x * 5 + 0.5 * np.mod(row, 2), 1) - 0.5, (np.mod(y * 5, 1) - 0.5) * 0.7)
    o.tint(b.fill((seed - 0.13) / 5), b.color(0.13, (0.4, 0.7), (0.85, 1)))
    r, a = polar(x, y + 0.62)
    o.paint(b.fill((r - 0.2 - 0.26 * np.abs(np.cos(a * 2.5))) * 0.7), b.color(0.3, (0.6, 0.9), (0.4, 0.7)))
    return o


def citrus(b, x, y):
    """A slice of orange or lemon."""
    o = Layers(b)
    c = b.color(0.11, (0.6, 0.95), (0.85, 1), 0.04)
    r, a = polar(x, y)
    n = b.whole(7, 10)
    o.paint(b.fill(r - 0.92), c)
    o.paint(b.fill(r - 0.82), np.minimum(c * 0.25 + 0.72, 1))
    wedge = np.maximum(np.maximum(r - 0.75, 0.12 - r), 0.045 - np.abs(np.sin(a * n / 2)) * r * 2 / n)
    o.paint(b.fill(wedge), np.minimum(c * (0.88 + 0.1 * b.noise(6, 14) + 0.2 * r)[:, None], 1))
    return o


def grapes(b, x, y):
    o = Layers(b)
    c = b.color(0.78, (0.4, 0.8), (0.4, 0.8), 0.12)
    o.paint(b.fill(segment(x, y, 0, -0.9, 0.03, -0.5)[0] - 0.04), b.color(0.09, (0.4, 0.7), (0.3, 0.5)))
    for row, n in ((0, 4), (1, 3), (2, 4), (3, 3), (4, 2), (5, 1)):
        for k in range(n):
            cx, cy = (k - (n - 1) / 2) * 0.4, -0.5 + row * 0.27
            d = np.hypot(x - cx, y - cy)
            light = 1.15 - 2.8 * np.hypot(x - cx + 0.07, y - cy + 0.08)
            o.paint(b.fill(d - 0.22), np.clip(c * (0.35 + 0.8 * np.clip(light, 0, 1))[:, None], 0, 1))
    return o


def lightning(b, x, y):
    o = Layers(b)
    bend = np.where(y < -0.1, 0.25 - 0.5 * (y + 0.5), np.where(y < 0.15, -0.1 + 1.2 * (y + 0.1) , 0.1 - 0.45 * (y - 0.15)))
    w = 0.24 * np.clip((1 - y) / 1.5, 0, 1)
    c = b.color(0.14, (0.4, 0.9), (0.9, 1), 0.05)
    o.paint(b.fill(np.maximum(np.abs(x - bend) - w, np.abs(y) - 0.97) * 0.8), c)
    return o


def key(b, x, y):
    o = Layers(b)
    c = b.color(0.12, (0.2, 0.8), (0.5, 0.9), 0.1)
    d = np.abs(np.hypot(x, y + 0.55) - 0.28) - 0.1
    d = np.minimum(d, box(x, y, 0, 0.35, 0.075, 0.6))
    for cy in (0.55, 0.8):
        d = np.minimum(d, box(x, y, 0.2, cy, 0.2, 0.07))
    o.paint(b.fill(d), np.minimum(c * (1.15 - 0.8 * np.abs(x + 0.1))[:, None], 1))
    return o


THINGS = [sphere, cube, cone, torus, star, heart, crescent, sun, rainbow, umbrella, arch, window, house, tower, temple, bridge, gear, wheel,
          clock, cup, vase, lantern, balloon, boat, mountain, snowflake, apple, strawberry, citrus, grapes, lightning, key]
