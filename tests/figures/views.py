"""Draws textured meshes from all sides with numba: nothing of this is shared with the server's rasterizer."""

import pathlib

import numba
import numpy as np
import trimesh
from PIL import Image

SIZE, SUPERSAMPLES, FOV, DISTANCE = 224, 2, 10, 12


class Textured:
    """positions [P,3] (each point once), faces [F,3], uv [F,3,2] (v upwards), texture [H,W,3] f64 0..1."""

    def __init__(self, positions, faces, uv, texture):
        self.positions, self.faces, self.uv, self.texture = positions, faces, uv, texture

    def with_texture(self, texture):
        return Textured(self.positions, self.faces, self.uv, texture)

    def grey(self):
        return self.with_texture(np.full((2, 2, 3), .5))


def load_mesh(name):
    """A GLB with its texture, or `MESH:PICTURE`."""
    path, _, picture = str(name).partition(":")
    mesh = trimesh.load(path, process=False, force="mesh")
    uv = np.asarray(mesh.visual.uv, np.float64)
    if picture:
        image = Image.open(picture)
    else:
        material = mesh.visual.material
        image = getattr(material, "baseColorTexture", None) or material.image
    if image is None:
        raise SystemExit(f"{name} has no texture; MESH:PICTURE gives it one")
    texture = np.asarray(image.convert("RGB")).astype(np.float64) / 255
    points = np.asarray(mesh.vertices, np.float64)
    # Vertices stand twice along seams: weld them by place.
    grain = np.ptp(points, axis=0).max() * 1e-6
    _, first, weld = np.unique(np.round(points / grain), axis=0, return_index=True, return_inverse=True)
    faces = weld.reshape(-1)[mesh.faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return Textured(points[first], faces[whole], uv[mesh.faces][whole], texture)


def normalized(positions, unit="sphere"):
    """Centred by the box; the farthest point at distance 1, or (cube, as Lucid has it) the largest coordinate 1."""
    centred = positions - (positions.min(0) + positions.max(0)) / 2
    return centred / (np.linalg.norm(centred, axis=1) if unit == "sphere" else np.abs(centred)).max()


def fibonacci(count):
    """[count,3] unit vectors spread over the sphere."""
    i = np.arange(count)
    y = 1 - 2 * (i + .5) / count
    r, turn = np.sqrt(1 - y * y), i * np.pi * (1 + np.sqrt(5))
    return np.stack([r * np.cos(turn), y, r * np.sin(turn)], 1)


def camera(direction):
    """[3,3] rows right, up and towards the eye."""
    toward = direction / np.linalg.norm(direction)
    up = np.array([0, 0, 1.]) if abs(toward[1]) > .999 else np.array([0, 1., 0])
    right = np.cross(up, toward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(toward, right), toward])


def pyramid(texture):
    """The texture and its halves by 2x2 means, down to a side of 4 or an odd one."""
    levels = [np.ascontiguousarray(texture)]
    while min(levels[-1].shape[:2]) >= 8 and not (levels[-1].shape[0] % 2 or levels[-1].shape[1] % 2):
        h, w, _ = levels[-1].shape
        levels.append(np.ascontiguousarray(levels[-1].reshape(h // 2, 2, w // 2, 2, 3).mean((1, 3))))
    return levels


@numba.njit(cache=True)
def _bilinear(texture, u, v, out):
    h, w, _ = texture.shape
    x, y = u * w - .5, (1 - v) * h - .5
    x0, y0 = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - x0, y - y0
    for c in range(3):
        out[c] = ((texture[y0 % h, x0 % w, c] * (1 - fx) + texture[y0 % h, (x0 + 1) % w, c] * fx) * (1 - fy) +
                  (texture[(y0 + 1) % h, x0 % w, c] * (1 - fx) + texture[(y0 + 1) % h, (x0 + 1) % w, c] * fx) * fy)


@numba.njit(cache=True)
def sample(texture, uv):
    """[n,3] bilinear colours of [n,2] UVs; texels' centres lie at halves, and the texture wraps."""
    out = np.empty((len(uv), 3))
    for i in range(len(uv)):
        _bilinear(texture, uv[i, 0], uv[i, 1], out[i])
    return out


@numba.njit(cache=True)
def _plane(screen, values):
    """Slopes and constant of the linear function of x and y with these values in three points."""
    x1, y1 = screen[1, 0] - screen[0, 0], screen[1, 1] - screen[0, 1]
    x2, y2 = screen[2, 0] - screen[0, 0], screen[2, 1] - screen[0, 1]
    d = x1 * y2 - x2 * y1
    v1, v2 = values[1] - values[0], values[2] - values[0]
    a, b = (v1 * y2 - v2 * y1) / d, (x1 * v2 - x2 * v1) / d
    return a, b, values[0] - a * screen[0, 0] - b * screen[0, 1]


@numba.njit(cache=True)
def _visible(screen, depth, faces, size):
    """[size,size] the nearest face of each pixel, -1 where there is none. depth: distance along the view."""
    near = np.zeros((size, size))  # of 1/depth
    hit = np.full((size, size), -1, np.int32)
    for f in range(len(faces)):
        p = screen[faces[f]]
        w = 1 / depth[faces[f]]
        area = (p[1, 0] - p[0, 0]) * (p[2, 1] - p[0, 1]) - (p[2, 0] - p[0, 0]) * (p[1, 1] - p[0, 1])
        if area == 0:
            continue
        a, b, c = _plane(p, w)
        low, high = np.floor(p[:, 1].min() - .5), np.ceil(p[:, 1].max() - .5)
        left, right = np.floor(p[:, 0].min() - .5), np.ceil(p[:, 0].max() - .5)
        for y in range(max(0, int(low)), min(size - 1, int(high)) + 1):
            for x in range(max(0, int(left)), min(size - 1, int(right)) + 1):
                inside = True
                for i in range(3):
                    j = (i + 1) % 3
                    edge = (p[j, 0] - p[i, 0]) * (y + .5 - p[i, 1]) - (p[j, 1] - p[i, 1]) * (x + .5 - p[i, 0])
                    inside = inside and edge * area >= 0
                here = a * (x + .5) + b * (y + .5) + c
                if inside and here > near[y, x]:
                    near[y, x] = here
                    hit[y, x] = f
    return hit


@numba.njit(cache=True)
def _shade(hit, screen, depth, faces, uv, levels):
    size = len(hit)
    out = np.zeros((size, size, 3))
    h, w, _ = levels[0].shape
    low, high = np.empty(3), np.empty(3)
    for y in range(size):
        for x in range(size):
            f = hit[y, x]
            if f < 0:
                continue
            p, q = screen[faces[f]], 1 / depth[faces[f]]
            wa, wb, wc = _plane(p, q)
            ua, ub, uc = _plane(p, q * uv[f, :, 0])
            va, vb, vc = _plane(p, q * uv[f, :, 1])
            sx, sy = x + .5, y + .5
            q0 = wa * sx + wb * sy + wc
            u, v = (ua * sx + ub * sy + uc) / q0, (va * sx + vb * sy + vc) / q0
            dx = np.hypot((ua - u * wa) / q0 * w, (va - v * wa) / q0 * h)
            dy = np.hypot((ub - u * wb) / q0 * w, (vb - v * wb) / q0 * h)
            level = min(max(np.log2(max(dx, dy, 1e-9)), 0.), len(levels) - 1.)
            k = min(int(level), len(levels) - 1)
            _bilinear(levels[k], u, v, low)
            _bilinear(levels[min(k + 1, len(levels) - 1)], u, v, high)
            for c in range(3):
                out[y, x, c] = low[c] + (high[c] - low[c]) * (level - k)
    return out


def draw(mesh, direction, unit="sphere", size=SIZE):
    """Colours times coverage [size,size,3], and coverage [size,size], over nothing (add a background)."""
    fine = size * SUPERSAMPLES
    rows = camera(np.asarray(direction, np.float64))
    at = normalized(mesh.positions, unit) @ rows.T
    depth = DISTANCE - at[:, 2]
    scale = fine / 2 / np.tan(np.radians(FOV / 2))
    screen = np.stack([fine / 2 + scale * at[:, 0] / depth, fine / 2 - scale * at[:, 1] / depth], 1)
    faces = mesh.faces.astype(np.int64)
    hit = _visible(screen, depth, faces, fine)
    color = _shade(hit, screen, depth, faces, np.ascontiguousarray(mesh.uv), numba.typed.List(pyramid(mesh.texture)))

    def mean(values):
        return values.reshape(size, SUPERSAMPLES, size, SUPERSAMPLES, -1).mean((1, 3))

    return mean(color), mean((hit >= 0).astype(np.float64))[..., 0]


def over(view, background):
    color, coverage = view
    return color + (1 - coverage[..., None]) * background


def contact_sheet(pictures, columns=4):
    """PIL image of equal [H,W,3] pictures in rows."""
    rows = [np.concatenate(pictures[i:i + columns], 1) for i in range(0, len(pictures), columns)]
    return Image.fromarray((np.clip(np.concatenate(rows), 0, 1) * 255 + .5).astype(np.uint8))


def stem(name):
    return pathlib.Path(str(name).partition(":")[0]).stem
