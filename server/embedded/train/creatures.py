"""Living things: eyes, faces, animals and plants. Each draws one object in -1..1 (y points down) and returns its layers. A class each."""

import numpy as np

from brush import BLACK, WHITE, Layers, box, ellipse, mix, polar, scramble, segment, smooth, turn

TAU = 2 * np.pi


def pupil(b, o, x, y, cx, cy, r, iris):
    """A round eye: iris with spokes, pupil, glint."""
    d, a = polar(x - cx, y - cy)
    spokes = 0.75 + 0.25 * np.sin(a * 14) * smooth(0.3, 0.8, d / r)
    o.paint(b.fill(d - r), iris * (spokes * (1.15 - 0.6 * smooth(0.6, 1, d / r)))[:, None])
    o.paint(b.fill(d - r * 0.5), BLACK)
    o.paint(b.fill(np.hypot(x - cx + r * 0.3, y - cy + r * 0.35) - r * 0.2), WHITE)


def ball(o, x, y, cx, cy, r):
    """Shades all that is painted as if it were round."""
    o.shade(np.clip(1.18 - 0.35 * ((x - cx + 0.35 * r) ** 2 + (y - cy + 0.45 * r) ** 2) / (r * r), 0.35, 1.2))


def eye(b, x, y):
    o = Layers(b)
    skin = b.color(0.06, (0.2, 0.55), (0.5, 0.95))
    tall = b.u(0.4, 0.62)
    o.paint(b.fill(ellipse(x, y, 0, 0, 1.0, tall + 0.3)) * 0.9, skin * (0.75 + 0.2 * np.abs(y))[:, None])
    lid = np.maximum(np.hypot(x, y + 1 / tall * 0.5 - tall) - 1 / tall * 0.5, np.hypot(x, y - 1 / tall * 0.5 + tall) - 1 / tall * 0.5)
    white = b.fill(lid)
    o.paint(b.fill(lid - 0.06), skin * 0.35)
    o.paint(white, WHITE * (0.97 - 0.25 * np.abs(x))[:, None])
    before = o.rgb.copy()
    pupil(b, o, x, y, b.u(-0.2, 0.2), 0, tall * b.u(0.7, 0.95), b.color(None, (0.3, 0.8), (0.4, 0.9)))
    o.rgb = mix(before, o.rgb, white)
    lash = np.sin(np.arctan2(y - 0.5, x) * 34)
    o.paint(b.fill(np.abs(lid - 0.12) - 0.1) * (y < -0.05) * np.clip(lash * 2, 0, 1), BLACK)
    return o


def face(b, x, y):
    o = Layers(b)
    skin, hair = b.color(0.06, (0.2, 0.6), (0.45, 0.98)), b.color(0.07, (0.3, 0.8), (0.15, 0.7))
    o.paint(b.fill(ellipse(x, y, 0, -0.12, 0.76, 0.86)), hair)
    o.paint(b.fill(ellipse(x, y, 0, 0.12, 0.6, 0.76)), skin)
    ball(o, x, y, 0, 0.1, 1.0)
    o.tint(b.fill(ellipse(x, y, -0.34, 0.32, 0.16, 0.13)) * 0.5 + b.fill(ellipse(x, y, 0.34, 0.32, 0.16, 0.13)) * 0.5, skin * np.array([1, 0.65, 0.65]).reshape(1, 3, 1, 1))
    iris = b.color(None, (0.3, 0.8), (0.3, 0.7))
    for s in (-1, 1):
        o.paint(b.fill(ellipse(x, y, s * 0.26, -0.02, 0.16, 0.1)), WHITE)
        pupil(b, o, x, y, s * 0.26, -0.02, 0.09, iris)
        d, _ = segment(x, y, s * 0.12, -0.2, s * 0.42, -0.24)
        o.paint(b.fill(d - 0.04), hair * 0.6)
    o.paint(b.fill(segment(x, y, 0.04, 0.0, -0.02, 0.28)[0] - 0.035) * 0.5, skin * 0.6)
    o.paint(b.fill(np.maximum(ellipse(x, y, 0, 0.42, b.u(0.16, 0.3), 0.16), 0.42 - y)), b.color(0.98, (0.5, 0.8), (0.5, 0.85)))
    return o


def owl(b, x, y):
    o = Layers(b)
    coat = b.color(0.08, (0.3, 0.6), (0.4, 0.8))
    for s in (-1, 1):
        o.paint(b.fill(np.maximum(np.abs(x - s * 0.5) * 1.5 + y + 0.62, -y - 1.0)) * (y < -0.3), coat * 0.7)
    o.paint(b.fill(ellipse(x, y, 0, 0.1, 0.72, 0.85)), coat * (0.8 + 0.25 * np.sin(y * 22) * np.sin(x * 18 + 9 * (np.floor(y * 3.5) % 2)))[:, None])
    disc = b.color(0.1, (0.1, 0.35), (0.8, 1))
    iris = b.color(0.12, (0.7, 0.95), (0.85, 1))
    for s in (-1, 1):
        d, a = polar(x - s * 0.32, y + 0.25)
        o.paint(b.fill(d - 0.36), disc * (0.85 + 0.15 * np.cos(a * 20))[:, None])
        pupil(b, o, x, y, s * 0.3, -0.25, 0.2, iris)
    o.paint(b.fill(np.maximum(np.abs(x) * 1.8 + y - 0.22, -y - 0.12)), b.color(0.1, (0.6, 0.9), (0.5, 0.9)))
    return o


def cat(b, x, y):
    o = Layers(b)
    coat = b.color(0.08, (0.1, 0.65), (0.35, 0.95))
    for s in (-1, 1):
        ear = np.maximum(np.abs(x - s * 0.5 + 0.1 * s * y) * 2 - (y + 1.0), y)
        o.paint(b.fill(ear / 2.2), coat)
        o.paint(b.fill((ear + 0.25) / 2.2) * (y < -0.3), b.color(0.97, (0.3, 0.5), (0.7, 0.95)))
    head = ellipse(x, y, 0, 0.1, 0.8, 0.68)
    tabby = 0.85 + 0.2 * b.whole(0, 1) * np.sin(x * 12) * smooth(0.1, -0.6, y)
    o.paint(b.fill(head), coat * tabby[:, None])
    ball(o, x, y, 0, 0, 1.1)
    iris = b.color(0.22, (0.5, 0.9), (0.6, 0.95))
    for s in (-1, 1):
        d = ellipse(x, y, s * 0.36, -0.02, 0.21, 0.17)
        o.paint(b.fill(d), iris)
        o.paint(b.fill(ellipse(x, y, s * 0.36, -0.02, b.u(0.05, 0.11), 0.16)), BLACK)
        for k in (-1, 0, 1):
            d, _ = segment(x, y, s * 0.2, 0.38 + 0.03 * k, s * 0.95, 0.36 + 0.14 * k)
            o.paint(b.fill(d - 0.008) * 0.8, WHITE)
    o.paint(b.fill(ellipse(x, y, -0.14, 0.42, 0.2, 0.14)), np.minimum(coat * 0.4 + 0.6, 1))
    o.paint(b.fill(ellipse(x, y, 0.14, 0.42, 0.2, 0.14)), np.minimum(coat * 0.4 + 0.6, 1))
    o.paint(b.fill(np.maximum(np.abs(x) + (y - 0.36), 0.2 - y) * 0.7), b.color(0.97, (0.4, 0.6), (0.5, 0.85)))
    return o


def dog(b, x, y):
    o = Layers(b)
    coat = b.color(0.08, (0.2, 0.6), (0.4, 0.95))
    o.paint(b.fill(ellipse(x, y, 0, 0, 0.62, 0.75)), coat)
    o.paint(b.fill(ellipse(x, y, 0, 0.35, 0.4, 0.42)), np.minimum(coat * 0.5 + 0.48, 1))
    ball(o, x, y, 0, 0, 1.1)
    for s in (-1, 1):
        u, v = turn(x - s * 0.66, y + 0.12, s * -0.25 + 0 * x)
        o.paint(b.fill(ellipse(u, v, 0, 0, 0.24, 0.6)), coat * 0.55)
        pupil(b, o, x, y, s * 0.27, -0.16, 0.13, b.color(0.07, (0.5, 0.8), (0.3, 0.5)))
    o.paint(b.fill(ellipse(x, y, 0, 0.2, 0.2, 0.14)), BLACK)
    o.paint(b.fill(ellipse(x, y, -0.06, 0.15, 0.06, 0.03)), WHITE * 0.8)
    o.paint(b.fill(np.maximum(ellipse(x, y, 0, 0.58, 0.15, 0.3), 0.5 - y)), b.color(0.97, (0.5, 0.7), (0.7, 0.95)))
    return o


def bird(b, x, y):
    o = Layers(b)
    coat, wing, belly = b.color(None, (0.4, 0.85), (0.5, 0.95)), b.color(None, (0.3, 0.8), (0.35, 0.8)), b.color(0.1, (0.1, 0.5), (0.75, 1))
    o.paint(b.fill(segment(x, y, 0.4, 0.3, 1.0, 0.62)[0] - 0.1), wing * 0.8)
    o.paint(b.fill(np.maximum(np.abs(y + 0.42) * 1.3 + (-x - 0.95), x + 0.5)), b.color(0.1, (0.7, 0.95), (0.8, 1)))
    body = ellipse(*turn(x - 0.05, y - 0.12, 0.45 + 0 * x), 0, 0, 0.62, 0.42)
    o.paint(b.fill(body), mix(coat, belly, smooth(0.05, 0.35, y - 0.5 * x)))
    o.paint(b.fill(np.hypot(x + 0.38, y + 0.4) - 0.32), coat)
    u, v = turn(x - 0.2, y - 0.12, 0.5 + 0 * x)
    o.paint(b.fill(ellipse(u, v, 0, 0, 0.48, 0.24)), wing * (0.85 + 0.25 * np.sin((u + np.abs(v)) * 22))[:, None])
    pupil(b, o, x, y, -0.46, -0.45, 0.1, b.color(0.1, (0.3, 0.8), (0.6, 0.9)))
    for k in (0.0, 0.2):
        o.paint(b.fill(segment(x, y, k, 0.5, k - 0.04, 0.85)[0] - 0.03), BLACK)
    return o


def fish(b, x, y):
    o = Layers(b)
    coat, second = b.color(0.06, (0.5, 0.9), (0.7, 1), 0.15, 0.6), b.color(None, (0.3, 0.8), (0.5, 1))
    tail = np.maximum(np.abs(y) - (x - 0.4) * 0.9, x - 0.95 + 0.3 * np.cos(y * 3))
    o.paint(b.fill(tail), second * (0.8 + 0.2 * np.sin(np.arctan2(y, x - 0.3) * 30))[:, None])
    fin = ellipse(x, y, 0.05, -0.35, 0.4, 0.3)
    o.paint(b.fill(fin) * (y < 0), second * (0.8 + 0.2 * np.sin(x * 40))[:, None])
    body = ellipse(x, y, -0.15, 0, 0.72, b.u(0.36, 0.52))
    bars = smooth(0.2, 0.7, np.sin(x * b.u(7, 14) + b.u(0, 6))) * b.whole(0, 1)
    armour = 0.88 + 0.16 * np.sin(x * 22) * np.sin(y * 22)
    o.paint(b.fill(body), mix(coat, second, bars) * (armour * (1.1 - 0.35 * smooth(-0.3, 0.5, y)))[:, None])
    o.tint(b.fill(np.abs(np.hypot(x + 0.75, y) - 0.38) - 0.02) * b.fill(body), coat * 0.5)
    o.paint(b.fill(np.hypot(x + 0.58, y + 0.1) - 0.13), WHITE)
    pupil(b, o, x, y, -0.58, -0.1, 0.1, b.color(None, (0.3, 0.7), (0.4, 0.8)))
    return o


def butterfly(b, x, y):
    o = Layers(b)
    c = b.palette()
    ax = np.abs(x)
    for hx, hy, rx, ry, tilt in ((0.42, 0.34, 0.36, 0.42, -0.5), (0.5, -0.3, 0.54, 0.36, 0.6)):
        u, v = turn(ax - hx, y - hy, -tilt + 0 * x)
        d = ellipse(u, v, 0, 0, rx, ry) + 0.03 * np.sin(np.arctan2(v, u) * 9)
        veins = 0.85 + 0.15 * np.cos(np.arctan2(y - 0.02, ax) * 26)
        o.paint(b.fill(d), c[0] * 0.35)
        o.paint(b.fill(d + 0.09), mix(c[1], c[3], smooth(0.3, 1.0, np.hypot(ax, y))) * veins[:, None])
        r = np.hypot(u - 0.08, v)
        o.paint(b.fill(r - 0.13), c[2])
        o.paint(b.fill(r - 0.06), c[0] * 0.3)
    o.paint(b.fill(ellipse(x, y, 0, 0.08, 0.07, 0.5)), BLACK)
    o.paint(b.fill(segment(ax, y, 0, -0.4, 0.25, -0.85)[0] - 0.02), BLACK)
    return o


def ladybird(b, x, y):
    o = Layers(b)
    shell = b.color(0.01, (0.7, 0.95), (0.7, 1))
    for k in (-0.3, 0.1, 0.5):
        o.paint(b.fill(segment(np.abs(x), y, 0.5, k, 0.92, k + 0.12)[0] - 0.04), BLACK)
    o.paint(b.fill(np.hypot(x, y + 0.55) - 0.34), BLACK)
    d = np.hypot(x, y - 0.08) - 0.68
    o.paint(b.fill(d), shell)
    for cx, cy in ((0.3, -0.25), (0.42, 0.15), (0.22, 0.48)):
        o.tint(b.fill(np.hypot(np.abs(x) - cx, y - cy) - 0.13), BLACK)
    o.tint(b.fill(np.abs(x) - 0.025), BLACK)
    ball(o, x, y, 0, 0, 0.9)
    o.paint(b.fill(np.hypot(np.abs(x) - 0.17, y + 0.68) - 0.07), WHITE)
    return o


def beetle(b, x, y):
    o = Layers(b)
    shell = b.color(None, (0.5, 0.95), (0.4, 0.85))
    for k in (-0.35, 0.05, 0.4):
        o.paint(b.fill(segment(np.abs(x), y, 0.3, k, 0.7, k - 0.1)[0] - 0.035), BLACK)
        o.paint(b.fill(segment(np.abs(x), y, 0.7, k - 0.1, 0.85, k + 0.25)[0] - 0.03), BLACK)
    o.paint(b.fill(segment(np.abs(x), y, 0.08, -0.7, 0.3, -0.98)[0] - 0.035), BLACK)
    o.paint(b.fill(ellipse(x, y, 0, -0.62, 0.22, 0.2)), shell * 0.45)
    o.paint(b.fill(ellipse(x, y, 0, -0.35, 0.4, 0.25)), shell * 0.75)
    sheen = 0.75 + 0.4 * np.exp(-((np.abs(x) - 0.2) ** 2) * 40) + 0.1 * np.sin(np.abs(x) * 50)
    o.paint(b.fill(ellipse(x, y, 0, 0.25, 0.46, 0.66)), shell * sheen[:, None])
    o.tint(b.fill(np.abs(x) - 0.02) * (y > -0.2), BLACK)
    return o


def bee(b, x, y):
    o = Layers(b)
    for s in (-1, 1):
        for k, size in ((0.35, 0.42), (0.0, 0.3)):
            u, v = turn(x - s * 0.5, y + k, s * 0.6 + 0 * x)
            o.paint(b.fill(ellipse(u, v, 0, 0, size, size * 0.45)) * 0.75, b.color(0.55, (0.05, 0.3), (0.85, 1)) * (0.88 + 0.12 * np.sin(u * 25))[:, None])
    gold = b.color(0.13, (0.7, 0.95), (0.85, 1))
    o.paint(b.fill(ellipse(x, y, 0, 0.32, 0.34, 0.58)), mix(gold, BLACK, smooth(-0.2, 0.2, np.sin(y * 15))))
    o.paint(b.fill(np.hypot(x, y + 0.3) - 0.3), gold * 0.75)
    o.paint(b.fill(np.hypot(x, y + 0.66) - 0.2), BLACK)
    o.paint(b.fill(np.hypot(np.abs(x) - 0.13, y + 0.7) - 0.09), gold * 0.5)
    ball(o, x, y, 0, 0, 1.0)
    return o


def spider(b, x, y):
    o = Layers(b)
    coat = b.color(0.06, (0.2, 0.8), (0.15, 0.5))
    ax = np.abs(x)
    for k in range(4):
        ky = -0.42 + 0.28 * k
        o.paint(b.fill(segment(ax, y, 0.12, -0.1, 0.52, ky - 0.18)[0] - 0.035), coat)
        o.paint(b.fill(segment(ax, y, 0.52, ky - 0.18, 0.92, ky + 0.25 * (k - 1))[0] - 0.025), coat)
    o.paint(b.fill(np.hypot(x, y + 0.2) - 0.24), coat)
    o.paint(b.fill(ellipse(x, y, 0, 0.32, 0.33, 0.4)), coat * 1.3)
    o.tint(b.fill((np.abs(ax * 1.5 + np.abs(y - 0.32)) - 0.2)), b.color(0.0, (0.6, 0.95), (0.6, 1)))
    return o


def snail(b, x, y):
    o = Layers(b)
    skin, shell = b.color(0.1, (0.2, 0.5), (0.6, 0.9)), b.color(0.06, (0.3, 0.8), (0.5, 0.95))
    o.paint(b.fill(segment(x, y, -0.6, 0.62, 0.85, 0.62)[0] - 0.14), skin)
    o.paint(b.fill(segment(x, y, -0.65, 0.55, -0.72, 0.05)[0] - 0.13), skin)
    for k in (-0.1, 0.12):
        o.paint(b.fill(segment(x, y, -0.72, 0.05, -0.72 + k * 1.6, -0.4)[0] - 0.03), skin)
        o.paint(b.fill(np.hypot(x + 0.72 - k * 1.6, y + 0.42) - 0.06), BLACK)
    r, a = polar(x - 0.15, y - 0.05)
    turns = np.sin(np.log(r) * 6 - a) * 0.5 + 0.5
    o.paint(b.fill(r - 0.6), mix(shell * 0.45, np.minimum(shell * 1.15, 1), turns))
    return o


def nautilus(b, x, y):
    o = Layers(b)
    shell = b.color(0.06, (0.3, 0.7), (0.7, 1))
    r, a = polar(x, y)
    grow = 0.19
    t = np.log(r / 0.95) / grow
    lap = np.mod(t - a, TAU) / TAU
    whorl = (t - a) / TAU
    ribs = np.sin((a + np.floor(whorl) * TAU) * 9)
    o.paint(b.fill(r - 0.95 * np.exp(grow * (a - np.pi))), mix(np.minimum(shell * 0.3 + 0.7, 1), shell * 0.8, smooth(-0.3, 0.6, ribs)) * (0.45 + 0.6 * np.sin(lap * np.pi))[:, None])
    return o


def scallop(b, x, y):
    o = Layers(b)
    shell, second = b.color(0.03, (0.2, 0.6), (0.75, 1)), b.color(0.08, (0.3, 0.7), (0.5, 0.9))
    r, a = polar(x, y - 0.75)
    fan = np.arctan2(x, 0.75 - y)
    n = b.u(14, 22)
    edge = r - 1.5 - 0.04 * np.cos(fan * n)
    o.paint(b.fill(np.maximum(edge, (np.abs(fan) - 0.78) * r)), mix(shell, second, 0.5 + 0.5 * np.sin(r * b.u(8, 16))) * (0.78 + 0.25 * np.cos(fan * n))[:, None])
    o.paint(b.fill(box(x, y, 0, 0.72, 0.3, 0.13)), second * 0.8)
    return o


def starfish(b, x, y):
    o = Layers(b)
    coat = b.color(0.05, (0.5, 0.9), (0.65, 1))
    r, a = polar(x, y)
    sector = np.abs(np.mod(a + np.pi / 2, TAU / 5) - TAU / 10)
    d = r * np.cos(TAU / 10 - sector) * 0 + r - 0.95 / (1 + 3.2 * np.abs(np.sin((TAU / 10 - sector) * 1.0)) ** 0.9 * 1.0)
    o.paint(b.fill(d), coat)
    o.tint(np.clip(0.6 * np.sin(x * 28) * np.sin(y * 28), 0, 1), np.minimum(coat + 0.35, 1))
    o.shade(0.75 + 0.45 * smooth(0.25, 0, r * np.abs(np.sin(TAU / 10 - sector))))
    return o


def jellyfish(b, x, y):
    o = Layers(b)
    c = b.color(None, (0.25, 0.65), (0.75, 1))
    for k in range(6):
        kx = (k - 2.5) * 0.2
        wave = kx + 0.07 * np.sin(y * 9 + k * 1.7 + b.u(0, 6))
        o.paint(b.fill(np.abs(x - wave) - 0.03) * (y > -0.1) * (y < 0.6 + 0.3 * ((k * 7) % 3) / 2), c * 0.8)
    r = np.hypot(x, (y + 0.1) * 1.05)
    dome = np.maximum(r - 0.72, y + 0.1 - 0.06 * np.sin(x * 18))
    o.paint(b.fill(dome), mix(np.minimum(c * 0.4 + 0.6, 1), c * 0.7, smooth(0.1, 0.7, r)) * (0.9 + 0.12 * np.cos(np.arctan2(y + 0.1, x) * 14))[:, None])
    return o


def octopus(b, x, y):
    o = Layers(b)
    skin = b.color(0.97, (0.35, 0.8), (0.6, 0.95), 0.1)
    for k in range(6):
        a0 = (k - 2.5) * 0.42
        r, a = polar(x, y + 0.15)
        sway = a0 + 0.35 * np.sin(r * 5 + k * 2) * r
        d = np.abs(np.arctan2(x, y + 0.15) - sway) * r - 0.13 * (1.15 - r)
        o.paint(b.fill(np.maximum(d, r - 1.05)), skin * (0.8 + 0.2 * np.sin(r * 30))[:, None])
    o.paint(b.fill(ellipse(x, y, 0, -0.4, 0.5, 0.55)), skin)
    ball(o, x, y, 0, -0.2, 1.1)
    for s in (-1, 1):
        o.paint(b.fill(np.hypot(x - s * 0.2, y + 0.25) - 0.15), WHITE)
        o.paint(b.fill(ellipse(x, y, s * 0.2, -0.25, 0.11, 0.05)), BLACK)
    return o


def feather(b, x, y):
    o = Layers(b)
    c = b.palette()
    x = x + 0.2 * (y * y - 0.5) * b.sign()
    half = 0.42 * np.sqrt(np.clip(1 - ((y + 0.15) / 0.82) ** 2, 0, 1)) ** 0.9
    comb = (y + np.abs(x) * 1.0)
    d = np.abs(x) - half - 0.04 * np.sin(comb * 40)
    barbs = 0.8 + 0.2 * np.sin(comb * b.u(30, 45))
    o.paint(b.fill(d) * (np.abs(y + 0.15) < 0.82), mix(c[1], c[2], soft_bands(comb * b.u(3, 8))) * barbs[:, None])
    o.paint(b.fill(segment(x, y, 0, -0.85, 0, 0.98)[0] - 0.03), np.minimum(c[3] * 0.3 + 0.65, 1))
    return o


def soft_bands(v):
    return np.clip(0.5 + 1.5 * np.sin(v * 2), 0, 1)


def peacock(b, x, y):
    """The eye of a peacock's feather."""
    o = Layers(b)
    base, gold = b.color(0.33, (0.5, 0.9), (0.4, 0.75)), b.color(0.12, (0.5, 0.9), (0.7, 1))
    r, a = polar(x, y * 0.8 + 0.15)
    barbs = np.sin(np.arctan2(x, y + 1.6) * 60 + 0 * r)
    o.paint(b.fill(r - 0.8 - 0.07 * np.sin(a * 40)), base * (0.75 + 0.3 * np.sin(a * 40))[:, None])
    o.paint(b.fill(np.abs(x) - 0.035) * (y > 0.2) * (y < 1), base * 0.6)
    o.paint(b.fill(r - 0.58), gold)
    o.paint(b.fill(np.hypot(x, y * 0.85 + 0.1) - 0.44), b.color(0.47, (0.6, 0.95), (0.6, 0.95)))
    heart = np.hypot(x, y * 0.95 + 0.02) - 0.28 + 0.12 * smooth(0.12, 0, np.abs(x)) * (y > 0)
    o.paint(b.fill(heart), b.color(0.65, (0.7, 0.98), (0.25, 0.6)))
    return o


def daisy(b, x, y):
    o = Layers(b)
    petal, heart = b.color(0.9, (0.05, 0.6), (0.8, 1), 0.3), b.color(0.13, (0.7, 0.95), (0.8, 1))
    r, a = polar(x, y)
    n = b.whole(6, 13)
    for k in (0.5, 0.0):
        bloom = r - 0.92 * (1 - 0.12 * k) * np.sqrt(np.abs(np.cos(a * n / 2 + k * np.pi)) + 1e-4)
        o.paint(b.fill(bloom * 0.7), petal * (0.72 + 0.3 * np.abs(np.cos(a * n / 2 + k * np.pi)) - 0.15 * k)[:, None])
    o.paint(b.fill(r - 0.28), heart * (0.85 + 0.2 * np.sin(x * 45) * np.sin(y * 45))[:, None])
    return o


def sunflower(b, x, y):
    o = Layers(b)
    gold, seed = b.color(0.13, (0.7, 0.95), (0.85, 1)), b.color(0.07, (0.5, 0.8), (0.25, 0.5))
    r, a = polar(x, y)
    for k in (0.5, 0.0):
        saw = np.abs(np.mod(a / TAU * 16 + k, 1) - 0.5) * 2
        o.paint(b.fill((r - 0.97 + 0.42 * saw ** 1.6) * 0.6), gold * (1 - 0.35 * saw - 0.2 * k)[:, None])
    swirl = np.sin(a * 13 + np.log(r) * 14) * np.sin(a * 13 - np.log(r) * 14)
    o.paint(b.fill(r - 0.5), seed * (1 + 0.6 * swirl)[:, None])
    return o


def rose(b, x, y):
    o = Layers(b)
    petal = b.color(0.97, (0.35, 0.85), (0.7, 1), 0.06)
    r, a = polar(x, y)
    swirl = np.mod(np.log(r + 0.06) * 2.6 + a * 3 / TAU + 0.12 * np.sin(a * 5), 1)
    o.paint(b.fill(r - 0.85 - 0.06 * np.cos(a * 5)), petal * (0.45 + 0.6 * swirl ** 0.7)[:, None])
    return o


def tulip(b, x, y):
    o = Layers(b)
    petal, green = b.color(None, (0.5, 0.9), (0.7, 1)), b.color(0.3, (0.5, 0.8), (0.4, 0.75))
    o.paint(b.fill(np.abs(x - 0.06 * np.sin(y * 3)) - 0.05) * (y > 0) * (y < 1), green)
    for s in (-1, 1):
        u, v = turn(x - s * 0.22, y - 0.6, s * 0.45 + 0 * x)
        o.paint(b.fill(ellipse(u, v, 0, 0, 0.11, 0.45)), green * 0.85)
        u, v = turn(x - s * 0.2, y + 0.38, s * 0.2 + 0 * x)
        o.paint(b.fill(ellipse(u, v, 0, 0, 0.26, 0.52)), petal * 0.75)
    o.paint(b.fill(ellipse(x, y, 0, -0.28, 0.24, 0.46)), petal * (1 - 0.3 * np.abs(x) * 3)[:, None])
    return o


def leaf(b, x, y):
    o = Layers(b)
    green = b.color(0.28, (0.4, 0.85), (0.4, 0.85), 0.1)
    half = 0.55 * np.clip(1 - np.abs(y) ** 1.8, 0, 1) * (0.8 + 0.35 * y)
    teeth = 0.03 * np.abs(np.sin(y * 18))
    side = np.abs(np.sin((y + np.abs(x) * 0.9) * 11))
    o.paint(b.fill(np.abs(x) - half - teeth * (half > 0.05)) * (np.abs(y) < 0.97), green * (0.75 + 0.3 * smooth(0.05, 0.35, side) + 0.12 * np.sign(x))[:, None])
    o.paint(b.fill(np.abs(x) - 0.025) * (np.abs(y) < 1), np.minimum(green + 0.25, 1))
    return o


def maple(b, x, y):
    o = Layers(b)
    c = b.color(0.05, (0.6, 0.95), (0.6, 0.95), 0.06)
    r, a = polar(x, y - 0.15)
    up = np.arctan2(x, 0.15 - y)
    lobes = 0.5 + 0.42 * np.abs(np.cos(up * 2.5)) ** 1.5 * (1 - 0.25 * (np.abs(up) > 1.9)) + 0.08 * np.abs(np.sin(up * 15))
    o.paint(b.fill(r - lobes), c * (0.85 + 0.2 * (1 - smooth(0, 0.12, np.abs(np.sin(up * 2.5)) * r)))[:, None])
    o.paint(b.fill(segment(x, y, 0, 0.15, 0.06, 0.98)[0] - 0.035), c * 0.6)
    return o


def fern(b, x, y):
    o = Layers(b)
    green = b.color(0.3, (0.45, 0.85), (0.4, 0.85))
    x = x + 0.15 * b.sign() * (y * y - 0.4)
    n = b.u(6, 9)
    v = (y + np.abs(x) * 0.45) * n / 2
    row = np.mod(v, 1) - 0.5
    length = 0.62 * np.clip((y + np.abs(x) * 0.45 + 0.98) / 1.9, 0, 1) ** 0.7
    d = np.maximum(np.abs(row) / n * 2 - 0.085 * np.clip(1.1 - np.abs(x) / (length + 1e-3), 0, 1), np.abs(x) - length)
    o.paint(b.fill(d) * (np.abs(y) < 0.97), green * (0.75 + 0.5 * np.abs(x))[:, None])
    o.paint(b.fill(np.abs(x) - 0.025) * (np.abs(y) < 0.98), green * 0.6)
    return o


def tree(b, x, y):
    o = Layers(b)
    green, bark = b.color(0.28, (0.4, 0.8), (0.4, 0.8), 0.07), b.color(0.07, (0.3, 0.6), (0.3, 0.55))
    o.paint(b.fill(np.abs(x) - 0.1 - 0.12 * np.clip(y - 0.6, 0, 1)) * (y > -0.1) * (y < 0.98), bark * (0.9 + 0.2 * np.sin(x * 40))[:, None])
    o.paint(b.fill(segment(np.abs(x), y, 0, 0.3, 0.35, -0.05)[0] - 0.05), bark)
    crown = ellipse(x, y, 0, -0.35, 0.78, 0.58) + 0.05 * b.noise(3, 8)
    o.paint(b.fill(crown), np.clip(green * (0.85 + 0.16 * b.noise(4, 12) - 0.25 * (y + 0.4))[:, None], 0, 1))
    return o


def pine(b, x, y):
    o = Layers(b)
    green = b.color(0.38, (0.4, 0.8), (0.3, 0.7))
    o.paint(b.fill(box(x, y, 0, 0.85, 0.09, 0.14)), b.color(0.07, (0.3, 0.6), (0.3, 0.5)))
    for k in (2, 1, 0):
        top = -0.98 + 0.45 * k
        d = np.maximum(np.abs(x) * (1.5 - 0.25 * k) - (y - top) * 0.75, y - top - 0.78 + 0.05 * np.sin(x * 25))
        o.paint(b.fill(d * 0.7), green * (1.1 - 0.45 * smooth(top, top + 0.8, y))[:, None])
    return o


def mushroom(b, x, y):
    o = Layers(b)
    cap = b.color(0.01, (0.5, 0.9), (0.6, 0.95), 0.06)
    o.paint(b.fill(np.abs(x) - 0.2 - 0.08 * smooth(0.3, 0.9, y)) * (y > 0) * (y < 0.92), b.color(0.1, (0.05, 0.25), (0.8, 1)) * (1 - 0.5 * np.abs(x - 0.05))[:, None])
    o.paint(b.fill(ellipse(x, y, 0, 0.02, 0.78, 0.16)), b.color(0.08, (0.15, 0.35), (0.6, 0.85)) * (0.85 + 0.15 * np.sin(x * 45))[:, None])
    d = np.maximum(ellipse(x, y, 0, 0, 0.82, 0.8), y - 0.04)
    o.paint(b.fill(d), cap * (1.1 - 0.5 * np.abs(x + 0.2))[:, None])
    for cx, cy, r in ((-0.4, -0.25, 0.13), (0.05, -0.5, 0.15), (0.45, -0.2, 0.11), (0.0, -0.15, 0.09)):
        o.paint(b.fill(np.hypot(x - cx, y - cy) - r), WHITE)
    return o


def cactus(b, x, y):
    o = Layers(b)
    green = b.color(0.35, (0.4, 0.8), (0.4, 0.8))
    d = segment(x, y, 0, -0.65, 0, 0.98)[0] - 0.26
    for s in (-1, 1):
        h = 0.1 * s
        d = np.minimum(d, segment(x, y, 0, 0.25 + h, s * 0.62, 0.25 + h)[0] - 0.15)
        d = np.minimum(d, segment(x, y, s * 0.62, 0.25 + h, s * 0.62, -0.25 + h)[0] - 0.15)
    o.paint(b.fill(d), green * (0.8 + 0.25 * np.cos(x * 32))[:, None])
    o.tint(np.clip(np.sin(x * 32) * np.sin(y * 30) * 3 - 2, 0, 1), WHITE)
    return o


CREATURES = [eye, face, owl, cat, dog, bird, fish, butterfly, ladybird, beetle, bee, spider, snail, nautilus, scallop, starfish, jellyfish,
             octopus, feather, peacock, daisy, sunflower, rose, tulip, leaf, maple, fern, tree, pine, mushroom, cactus]
