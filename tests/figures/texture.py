"""Textured meshes judged from sides the run did not see, by a renderer that is not the server's.

usage: texture.py [--layer inception_4b/output --channel 77] [--style starry_night.jpg --original MESH[:PICTURE]]
                  [--pictures FOLDER] [--backgrounds black,white,grey] [--unit sphere] MESH[:PICTURE]...

Views: 12 directions of a Fibonacci sphere, distance 12, 10 degrees, 224 x 224, 2x2 supersampled, mipmapped; the mesh
centred by its box, its farthest point at distance 1 (--unit cube: its largest coordinate 1, so that it fills more of
the view and sticks out of some).
Channel: mean activation of the channel over each view, and its ratio to that of the same mesh in grey (.5), over the
same background: mean of the views, and the worst view.
Seam: colour distance across UV seams to that across interior edges: 4 points an edge, .004 to either side where the
mesh has coordinates to 1, weighted by length.
Style: sum over block1_relu1, block2_relu1 and block3_relu1 of VGG19 of mean |G - G*|; G of a view over black with
positions weighted by coverage, G* of the style picture 224 pixels high. Mean of the views' losses, and the loss of the
mean of their Grams; the same of the original, and how many times less it is. Content: mean |F - F*| of GoogLeNet's
inception_3b/output between views of the result and of the original.
"""

import argparse
import pathlib

import numpy as np
from network import MODELS, Network
from PIL import Image
from style import LAYERS, style_loss
from views import contact_sheet, draw, fibonacci, load_mesh, normalized, over, sample, stem

VIEWS = 12
BACKGROUNDS = {"black": 0., "white": 1., "grey": .5}


def views_of(mesh, unit):
    return [draw(mesh, direction, unit) for direction in fibonacci(VIEWS)]


def channel_means(network, layer, channel, views, background):
    return np.array([network.run(over(view, background))[layer][channel].mean() for view in views])


def report_channel(args, mesh, views):
    network = Network(f"{args.models}/googlenet.onnx", [args.layer])
    grey = views_of(mesh.grey(), args.unit)
    for name in args.backgrounds.split(","):
        means = channel_means(network, args.layer, args.channel, views, BACKGROUNDS[name])
        base = channel_means(network, args.layer, args.channel, grey, BACKGROUNDS[name])
        ratios = means / base.mean()
        print(f"  {args.layer}:{args.channel} over {name}: {means.mean():.2f}, grey texture {base.mean():.2f}, "
              f"{ratios.mean():.1f}x, worst view {ratios.min():.1f}x")


def step_inside(mesh, positions, face, corner, fractions, step):
    """UVs of points `step` inside of a face from its edge corner..corner+1, at fractions of it; [n,2]."""
    order = [corner, (corner + 1) % 3, (corner + 2) % 3]
    a, b, c = positions[mesh.faces[face][order]]
    uv = mesh.uv[face][order]
    along = b - a
    foot = np.dot(c - a, along) / np.dot(along, along)
    height = np.linalg.norm(c - a - foot * along)
    part = min(step / height, .5)  # of the way from the edge to the opposite corner's height
    weight_c = np.full(len(fractions), part)
    weight_b = fractions - part * foot
    return (1 - weight_b - weight_c)[:, None] * uv[0] + weight_b[:, None] * uv[1] + weight_c[:, None] * uv[2]


def seam(mesh, step=.004, points=4):
    """(mean colour distance across seams, across interior edges), weighted by length."""
    positions = normalized(mesh.positions, "cube")
    sides = {}
    for face, corners in enumerate(mesh.faces):
        for corner in range(3):
            a, b = corners[corner], corners[(corner + 1) % 3]
            sides.setdefault((min(a, b), max(a, b)), []).append((face, corner, a < b))
    fractions = (np.arange(points) + .5) / points
    uvs, lengths, is_seam = ([], []), [], []
    for (a, b), pair in sides.items():
        if len(pair) != 2:
            continue
        ends = []
        for side, (face, corner, forward) in enumerate(pair):
            uvs[side].append(step_inside(mesh, positions, face, corner, fractions if forward else fractions[::-1],
                                         step))
            two = mesh.uv[face][[corner, (corner + 1) % 3]]
            ends.append(two if forward else two[::-1])
        lengths.append(np.linalg.norm(positions[a] - positions[b]))
        is_seam.append(np.abs(ends[0] - ends[1]).max() > 1e-6)
    one, other = (sample(mesh.texture, np.concatenate(side)) for side in uvs)
    distance = np.linalg.norm(one - other, axis=1).reshape(-1, points).mean(1)
    lengths, is_seam = np.array(lengths), np.array(is_seam)

    def mean(which):
        return float((distance * lengths)[which].sum() / lengths[which].sum()) if which.any() else float("nan")

    return mean(is_seam), mean(~is_seam)


def masked_grams(values, coverage):
    """F diag(m) F^T / sum m; m: coverage in the layer's size."""
    out = []
    for layer in LAYERS:
        f = values[layer]
        c, h, w = f.shape
        rows, columns = coverage.shape[0] // h, coverage.shape[1] // w
        m = coverage[:h * rows, :w * columns].reshape(h, rows, w, columns).mean((1, 3)).reshape(-1)
        f = f.reshape(c, -1)
        out.append((f * m) @ f.T / m.sum())
    return out


def style_of(network, views, target):
    """(mean of losses, loss of the mean Grams)"""
    grams = [masked_grams(network.run(over(view, 0.)), view[1]) for view in views]
    mean = [np.mean(layer, axis=0) for layer in zip(*grams)]
    return float(np.mean([style_loss(one, target) for one in grams])), style_loss(mean, target)


class Style:
    """Judges results against a style picture and an original."""

    LAYER = "inception_3b/output"

    def __init__(self, args):
        self.network = Network(f"{args.models}/vgg19_to_block3.onnx", LAYERS)
        picture = Image.open(args.style).convert("RGB")
        high = 224
        picture = picture.resize((round(picture.width * high / picture.height), high), Image.LANCZOS)
        rgb = np.asarray(picture).astype(np.float32) / 255
        self.target = masked_grams(self.network.run(rgb), np.ones(rgb.shape[:2]))
        self.content = Network(f"{args.models}/googlenet.onnx", [self.LAYER])
        views = views_of(load_mesh(args.original), args.unit)
        self.original = style_of(self.network, views, self.target)
        self.features = [self.content.run(over(view, 0.))[self.LAYER] for view in views]

    def report(self, views):
        mine = style_of(self.network, views, self.target)
        content = np.mean([np.abs(self.content.run(over(view, 0.))[self.LAYER] - wanted).mean()
                           for view, wanted in zip(views, self.features)])
        for what, now, before in zip(("style of the views", "style of all views together"), mine, self.original):
            print(f"  {what}: {now / 1000:.1f}k, original {before / 1000:.1f}k, {before / now:.2f}x less")
        print(f"  content: {content:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--layer")
    parser.add_argument("--channel", type=int, default=0)
    parser.add_argument("--unit", choices=["sphere", "cube"], default="sphere")
    parser.add_argument("--backgrounds", default="black,white,grey")
    parser.add_argument("--style", help="needs --original")
    parser.add_argument("--original")
    parser.add_argument("--pictures", type=pathlib.Path, help="where the views go, NAME-views.png")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("meshes", nargs="+")
    args = parser.parse_args()
    if bool(args.style) != bool(args.original):
        parser.error("--style and --original go together")
    judge = Style(args) if args.style else None
    for name in args.meshes:
        mesh = load_mesh(name)
        views = views_of(mesh, args.unit)
        print(f"{name}: {len(mesh.faces)} faces, texture {mesh.texture.shape[1]}x{mesh.texture.shape[0]}")
        if args.layer:
            report_channel(args, mesh, views)
        across, inside = seam(mesh)
        print(f"  seam: {across:.4f} across seams, {inside:.4f} across other edges, ratio "
              f"{across / inside if inside else float('nan'):.2f}")
        if judge:
            judge.report(views)
        if args.pictures:
            args.pictures.mkdir(parents=True, exist_ok=True)
            contact_sheet([over(view, .5) for view in views]).save(args.pictures / f"{stem(name)}-views.png")


if __name__ == "__main__":
    main()
