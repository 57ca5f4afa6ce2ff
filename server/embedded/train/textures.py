"""Textures: functions of a brush and bent, turned coordinates that fill the picture. A class each."""

import numpy as np

from brush import mix, polar, scramble, segment, smooth, turn

TAU = 2 * np.pi


def soft(v, k=3.0):
    """A wave made flatter, edges still soft."""
    return np.clip(0.5 + v * k * 0.5, 0, 1)


def stripes(b, x, y):
    c = b.palette()
    f = b.u(2.5, 7)
    picture = mix(c[0], c[1], soft(np.sin(x * f * np.pi), b.u(1, 4)))
    return mix(picture, c[2], b.whole(0, 1) * soft(np.sin(x * f * np.pi / 2 + 1) - 0.7, 6))


def waves(b, x, y):
    c = b.palette(0.55)
    bend = b.u(0.15, 0.35) * np.sin(x * b.u(4, 8) + b.u(0, 6))
    return mix(c[0], c[1], soft(np.sin((y + bend) * b.u(8, 18)), b.u(1, 3)))


def zigzag(b, x, y):
    c = b.palette()
    f = b.u(2, 4)
    bend = np.abs(np.mod(x * f, 2) - 1) / f
    return mix(c[0], c[1], soft(np.sin((y + bend * b.u(0.8, 1.3)) * b.u(8, 16)), 3))


def checks(b, x, y):
    c = b.palette()
    f = b.u(4, 10)
    return mix(c[0], c[1], soft(np.sin(x * f) * np.sin(y * f), b.u(2, 8)))


def plaid(b, x, y):
    c = b.palette()
    f = b.u(4, 8)
    picture = mix(c[0], c[1], 0.5 * soft(np.sin(x * f), 4) + 0.5 * soft(np.sin(y * f), 4))
    line = np.maximum(soft(np.sin(x * f + 1.5) - 0.85, 12), soft(np.sin(y * f + 1.5) - 0.85, 12))
    return mix(picture, c[2], 0.7 * line)


def dots(b, x, y):
    c = b.palette()
    f = b.u(2, 5)
    u, v = x * f, y * f
    u = u + 0.5 * np.mod(np.floor(v), 2) * b.whole(0, 1)
    r = np.hypot(np.mod(u, 1) - 0.5, np.mod(v, 1) - 0.5)
    return mix(c[0], mix(c[1], c[2], np.clip(r * 2, 0, 1)), b.fill((r - b.u(0.2, 0.4)) / f))


def hexagon(x, y):
    """Distance to the centre of the hexagonal cell and the cell's numbers."""
    s = np.sqrt(3).astype(np.float32)
    ax, ay = np.mod(x, 1) - 0.5, np.mod(y, s) - s / 2
    bx, by = np.mod(x + 0.5, 1) - 0.5, np.mod(y + s / 2, s) - s / 2
    first = ax * ax + ay * ay < bx * bx + by * by
    px, py = np.where(first, ax, bx), np.where(first, ay, by)
    edge = 0.5 - np.maximum(np.abs(px), np.abs(px) * 0.5 + np.abs(py) * s / 2)
    return edge, px, py, x - px, y - py


def honeycomb(b, x, y):
    c = b.palette(0.11)
    f = b.u(2, 4.5)
    edge, px, py, cx, cy = hexagon(x * f, y * f)
    inside = smooth(0.02, 0.14, edge)
    depth = mix(c[0], c[2], scramble(np.round(cx * 2), np.round(cy * 2), b.u(0, 5)))
    return mix(c[1], depth * (0.7 + 1.2 * np.clip(edge, 0, 0.3))[:, None], inside)


def bricks(b, x, y):
    c = b.palette(0.04)
    f = b.u(2.5, 5)
    v = y * f
    u = x * f * b.u(0.4, 0.6) + 0.5 * np.mod(np.floor(v), 2)
    gap = np.minimum(0.5 - np.abs(np.mod(v, 1) - 0.5), (0.5 - np.abs(np.mod(u, 1) - 0.5)) * 2)
    stone = mix(c[0], c[2], scramble(np.floor(u), np.floor(v), b.u(0, 9)))
    return mix(c[1], stone * (1 + 0.08 * b.cloud())[:, None], smooth(0.03, 0.12, gap))


def scales(b, x, y):
    c = b.palette(0.45)
    f = b.u(2.5, 5)
    u, v = x * f, y * f
    picture = np.zeros((b.count, 3, b.size, b.size), np.float32) + c[0]
    row = np.floor(v)
    for k in (1, 0, -1):
        r = row + k
        du = np.mod(u + 0.5 * np.mod(r, 2), 1) - 0.5
        d = np.hypot(du, (v - r - 0.5) * 0.75)
        disc = b.fill((d - 0.62) / f)
        picture = mix(picture, mix(c[1], c[2], smooth(0.1, 0.6, d)) * (1 - 0.5 * smooth(0.45, 0.62, d))[:, None], disc)
    return picture


def basket(b, x, y):
    c = b.palette(0.09)
    f = b.u(2, 4)
    u, v = x * f, y * f
    over = np.mod(np.floor(u) + np.floor(v), 2)
    fu, fv = np.mod(u, 1) - 0.5, np.mod(v, 1) - 0.5
    across, along = np.where(over > 0, fu, fv), np.where(over > 0, fv, fu)
    strand = np.cos(across * np.pi) * (0.6 + 0.4 * np.cos(along * np.pi))
    lines = 0.85 + 0.15 * np.cos(across * TAU * 3)
    return mix(c[0] * 0.5, mix(c[1], c[2], over), np.clip(strand, 0, 1) * lines)


def knit(b, x, y):
    c = b.palette()
    f = b.u(2.5, 4.5)
    u, v = x * f, y * f * 1.2
    fu = np.mod(u, 1) - 0.5
    slant = np.mod(v + np.abs(fu) * 1.4, 1) - 0.5
    stitch = np.cos(slant * np.pi) * np.clip(np.cos((np.abs(fu) - 0.25) * TAU), 0, 1) ** 0.5
    which = np.mod(np.floor(v + np.abs(fu) * 1.4) // b.whole(2, 4), 2)
    return mix(c[0] * 0.45, mix(c[1], c[2], which), np.clip(stitch, 0, 1))


def mesh(b, x, y):
    c = b.palette()
    f = b.u(2, 5)
    u, v = (x + y) * f, (x - y) * f * b.u(0.8, 1.2)
    d = np.minimum(np.abs(np.mod(u, 1) - 0.5), np.abs(np.mod(v, 1) - 0.5))
    knot = np.hypot(np.mod(u, 1) - 0.5, np.mod(v, 1) - 0.5)
    return mix(mix(c[0], c[2], smooth(-1, 1, b.noise(0.5, 2))), c[1], np.maximum(b.fill((d - 0.07) / f), b.fill((knot - 0.16) / f)))


def chainmail(b, x, y):
    c = b.palette(0.6)
    f = b.u(1.8, 3.5)
    picture = np.zeros((b.count, 3, b.size, b.size), np.float32) + c[0] * 0.4
    for k in range(2):
        d = np.abs(np.hypot(np.mod(x * f + 0.5 * k, 1) - 0.5, np.mod(y * f + 0.5 * k, 1) - 0.5) - 0.38)
        shine = np.clip(1 - d / 0.1, 0, 1)
        picture = mix(picture, mix(c[1] * 0.6, c[3], shine), b.fill((d - 0.1) / f))
    return picture


def rings(b, x, y):
    c = b.palette()
    r, _ = polar(x - b.u(-0.4, 0.4), y - b.u(-0.4, 0.4))
    t = soft(np.sin(r * b.u(8, 20) + b.u(0, 6)), b.u(1, 4))
    return mix(mix(c[0], c[2], np.clip(r, 0, 1)), c[1], t)


def spiral(b, x, y):
    c = b.palette()
    r, a = polar(x - b.u(-0.3, 0.3), y - b.u(-0.3, 0.3))
    wind = np.where(b.u(0, 1) < 0.5, np.log(r) * b.u(3, 7), r * b.u(8, 16))
    t = soft(np.sin(wind + a * b.whole(1, 3) * b.sign()), b.u(1.5, 4))
    return mix(c[0], mix(c[1], c[2], np.clip(r, 0, 1)), t)


def rays(b, x, y):
    c = b.palette(0.12)
    r, a = polar(x - b.u(-0.4, 0.4), y - b.u(-0.4, 0.4))
    t = soft(np.sin(a * b.whole(5, 14) + b.u(0, 6)), b.u(1.5, 5))
    return mix(mix(c[0], c[1], t), c[3], np.exp(-r * r * b.u(4, 20)))


def lace(b, x, y):
    c = b.palette()
    r, a = polar(x - b.u(-0.3, 0.3), y - b.u(-0.3, 0.3))
    n = b.whole(8, 16)
    f = b.u(3, 5)
    ring = np.mod(r * f, 1) - 0.5
    scallop = np.abs(ring - 0.3 * np.cos(a * n) * smooth(0.05, 0.3, r))
    hole = np.hypot(ring, 0.5 * np.sin(a * n / 2))
    thread = np.maximum(b.fill((scallop - 0.09) / f), b.fill((hole - 0.14) / f))
    return mix(c[0] * 0.7, 0.4 * c[1] + 0.6, thread)


def marble(b, x, y):
    c = b.palette()
    t = np.abs(np.sin((x * b.u(1, 3) + b.cloud(1.7) * b.u(0.5, 0.9)) * np.pi)) ** b.u(0.4, 0.8)
    return mix(c[0] * 0.6, 0.35 * c[1] + 0.6, np.clip(t, 0, 1))


def wood(b, x, y):
    c = b.palette(0.07)
    r = np.hypot(x * b.u(0.25, 0.5) + b.u(-0.5, 0.5), y + b.u(-0.6, 0.6)) + 0.05 * b.noise(0.5, 3)
    grain = np.sin(r * b.u(20, 40)) * 0.5 + 0.5
    return mix(c[0], c[2], grain ** 1.5) * (1 + 0.05 * b.noise(6, 30, (0.15, 1)))[:, None]


def clouds(b, x, y):
    sky = b.color(0.58, (0.3, 0.7), (0.5, 0.95))
    t = smooth(-0.6, 1.2, b.cloud(1.7))
    light = b.relief(b.noise(1, 6), 0.08)
    return mix(mix(sky, sky * 0.75, (b.grid_y + 1) / 2 + 0 * x), 0.97 * light[:, None] * np.ones((1, 3, 1, 1)), t)


def glass(b, x, y):
    f = b.u(1.8, 4)
    near, border, name, ox, oy = b.cells(x * f, y * f)
    c, d = b.palette(), b.palette()
    pane = mix(mix(c[0], c[1], np.mod(name * 7, 1)), mix(d[1], d[2], np.mod(name * 13, 1)), name)
    return mix(pane * 0 + 0.08, pane * (1.15 - 0.5 * near)[:, None], smooth(0.04, 0.13, border))


def cracks(b, x, y):
    c = b.palette(0.08)
    f = b.u(1.8, 4)
    near, border, name, _, _ = b.cells(x * f + 0.08 * b.noise(2, 10), y * f + 0.08 * b.noise(2, 10), 1.0)
    ground = mix(c[1], c[2], 0.5 * name + 0.2 * smooth(-1, 1, b.noise(3, 20)))
    return mix(ground * 0.3, ground, smooth(0.02, 0.1, border))


def pebbles(b, x, y):
    f = b.u(2, 4)
    near, border, name, ox, oy = b.cells(x * f, y * f, 0.8)
    c = b.palette()
    stone = mix(mix(c[0], c[1], name), c[2], np.mod(name * 5, 1))
    lamp = b.u(0, 6.28)
    light = 0.85 + 0.7 * (ox * np.cos(lamp) + oy * np.sin(lamp)) + 0.2 * smooth(0.1, 0.4, border)
    return mix(stone * 0.2, stone * light[:, None], smooth(0.02, 0.22, border))


def labyrinth(b, x, y):
    c = b.palette()
    f = b.u(3.5, 8)
    return mix(c[0], c[1], soft(b.noise(f * 0.85, f * 1.1), b.u(1.5, 5)))


def leopard(b, x, y):
    f = b.u(1.8, 3.2)
    near, border, name, ox, oy = b.cells(x * f + 0.1 * b.noise(2, 6), y * f + 0.1 * b.noise(2, 6), 0.7)
    fur = b.color(0.1, (0.35, 0.7), (0.7, 0.95))
    ring = np.clip(1 - np.abs(near - 0.3) / 0.11, 0, 1) * (np.sin(np.arctan2(oy, ox) * 2 + name * 20) > -0.75)
    return mix(mix(fur, fur * 0.7, b.fill((near - 0.28) / f)), fur * 0.12, np.clip(ring * 2, 0, 1))


def zebra(b, x, y):
    c = b.palette()
    t = np.sin(x * b.u(7, 13) + b.noise(0.5, 3) * b.u(0.8, 1.8))
    return mix(0.12 + 0.1 * c[0], 0.8 + 0.2 * c[1], soft(t, b.u(3, 6)))


def fur(b, x, y):
    c = b.palette(0.08)
    flow = b.u(2, 4) * b.noise(0.5, 1.8)
    u, v = x + 0.08 * np.cos(flow), y + 0.08 * np.sin(flow)
    strands = np.sin(u * b.u(22, 34) + 2 * b.noise(1, 4)) * 0.5 + b.noise(4, 18, (1, 0.15)) * 0.5
    return mix(mix(c[0], c[2], smooth(-1, 1, b.noise(0.5, 2.5))), c[1], soft(strands, 1.2)) * (1 + 0.03 * v)[:, None]


def grass(b, x, y):
    leaf = b.color(0.28, (0.4, 0.8), (0.5, 0.9))
    picture = leaf * 0.25 + 0 * x[:, None]
    for k in range(7):
        f = b.u(2.5, 5)
        u = x * f + b.u(-0.4, 0.4) * (y + 0.2 * k) ** 2 + b.u(0, 9)
        cell = np.floor(u)
        lean = (scramble(cell, cell * 0, b.u(0, 9)) - 0.5) * 0.8
        top = scramble(cell, cell * 0 + 2, b.u(0, 9)) * 1.6 - 1
        w = 0.22 * np.clip((y - top) * 1.2, 0, 1)
        d = np.abs(np.mod(u, 1) - 0.5 + lean * 0.3 * (y - 1)) - w
        blade = b.fill(d / f) * (y > top)
        picture = mix(picture, leaf * (0.45 + 0.09 * k) + 0.1 * (k / 7) * (1 - np.abs(d)[:, None] * 3), blade)
    return picture


def bubbles(b, x, y):
    c = b.palette(0.52)
    picture = mix(c[0], c[2], (y + 1) / 2)
    for k in range(3):
        f = b.u(1.3, 2.2) * (1 + k * 0.6)
        near, _, name, ox, oy = b.cells(x * f, y * f, 0.8)
        radius = 0.15 + 0.25 * name
        inside = b.fill((near - radius) / f)
        rim = smooth(0.6, 1, near / radius)
        spot = np.exp(-((ox + radius * 0.4) ** 2 + (oy + radius * 0.4) ** 2) / (0.06 * radius))
        picture = mix(picture, mix(c[1], c[3], rim), inside * (0.25 + 0.6 * rim))
        picture = mix(picture, np.ones((1, 3, 1, 1), np.float32), inside * np.clip(spot, 0, 1))
    return picture


def arcs(b, x, y):
    c = b.palette()
    f = b.u(2, 4)
    u, v = x * f, y * f
    flip = scramble(np.floor(u), np.floor(v), b.u(0, 9)) > 0.5
    fu, fv = np.mod(u, 1), np.mod(v, 1)
    fu = np.where(flip, 1 - fu, fu)
    d = np.minimum(np.abs(np.hypot(fu, fv) - 0.5), np.abs(np.hypot(1 - fu, 1 - fv) - 0.5))
    return mix(c[0], mix(c[1], c[2], np.clip(d * 6, 0, 1)), b.fill((d - b.u(0.1, 0.2)) / f))


def maze(b, x, y):
    c = b.palette()
    f = b.u(2.5, 5)
    u, v = x * f, y * f
    flip = scramble(np.floor(u), np.floor(v), b.u(0, 9)) > 0.5
    fu, fv = np.mod(u, 1) - 0.5, np.mod(v, 1) - 0.5
    d = np.where(flip, np.abs(fu + fv), np.abs(fu - fv)) * 0.707
    return mix(c[0], c[1], b.fill((d - b.u(0.1, 0.17)) / f))


def mosaic(b, x, y):
    f = b.u(2.5, 6)
    u, v = x * f, y * f
    c, d = b.palette(), b.palette()
    r = scramble(np.floor(u), np.floor(v), b.u(0, 9))
    gap = np.minimum(0.5 - np.abs(np.mod(u, 1) - 0.5), 0.5 - np.abs(np.mod(v, 1) - 0.5))
    tile = mix(mix(c[0], c[1], np.mod(r * 7, 1)), mix(d[1], d[2], np.mod(r * 17, 1)), r)
    return mix(c[3], tile, smooth(0.02, 0.1, gap))


def triangles(b, x, y):
    f = b.u(1.8, 4)
    v = y * f * 1.1547
    u = x * f - v * 0.5
    upper = (np.mod(u, 1) + np.mod(v, 1) > 1).astype(np.float32)
    r = scramble(np.floor(u), np.floor(v), b.u(0, 5) + upper * 5)
    c = b.palette()
    return mix(mix(c[0], c[1], upper), c[2], 0.6 * r)


def crystals(b, x, y):
    f = b.u(1.3, 2.6)
    near, border, name, ox, oy = b.cells(x * f, y * f * b.u(0.6, 1), 1.0)
    c = b.palette(0.75)
    facet = np.floor((np.arctan2(oy, ox) / TAU + name) * b.whole(4, 6))
    light = scramble(facet, name * 50, b.u(0, 9))
    return mix(mix(c[0], c[2], name), np.minimum(c[1] * 1.2, 1), light) * (1 - 0.25 * smooth(0.1, 0, border))[:, None]


def caustics(b, x, y):
    water = b.color(0.5, (0.5, 0.85), (0.5, 0.85))
    total = 0
    for k in range(2):
        f = b.u(1.6, 3)
        _, border, _, _, _ = b.cells(x * f + 0.12 * b.noise(1, 4), y * f + 0.12 * b.noise(1, 4))
        total = total + np.exp(-border * b.u(5, 9))
    return mix(water * 0.75, np.minimum(water * 0.4 + 0.65, 1), np.clip(total * 0.7, 0, 1))


def dunes(b, x, y):
    sand = b.color(0.09, (0.25, 0.6), (0.75, 0.95))
    wave = np.mod((y + 0.12 * b.noise(0.5, 3)) * b.u(2.5, 5.5) + 0.3 * x, 1)
    return mix(sand * 0.55, np.minimum(sand * 1.08, 1), np.where(wave < 0.75, wave / 0.75, (1 - wave) / 0.25))


def flames(b, x, y):
    rise = np.clip((y + 1) / 2, 0, 1)
    tongue = rise + 0.22 * b.noise(1.5, 5, (1, 0.35)) * (1.2 - 0.4 * rise)
    hot, core = b.color(0.02, (0.8, 0.95), (0.8, 0.98), 0.02, 0.9), b.color(0.13, (0.4, 0.7), (0.95, 1), 0.02, 0.9)
    return mix(mix(hot * 0.15, hot, smooth(0.25, 0.55, tongue)), core, smooth(0.55, 0.95, tongue))


def galaxy(b, x, y):
    c = b.palette(0.72)
    fog = mix(c[0] * 0.15, c[1] * 0.8, smooth(0, 2.2, b.cloud(1.6)))
    for k in range(2):
        f = b.u(2.5, 6)
        near, _, name, _, _ = b.cells(x * f, y * f, 1.0)
        fog = fog + (np.exp(-near * near * (25 + 60 * name)) * (0.4 + 0.6 * name))[:, None]
    return np.minimum(fog, 1)


def plumage(b, x, y):
    """Overlapping rounded feathers, barbs and all: what a bird's breast looks like."""
    c = b.palette()
    f = b.u(1.4, 2.6)
    u, v = x * f, y * f
    picture = np.zeros((b.count, 3, b.size, b.size), np.float32) + c[0] * 0.6
    row = np.floor(v * 1.5)
    n = b.u(10, 20)
    for k in (2, 1, 0, -1):
        r = row + k
        du = np.mod(u + 0.5 * np.mod(r, 2), 1) - 0.5
        dv = v * 1.5 - r
        d = np.hypot(du, np.maximum(dv, -3) * 0.4) - 0.6
        barb = 0.5 + 0.5 * np.sin((np.abs(du) * 1.6 - dv * 0.5) * n)
        vane = mix(mix(c[0], c[1], smooth(-0.5, 0, d)), c[2], 0.4 * barb)
        vane = mix(vane, c[3], np.clip(1 - np.abs(du) / 0.04, 0, 1))
        picture = mix(picture, vane * (1 - 0.5 * smooth(-0.12, 0, d))[:, None], b.fill(d / f))
    return picture


def moss(b, x, y):
    """Soft round clumps."""
    leaf = b.color(0.25, (0.4, 0.8), (0.5, 0.9))
    lump = b.noise(3, 6)
    tiny = b.noise(9, 18)
    return np.clip(leaf * (0.55 + 0.18 * lump + 0.12 * tiny)[:, None] * b.relief(lump, 0.2)[:, None], 0, 1)


def coral(b, x, y):
    """Branching ridges."""
    f = b.u(2.5, 5)
    c = b.palette(0.98)
    n = b.noise(f * 0.8, f * 1.15)
    ridge = 1 - np.clip(np.abs(n) * b.u(1.1, 1.8), 0, 1)
    return mix(c[0] * 0.45, mix(c[2], np.minimum(c[1] * 1.1, 1), ridge), smooth(0, 0.6, ridge)) * b.relief(ridge, 0.1)[:, None]


TEXTURES = [stripes, waves, zigzag, checks, plaid, dots, honeycomb, bricks, scales, basket, knit, mesh, chainmail, rings, spiral, rays, lace,
            marble, wood, clouds, glass, cracks, pebbles, labyrinth, leopard, zebra, fur, grass, bubbles, arcs, maze, mosaic, triangles,
            crystals, caustics, dunes, flames, galaxy, plumage, moss, coral]
