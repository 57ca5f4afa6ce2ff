#!/usr/bin/env python3
"""Memory of a server over many jobs of mixed shapes.

    python3 tests/bench/memory_soak.py --bin build/release/bin [--model squeezenet.onnx] [--jobs 1000]

Starts phosphened on a folder of its own, submits small jobs one after the other
(3 steps; sides of 32..256 pixels, 1-4 rows, both precisions, the embedded model
and those given), and prints the server's resident memory every 100 jobs. Fails
when the mean over the last fifth is more than --bound MiB above that over the
second: caches fill while the first jobs run.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

SPEC = """model: "{model}" parameterization {{ width: {width} height: {height} rows: {rows} {kind} {{ }} }}
transforms {{ preset {{ name: STANDARD }} }}
objectives {{ channel {{ layer: "{layer}" channel: {channel} }} }}
steps: 3 seed: {seed} precision: {precision} outputs {{ name: "i.png" png {{ }} }}
"""
UNREACHABLE = 3  # the client's exit status when a busy machine does not answer in time
TINY_LAYERS = ["mixed3a", "mixed3b", "mixed4a", "mixed4b", "mixed4c"]


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def start(binaries, folder):
    socket = os.path.join(folder, "socket")
    with open(os.path.join(folder, "log"), "w") as log:
        server = subprocess.Popen([os.path.join(binaries, "phosphened"), "--listen", "unix:" + socket,
                                   "--data", os.path.join(folder, "data"), "--http", "off"],
                                  stdout=log, stderr=log)
    while not os.path.exists(socket):
        if server.poll() is not None:
            sys.exit("the server ended: " + open(os.path.join(folder, "log")).read())
        time.sleep(0.05)
    return server, [os.path.join(binaries, "phosphene"), "--server", "unix:" + socket]


def add_models(client, paths):
    """Names and a few layers of each."""
    models = {"phosphene-tiny": TINY_LAYERS}
    for path in paths:
        name = os.path.splitext(os.path.basename(path))[0]
        subprocess.run(client + ["models", "add", path, "--name", name], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lines = subprocess.run(client + ["--json", "models", "layers", name], check=True,
                               capture_output=True, text=True).stdout
        layers = re.findall(r'"name":\s*"([^"]+)","op":\s*"(?:Relu|Concat)"', lines)
        models[name] = layers[:: max(1, len(layers) // 8)][:8] or sys.exit(f"no layers: {lines[:300]}")
    return models


def spec(draw, models, index):
    model = draw.choice(sorted(models))
    return SPEC.format(model=model, layer=draw.choice(models[model]), channel=draw.randrange(8),
                       width=draw.randrange(32, 257), height=draw.randrange(32, 257),
                       rows=draw.randrange(1, 5), kind=draw.choice(["fourier", "pixel"]),
                       precision=draw.choice(["FP32", "BF16"]), seed=index)


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    flags.add_argument("--bin", default="build/release/bin")
    flags.add_argument("--model", action="append", default=[], help="an ONNX file; may be repeated")
    flags.add_argument("--jobs", type=int, default=1000)
    flags.add_argument("--bound", type=float, default=64, help="MiB")
    arguments = flags.parse_args()
    folder = tempfile.mkdtemp(prefix="phosphene-soak-")
    server, client = start(arguments.bin, folder)
    try:
        models = add_models(client, arguments.model)
        draw, resident, file = random.Random(1), [], os.path.join(folder, "spec.textproto")
        for job in range(1, arguments.jobs + 1):
            with open(file, "w") as out:
                out.write(spec(draw, models, job))
            for _ in range(3):
                done = subprocess.run(client + ["--quiet", "submit", file, "--watch"],
                                      capture_output=True, text=True)
                if done.returncode != UNREACHABLE:
                    break
            if done.returncode != 0:
                sys.exit(f"job {job} failed: {done.stderr}\n{open(file).read()}")
            resident.append(resident_mib(server.pid))
            if job % 100 == 0:
                print(f"{job:5d} jobs  {resident[-1]:7.0f} MiB", flush=True)
        fifth = arguments.jobs // 5
        early, late = (sum(part) / fifth for part in (resident[fifth:2 * fifth], resident[-fifth:]))
        print(f"jobs {fifth + 1}-{2 * fifth}: {early:.0f} MiB, last {fifth}: {late:.0f} MiB, "
              f"growth {late - early:+.0f} MiB (bound {arguments.bound:.0f})")
        return 0 if late - early <= arguments.bound else 1
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
