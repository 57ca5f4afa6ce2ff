"""Feature visualizations of the trained network in plain torch: a contact sheet a layer, to judge a training by.

The loop is the classic one: a Fourier-parameterized image in decorrelated colour, jittered, scaled and turned at each step, Adam. It's written
independently of the service, so the two can be compared. Below each layer's sheet it prints how strongly each channel responded and how many
stayed grey.
"""

import argparse

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from drawings import LABELS
from network import MEAN, STD, Tiny

COLOR = torch.tensor([[.26, .09, .02], [.27, 0, -.05], [.27, -.09, .03]]) / 0.46195


class RedirectedRelu(torch.autograd.Function):
    """Where nothing would pass a ReLU back, lets pass what would wake its inputs up."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, slope):
        (x,) = ctx.saved_tensors
        plain = slope * (x >= 0)
        redirected = torch.where((x < 0) & (slope > 0), 0, slope)
        alive = plain.flatten(1).norm(dim=1).view(-1, 1, 1, 1) > 0
        return torch.where(alive, plain, redirected)


def picture(spectrum, size):
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    scale = torch.tensor(size / np.maximum(frequency, 1 / size), dtype=torch.float32)
    image = torch.fft.irfft2(torch.view_as_complex(spectrum) * scale, s=(size, size)) / 4
    return torch.sigmoid(torch.einsum("bchw,oc->bohw", image, COLOR))


def transform(x, rng):
    """Roll, pad, jitter, scale, turn, jitter; one draw a step for the whole batch. Rolled, the picture has no rim and tiles."""
    x = torch.roll(x, tuple(int(d) for d in rng.integers(0, x.shape[2], 2)), (2, 3))
    x = F.pad(x, (12,) * 4, value=0.5)

    def jitter(x, d):
        top, left = rng.integers(0, d + 1, 2)
        return x[:, :, top:top + x.shape[2] - d, left:left + x.shape[3] - d]

    x = jitter(x, 8)
    zoom = 1 + 0.02 * rng.integers(-5, 6)
    x = F.interpolate(x, scale_factor=zoom, mode="bilinear", align_corners=False)
    angle = np.deg2rad(rng.integers(-10, 11))
    theta = torch.tensor([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]], dtype=torch.float32)
    x = F.grid_sample(x, F.affine_grid(theta.expand(len(x), 2, 3), list(x.shape), align_corners=False), align_corners=False)
    return jitter(x, 4)


def render(network, layer, channels, size=96, steps=160, seed=0):
    """Images of the channels and how strongly the plain image excites each."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    spectrum = (torch.randn(len(channels), 3, size, size // 2 + 1, 2) * 0.01).requires_grad_()
    optimizer = torch.optim.Adam([spectrum], lr=0.05)

    def response(x, relu):
        for name, value in network.layers((x - mean) / std, relu):
            if name == layer:
                return value.flatten(2).mean(2)[range(len(channels)), channels] if value.dim() == 4 else value[range(len(channels)), channels]
        raise KeyError(layer)

    for step in range(steps):
        optimizer.zero_grad()
        (-response(transform(picture(spectrum, size), rng), RedirectedRelu.apply if step <= 16 else F.relu).sum()).backward()
        optimizer.step()
    with torch.no_grad():
        image = picture(spectrum, size)
        return image.permute(0, 2, 3, 1).numpy(), response(image, F.relu).numpy()


def main():
    o = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    o.add_argument("--checkpoint", default="phosphene-tiny.pt")
    o.add_argument("--layers", nargs="+", default=["conv2", "mixed3a", "mixed3b", "mixed4a", "mixed4b", "mixed4c", "mixed4d", "mixed5a", "mixed5b", "logits"])
    o.add_argument("--count", type=int, default=16, help="channels a layer, evenly spaced")
    o.add_argument("--channels", type=int, nargs="+", help="these channels instead")
    o.add_argument("--columns", type=int, default=16)
    o.add_argument("--size", type=int, default=96)
    o.add_argument("--steps", type=int, default=160)
    o.add_argument("--out", default="features-{}.png")
    chosen = o.parse_args()

    network = Tiny(len(LABELS)).eval().requires_grad_(False)
    network.load_state_dict(torch.load(chosen.checkpoint, weights_only=True))
    widths = {name: value.shape[1] for name, value in network.layers(torch.zeros(1, 3, 64, 64))}
    for layer in chosen.layers:
        channels = chosen.channels or [k * widths[layer] // min(chosen.count, widths[layer]) for k in range(min(chosen.count, widths[layer]))]
        images, responses = [], []
        for start in range(0, len(channels), 16):
            made = render(network, layer, channels[start:start + 16], chosen.size, chosen.steps)
            images += list(made[0])
            responses += list(made[1])
        step = chosen.size + 2
        sheet = np.ones((-(-len(images) // chosen.columns) * step, chosen.columns * step, 3), np.float32)
        for k, image in enumerate(images):
            y, x = k // chosen.columns * step, k % chosen.columns * step
            sheet[y:y + chosen.size, x:x + chosen.size] = image
        Image.fromarray((sheet * 255 + 0.5).astype(np.uint8)).save(chosen.out.format(layer))
        grey = [c for c, r, image in zip(channels, responses, images) if image.std((0, 1)).max() < 0.03]
        print(layer, f"{len(grey)} grey of {len(channels)}", " ".join(f"{c}:{r:.2g}" for c, r in zip(channels, responses)), flush=True)


if __name__ == "__main__":
    main()
