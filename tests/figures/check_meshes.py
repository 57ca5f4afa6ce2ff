"""Written meshes in a loader that did not write them: do OBJ, GLB, PLY and 3MF open with the right texture?

usage: check_meshes.py file.{obj,glb,ply,3mf,html}...

Loads each file by trimesh (3MF and HTML by zipfile, lxml and re alone) and prints vertices, faces, whether the surface
is closed, the size of its box, and what shows that texture and UVs belong together: the mean difference (of 255) of its
colours at 20,000 random points of the surface to those of the first file at its nearest of a million points. Both boxes
are scaled to the unit cube before, a 3MF is turned back from z up. A flipped v or a shifted index is seen at once: spot
against itself gives 0.4, with v flipped 53.
"""

import argparse
import base64
import io
import pathlib
import re
import zipfile

import numpy as np
import trimesh
from PIL import Image


class Surface:
    """Triangles with a texture or with vertex colours."""

    def __init__(self, positions, faces, uvs=None, uv_faces=None, picture=None, colors=None):
        self.positions, self.faces = np.asarray(positions, np.float64), np.asarray(faces)
        self.uvs, self.uv_faces, self.picture, self.colors = uvs, uv_faces, picture, colors

    def points(self, count, seed=1):
        """[count,3] on the surface, and their colours."""
        rng = np.random.default_rng(seed)
        corners = self.positions[self.faces]
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        face = rng.choice(len(area), count, p=area / area.sum())
        a, b = rng.random((2, count))
        over = a + b > 1
        a[over], b[over] = 1 - a[over], 1 - b[over]
        weights = np.stack([1 - a - b, a, b], 1)
        return (weights[..., None] * corners[face]).sum(1), self.color(face, weights)

    def color(self, face, weights):
        if self.colors is not None:
            return (weights[..., None] * self.colors[self.faces[face]]).sum(1)
        uv = (weights[..., None] * self.uvs[self.uv_faces[face]]).sum(1)
        height, width, _ = self.picture.shape
        x = np.floor(uv[:, 0] * width).astype(int) % width
        y = np.floor((1 - uv[:, 1]) * height).astype(int) % height
        return self.picture[y, x]

    def closed(self):
        """Every edge of welded positions has two faces."""
        _, weld = np.unique(self.positions, axis=0, return_inverse=True)
        faces = weld.reshape(-1)[self.faces]
        edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
        return bool((np.unique(edges, axis=0, return_counts=True)[1] == 2).all())

    def unit(self):
        low, high = self.positions.min(0), self.positions.max(0)
        self.positions = (self.positions - low) / (high - low).max()
        return self


def pixels(picture):
    return np.asarray(picture.convert("RGB")).astype(np.float64)


def by_trimesh(path):
    mesh = trimesh.load(path, process=False, force="mesh")
    if path.suffix == ".ply":
        return Surface(mesh.vertices, mesh.faces, colors=mesh.visual.vertex_colors[:, :3].astype(np.float64))
    material = mesh.visual.material
    picture = getattr(material, "baseColorTexture", None) or material.image
    return Surface(mesh.vertices, mesh.faces, mesh.visual.uv, mesh.faces, pixels(picture))


def three_mf(path):
    from lxml import etree
    mesh = trimesh.load(path, process=False, force="mesh")  # that it opens; it ignores textures
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None
    root = etree.fromstring(archive.read("3D/3dmodel.model"))
    core = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"
    material = "{http://schemas.microsoft.com/3dmanufacturing/material/2015/02}"

    def numbers(element, names, kind):
        return np.array([[kind(node.get(name)) for name in names] for node in root.iter(element)])

    positions = numbers(core + "vertex", "xyz", float)
    faces = numbers(core + "triangle", ("v1", "v2", "v3"), int)
    assert len(mesh.faces) == len(faces)
    texture = next(root.iter(material + "texture2d"))
    picture = pixels(Image.open(io.BytesIO(archive.read(texture.get("path")[1:]))))
    turned = np.stack([positions[:, 0], positions[:, 2], -positions[:, 1]], 1)
    return Surface(turned, faces, numbers(material + "tex2coord", "uv", float),
                   numbers(core + "triangle", ("p1", "p2", "p3"), int), picture)


def html(path):
    page = path.read_text()

    def data(name):
        return base64.b64decode(re.search(f'<script id="{name}" type="text/plain">(.*?)</script>', page).group(1))

    vertices = np.frombuffer(data("vertices"), np.dtype([("p", "<i2", 3), ("n", "i1", 2), ("uv", "<f4", 2)]))
    wide = "wide = true" in page
    faces = np.frombuffer(data("indices"), "<u4" if wide else "<u2").reshape(-1, 3).astype(int)
    picture = base64.b64decode(re.search(r'src="data:image/\w+;base64,(.*?)"', page).group(1))
    return Surface(vertices["p"] / 32767, faces, vertices["uv"].astype(np.float64), faces,
                   pixels(Image.open(io.BytesIO(picture))))


LOADERS = {".3mf": three_mf, ".html": html}


def difference(first, second, count=20000):
    """Mean colour difference of points of `second` to the nearest of `first`."""
    from scipy.spatial import cKDTree
    at, color = first.points(50 * count, seed=2)
    wanted, here = second.points(count)
    far, nearest = cKDTree(at).query(wanted)
    return float(np.abs(color[nearest] - here).mean()), float(far.max())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    first = None
    for path in args.files:
        surface = LOADERS.get(path.suffix, by_trimesh)(path)
        box = surface.positions.max(0) - surface.positions.min(0)
        line = (f"{path.name}: {len(surface.positions)} vertices, {len(surface.faces)} faces, "
                f"{'closed' if surface.closed() else 'not closed'}, box {' x '.join(f'{side:.4g}' for side in box)}")
        surface.unit()
        first = first or surface
        colors, far = difference(first, surface)
        print(f"{line}, colours differ by {colors:.2f}, the farthest point by {far:.1e}")


if __name__ == "__main__":
    main()
