"""Trains the embedded model on its own drawings and exports it.

What matters here isn't the accuracy but what the channels look like when an image is optimized through them. Two things make them clean:
blurred and noisy pictures, which leave nothing to learn in the highest frequencies, and small worst-case perturbations ("free" adversarial
training: every batch is used a few times, each time nudged along the gradient the last pass left behind, at no cost), which make the
gradient with respect to the image smooth and shaped like the things drawn.
"""

import argparse
import os
import time

import numpy as np
import torch
from torch.nn import functional as F

from drawings import LABELS, draw_pool
from network import MEAN, STD, SoftUnit, Tiny, export

CROP = 80
SMALL = 64  # the first part of the training sees smaller pictures and no perturbations, which is quicker
FIRST = 0.35  # share of the training
GARISH = 2.5  # nudges go so much further in colour than in brightness: a network sure of its colours asks for no garish ones


def blur(x, sigma):
    """Separable Gaussian blur, a sigma for the whole batch."""
    reach = torch.arange(-3, 4, dtype=x.dtype)
    kernel = torch.exp(-reach**2 / (2 * sigma * sigma))
    kernel = kernel / kernel.sum()
    c = x.shape[1]
    x = F.conv2d(F.pad(x, (3, 3, 0, 0), "replicate"), kernel.view(1, 1, 1, 7).expand(c, 1, 1, 7), groups=c)
    return F.conv2d(F.pad(x, (0, 0, 3, 3), "replicate"), kernel.view(1, 1, 7, 1).expand(c, 1, 7, 1), groups=c)


def turn_hue(chroma, angle):
    """Colours without their grey, turned about the axis of greys."""
    r, g, b = chroma.split(1, 1)
    return chroma * torch.cos(angle) + torch.cat([b - g, r - b, g - r], 1) * (torch.sin(angle) / 3**0.5)


def augment(x, size, random):
    """Cheap variety: turn, scale, shift, flip, brightness, contrast, muted and turned colours, colour cast, blur, noise coarse and fine."""
    n = len(x)

    def u(low, high, *shape):
        return torch.rand(n, *(shape or (1, 1, 1)), generator=random) * (high - low) + low

    angle, scale = u(-0.3, 0.3, 1)[:, 0], u(0.68, 0.98, 1)[:, 0]
    flip = torch.sign(u(-1, 1, 1)[:, 0])
    c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
    theta = torch.stack([torch.stack([c * flip, -s, u(-0.12, 0.12, 1)[:, 0]], 1), torch.stack([s * flip, c, u(-0.12, 0.12, 1)[:, 0]], 1)], 1)
    x = F.grid_sample(x, F.affine_grid(theta, (n, 3, size, size), align_corners=False), padding_mode="reflection", align_corners=False)
    x = x + (u(0, 1) < 0.7) * u(0, 1) * (blur(x, float(torch.rand(1, generator=random) * 1.6 + 0.5)) - x)
    middle = x.mean((2, 3), keepdim=True)
    x = middle + (x - middle) * u(0.6, 1.15)
    grey = x.mean(1, keepdim=True)
    angle = u(-3.14, 3.14) * (u(0, 1) < 0.3)
    x = grey + turn_hue(x - grey, angle) * torch.where(u(0, 1) < 0.3, u(0, 0.3), u(0.45, 0.95))
    x = x * u(0.85, 1.12) * u(0.94, 1.06, 3, 1, 1) + u(-0.06, 0.06)
    coarse = F.interpolate(torch.randn(n, 3, 20, 20, generator=random), size=(size, size), mode="bilinear", align_corners=False)
    fine = torch.randn(n, 3, size, size, generator=random)
    return (x + u(0, 0.1) * fine + u(0, 0.05) * coarse).clamp_(0, 1)


def mix_halves(x, y, random):
    """Half the batch gets a rectangle of another picture, and its share of the other's label."""
    n, size = len(x), x.shape[2]
    targets = F.one_hot(y, len(LABELS)).float()
    other = torch.randperm(n, generator=random)
    wide = int(torch.randint(size // 3, int(size * 0.7), (1,), generator=random))
    top, left = (int(v) for v in torch.randint(0, size - wide + 1, (2,), generator=random))
    share = wide * wide / (size * size)
    some = n // 4
    source = x[other[:some], :, top:top + wide, left:left + wide].clone()
    x[:some, :, top:top + wide, left:left + wide] = source
    targets[:some] = targets[:some] * (1 - share) + targets[other[:some]] * share
    return x, targets


def normalise(x):
    return (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


def in_metric(x):
    """Colour differences count GARISH times as much as those of brightness: a map to and from the space nudges are measured in."""
    grey = x.mean(1, keepdim=True)
    return grey + GARISH * (x - grey)


def as_batch(pictures, indices):
    return torch.from_numpy(pictures[np.sort(indices)]).permute(0, 3, 1, 2).float().div_(255)


@torch.no_grad()
def accuracy(network, pictures, labels):
    """Share of held-out drawings, centre-cropped and otherwise untouched, whose class comes first."""
    network.eval()
    hits, margin = 0, (pictures.shape[1] - CROP) // 2
    for start in range(0, len(pictures), 64):
        x = as_batch(pictures, np.arange(start, min(start + 64, len(pictures))))[:, :, margin:margin + CROP, margin:margin + CROP]
        hits += int((network(normalise(x)).argmax(1) == torch.from_numpy(labels[start:start + 64])).sum())
    network.train()
    return hits / len(pictures)


def start_from(network, path, pictures):
    """Takes the weights of an exported file, of this network or of one with a plain 5x5 stem: kernels as they are, each normalisation set so
    that its output has the mean and deviation it had there on these pictures."""
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper

    old = onnx.load(path)
    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in old.graph.initializer}
    units = dict(network.stem)
    for name, module in network.mixed.items():
        units |= {f"{name}_{branch}": unit for branch, unit in module.branches.items()}
    old.graph.output.extend(helper.make_empty_tensor_value_info(name + "_pre_relu") for name in units)
    session = onnxruntime.InferenceSession(old.SerializeToString())
    found = session.run([name + "_pre_relu" for name in units], {"data": normalise(pictures).numpy()})
    with torch.no_grad():
        for (name, unit), value in zip(units.items(), found):
            kernel = values[name + "_w"]
            if isinstance(unit, SoftUnit):  # the learned kernel that comes nearest behind the low pass
                side = unit.kernel().shape[2]
                kernel = F.pad(kernel, [(side - kernel.shape[3]) // 2] * 4).flatten(2)
                probe = SoftUnit(1, unit.conv.weight.shape[2] ** 2, unit.conv.weight.shape[2], 1)
                probe.conv.weight.copy_(torch.eye(len(probe.conv.weight)).view(probe.conv.weight.shape))
                basis = probe.kernel().flatten(1)
                kernel = (kernel @ torch.linalg.pinv(basis)).view(unit.conv.weight.shape)
            unit.conv.weight.copy_(kernel)
            unit.norm.weight.copy_(torch.from_numpy(value.std((0, 2, 3))))
            unit.norm.bias.copy_(torch.from_numpy(value.mean((0, 2, 3))))
        network.logits.weight.copy_(values["logits_w"])
        network.logits.bias.copy_(values["logits_b"])


def main():
    o = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    o.add_argument("--out", default="phosphene-tiny.onnx")
    o.add_argument("--checkpoint", default="phosphene-tiny.pt", help="weights before folding, for visualize.py")
    o.add_argument("--pool", help="file of drawings to reuse (NAME.npy, NAME.y.npy); drawn and saved if missing")
    o.add_argument("--per-class", type=int, default=400)
    o.add_argument("--minutes", type=float, default=33, help="processor time; the learning rate follows it")
    o.add_argument("--batch", type=int, default=64)
    o.add_argument("--rate", type=float, default=3e-3)
    o.add_argument("--replays", type=int, default=3, help="uses of each batch; 1 turns the adversarial part off")
    o.add_argument("--reach", type=float, default=1.2, help="largest L2 size of the perturbation of an 80x80 picture of range 0..1")
    o.add_argument("--seed", type=int, default=1)
    o.add_argument("--drawing-seed", type=int, default=11)
    o.add_argument("--first", type=float, default=FIRST, help="share of the training with small pictures and no nudges")
    o.add_argument("--resume", help="checkpoint to go on from, at the full reach of nudges")
    o.add_argument("--start", help="ONNX file whose weights are the beginning")
    o.add_argument("--export-every", type=float, default=240, help="seconds")
    chosen = o.parse_args()

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(chosen.seed)
    random = torch.Generator().manual_seed(chosen.seed)
    if chosen.pool and os.path.exists(chosen.pool + ".npy"):
        pictures, labels = np.load(chosen.pool + ".npy"), np.load(chosen.pool + ".y.npy")
    else:
        pictures, labels = draw_pool(chosen.per_class, chosen.drawing_seed)
        if chosen.pool:
            np.save(chosen.pool + ".npy", pictures)
            np.save(chosen.pool + ".y.npy", labels)
    held, held_labels = draw_pool(10, chosen.seed + 1000003)

    network = Tiny(len(LABELS))
    if chosen.resume:
        network.load_state_dict(torch.load(chosen.resume, weights_only=True))
    elif chosen.start:
        start_from(network, chosen.start, as_batch(held[::4], np.arange(len(held[::4]))))
    network.to(memory_format=torch.channels_last)
    kernels = [p for p in network.parameters() if p.dim() > 1]
    shifts = [m.bias for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    others = [m.weight for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)] + [network.logits.bias]
    # The shifts decay hard towards 0: a channel then fires on about half of what it sees, so none falls silent.
    optimizer = torch.optim.AdamW([{"params": kernels, "weight_decay": 0.05}, {"params": shifts, "weight_decay": 0.3},
                                   {"params": others, "weight_decay": 0.0}], lr=chosen.rate, betas=(0.9, 0.98))

    begin = last_export = time.time()
    worked = time.process_time()
    total, step, seen, order = chosen.minutes * 60, 0, 0, np.zeros(0, np.int64)
    rng = np.random.default_rng(chosen.seed)
    running = hits = count = 0.0
    while (done := (time.process_time() - worked) / total) < 1:
        if len(order) < chosen.batch:
            order = rng.permutation(len(pictures))
        picked, order = np.sort(order[:chosen.batch]), order[chosen.batch:]
        y = torch.from_numpy(labels[picked])
        nudged = done >= chosen.first
        size = CROP if nudged else SMALL
        x, targets = mix_halves(augment(as_batch(pictures, picked), size, random), y, random)
        rate = chosen.rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-6
        for group in optimizer.param_groups:
            group["lr"] = rate
        reach = chosen.reach * min(1, max(0, done - chosen.first) / 0.25 + (1 if chosen.resume else 0))
        nudge = torch.zeros_like(x)
        for _ in range(chosen.replays if nudged else 1):
            moved = (x + in_metric(nudge)).clamp(0, 1).requires_grad_(nudged)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(normalise(moved).contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), targets, label_smoothing=0.03)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            running += float(loss.detach())
            hits += float((logits.argmax(1) == targets.argmax(1)).float().mean())
            count += 1
            if not nudged:
                continue
            slope = in_metric(moved.grad)
            nudge = nudge + reach * 0.7 * slope / (slope.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-12)
            nudge = nudge * (reach / nudge.flatten(1).norm(dim=1).clamp(min=1e-9)).clamp(max=1).view(-1, 1, 1, 1)
        step += 1
        seen += len(x)
        if step % 50 == 0:
            print(f"{time.time() - begin:6.0f} s  done {done:.3f}  step {step}  pictures {seen}  loss {running / count:.3f}  right {hits / count:.3f}", flush=True)
            running = hits = count = 0.0
        if time.time() - last_export > chosen.export_every:
            last_export = time.time()
            torch.save(network.state_dict(), chosen.checkpoint)
            network.eval()
            export(network, chosen.out)
            network.train()
            print(f"exported; held-out accuracy {accuracy(network, held[::3], held_labels[::3]):.4f}", flush=True)

    torch.save(network.state_dict(), chosen.checkpoint)
    network.eval()
    export(network, chosen.out)
    with open(os.path.splitext(chosen.out)[0] + ".labels.txt", "w") as file:
        file.write("\n".join(LABELS) + "\n")
    print(f"held-out accuracy {accuracy(network, held, held_labels):.4f} of {len(held)} drawings; {seen} pictures seen, {step} batches")


if __name__ == "__main__":
    main()
