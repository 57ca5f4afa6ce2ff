"""Visualizes a middle layer of every network in a folder through the real server.

    python visualize_nets.py NETS --client build/bin/phosphene --data DIR [--steps 64] [--out DIR]

NETS as make_whole_nets.py --calibrated writes it: each folder with a model.onnx is
a network. (Without calibration deep layers of random networks hardly see the image.)
Each is added to a private server, its layers are listed, and channel 1 of a
layer in the middle is maximized by the plain command, without a word on sizes.
Prints a line a network: layer, objective at the start and at the end, the sizes
it takes. Fails when no picture comes out, when an objective does not rise well
above its start, or a network with a fixed size takes a job of another size
without a word. Standard library only.
"""

import argparse
import json
import pathlib
import subprocess
import sys

# What a middle layer is chosen from: where networks add up or switch.
MIDDLE = {"Relu", "Clip", "HardSwish", "Gelu", "Add", "Concat", "Mul"}
# A layer of fewer channels is an attention head's or a mask's.
LEAST_CHANNELS = 8


class Failed(Exception):
    pass


class Client:
    def __init__(self, program, data):
        self.command = [program, "--json", "--local", "--data", data]

    def __call__(self, *arguments):
        """The JSON objects a command prints."""
        run = subprocess.run([*self.command, *arguments], capture_output=True, text=True)
        if run.returncode != 0:
            raise Failed((run.stderr.strip() or run.stdout.strip()).splitlines()[-1])
        return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def flatten(objects, key):
    """Listings come as one object an entry or as one object with all."""
    out = []
    for entry in objects:
        out.extend(entry[key] if key in entry else [entry])
    return out


def middle_layer(layers):
    """The layer in the middle of those where networks add up or switch."""
    wide = [layer for layer in layers if layer.get("channels", 0) >= LEAST_CHANNELS]
    # Layers with places come first; transformers have tokens instead.
    chosen = [layer for layer in wide if layer["op"] in MIDDLE and layer.get("stride", 0) > 0]
    if len(chosen) < 3:
        chosen = [layer for layer in wide if layer["op"] in MIDDLE] or wide
    return chosen[len(chosen) // 2]["name"]


def objective_values(events):
    return [event["progress"]["objective_value"] for event in events
            if "objective_value" in event.get("progress", {})]


def feature(client, model, layer, steps, out, *more):
    """The plain command: nothing is said of sizes or transforms unless `more` does."""
    return client("feature", "--model", model, "--layer", layer, "--channel", "1", "--steps",
                  str(steps), "--seed", "1", "-o", str(out), *more)


def check_other_size(client, model, layer, size, out):
    """A job of a size that does not fit is refused when it is made, with what to type."""
    try:
        feature(client, model, layer, 1, out, "--transforms", "none", "--size", str(size))
    except Failed as error:
        if "fit" not in str(error):
            raise Failed(f"another size is answered with: {error}")
        return
    raise Failed(f"takes {size} x {size} without a word")


def visualize(client, name, path, steps, out):
    model = client("models", "add", str(path), "--name", name, "--replace")[-1]
    layers = flatten(client("models", "layers", name), "layers")
    layer = middle_layer(layers)
    picture = out / f"{name}.png"
    picture.unlink(missing_ok=True)
    values = objective_values(feature(client, name, layer, steps, picture))
    if not picture.exists():
        raise Failed("the plain command makes no picture")
    start, end = values[0], max(values[-5:])
    fixed, multiple = int(model.get("input_height", 0)), int(model.get("input_multiple", 1))
    takes = f"{fixed} x {fixed}" if fixed else f"multiples of {multiple}" if multiple > 1 else "any size"
    print(f"{name}: {layer} {start:.4g} -> {end:.4g}; {takes}", flush=True)
    if end < start + 0.3 * abs(start):
        raise Failed(f"the objective hardly rises: {start:.4g} -> {end:.4g}")
    if fixed:
        check_other_size(client, name, layers[-1]["name"], fixed + 32, out / "other.png")


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("nets", type=pathlib.Path)
    flags.add_argument("--client", required=True)
    flags.add_argument("--data", required=True)
    flags.add_argument("--steps", type=int, default=64)
    flags.add_argument("--out", type=pathlib.Path, default=pathlib.Path("phosphene-out"))
    arguments = flags.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    client = Client(arguments.client, arguments.data)
    paths = sorted(arguments.nets.rglob("model.onnx"))
    failures = 0
    for path in paths:
        name = "-".join(path.relative_to(arguments.nets).parts[:-1]).lower()[:63]
        try:
            visualize(client, name, path, arguments.steps, arguments.out)
        except Failed as error:
            failures += 1
            print(f"{name}: FAILED: {error}", flush=True)
    print(f"{len(paths)} networks, {failures} failed")
    sys.exit(1 if failures or not paths else 0)


if __name__ == "__main__":
    main()
