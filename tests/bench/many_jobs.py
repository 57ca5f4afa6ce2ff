#!/usr/bin/env python3
"""Many jobs at once on the real server: rate, fairness, bytes, latencies.

    python3 tests/bench/many_jobs.py together --bin build/release/bin [--jobs 8,32] [--mixed] [--model FILE.onnx]
    python3 tests/bench/many_jobs.py priority --bin build/release/bin
    python3 tests/bench/many_jobs.py latency  --bin build/release/bin [--tries 15]

Needs grpcio and grpcio-tools. Each starts a phosphened on a free port of
loopback, with its defaults.

together: steps a second of one job alone, then of so many at once (aggregate),
their ratio; Jain's index of the steps each has done when the first one ends;
whether every job's bytes are those it makes alone (of up to eight of them).
--mixed: layers and sizes differ. --model: another network, as `phosphene models
add` takes it without flags; --layer its layer.

priority: a low job runs; milliseconds from the CreateJob of a high one to its
first step, and how many steps the low one did meanwhile.

latency: milliseconds from CreateJob to the first frame of a warm server, to the
end of a job of 12 steps, and from start to serving, medians.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs/examples"))

import submit_and_follow as client  # noqa: E402  (makes the stubs)
import grpc  # noqa: E402
from google.protobuf import text_format  # noqa: E402
from phosphene.v1 import blob_service_pb2_grpc, job_pb2, job_service_pb2, job_service_pb2_grpc  # noqa: E402

SPEC = """model: "{model}" parameterization {{ width: {side} fourier {{ }} }}
transforms {{ preset {{ name: STANDARD }} }} precision: {precision}
objectives {{ channel {{ layer: "{layer}" channel: {channel} }} }}
steps: {steps} seed: {seed} outputs {{ name: "i.png" png {{ metadata: false }} }}"""
TINY_LAYERS = ["mixed4b", "mixed3b", "mixed4a", "mixed4c"]
SIDES = [224, 192, 160, 256]


class Server:
    def __init__(self, binaries, *flags):
        self.folder = tempfile.TemporaryDirectory(prefix="phosphene-many-")
        self.binaries = binaries
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [f"{binaries}/phosphened", "--listen", "127.0.0.1:0", "--data", self.folder.name,
             "--http", "off", "--log-level", "warn", *flags], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[3]
        self.start_ms = 1000 * (time.perf_counter() - began)
        channel = grpc.insecure_channel(self.address)
        self.jobs = job_service_pb2_grpc.JobServiceStub(channel)
        self.blobs = blob_service_pb2_grpc.BlobServiceStub(channel)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def add_model(self, file):
        subprocess.run([f"{self.binaries}/phosphene", "--server", self.address, "--quiet", "models", "add", file,
                        "--name", "bench"], check=True, stdout=subprocess.DEVNULL)

    def create(self, spec, priority=0):
        return self.jobs.CreateJob(job_service_pb2.CreateJobRequest(job=job_pb2.Job(spec=spec, priority=priority)))

    def get(self, name):
        return self.jobs.GetJob(job_service_pb2.GetJobRequest(name=name))

    def wait(self, name):
        for event in client.follow(self.jobs, name, omit_frames=True):
            pass
        job = self.get(name)
        if job.state != job_pb2.Job.SUCCEEDED:
            sys.exit(f"{name}: {job_pb2.Job.State.Name(job.state)}: {job.error.message}")
        return job

    def result(self, job):
        return client.read_blob(self.blobs, job.artifacts[0].blob)


def spec_of(arguments, number, steps):
    layer = arguments.layer or TINY_LAYERS[number % len(TINY_LAYERS) if arguments.mixed else 0]
    return text_format.Parse(SPEC.format(
        model="bench" if arguments.model else "phosphene-tiny", layer=layer, channel=number % 16,
        side=SIDES[number % len(SIDES)] if arguments.mixed else arguments.side, steps=steps, seed=number,
        precision=arguments.precision), job_pb2.JobSpec())


def seconds(job):
    return job.end_time.ToMicroseconds() / 1e6 - job.start_time.ToMicroseconds() / 1e6


def together(server, arguments):
    if arguments.model:
        server.add_model(arguments.model)
    kinds = [spec_of(arguments, number, arguments.steps) for number in range(4 if arguments.mixed else 1)]
    for spec in kinds:
        server.wait(server.create(spec).name)  # warm

    def alone():
        """Steps a second, the kinds by turns."""
        return len(kinds) * arguments.steps / sum(seconds(server.wait(server.create(spec).name)) for spec in kinds)

    bytes_alone = {}
    for count in arguments.jobs:
        before = alone()
        specs = [spec_of(arguments, number, arguments.steps) for number in range(count)]
        began = time.perf_counter()
        jobs = [server.create(spec) for spec in specs]
        done = []
        while True:  # steps of each when the first one ends
            steps = [server.get(job.name).step for job in jobs]
            if max(steps) >= arguments.steps:
                break
            done = steps
            time.sleep(0.1)
        jobs = [server.wait(job.name) for job in jobs]
        rate = count * arguments.steps / (time.perf_counter() - began)
        after = alone()
        one = (before + after) / 2
        jain = sum(done) ** 2 / (count * sum(step * step for step in done)) if any(done) else 0
        same = 0
        compared = min(count, 8)
        for number in range(compared):
            if number not in bytes_alone:
                bytes_alone[number] = server.result(server.wait(server.create(specs[number]).name))
            same += server.result(jobs[number]) == bytes_alone[number]
        print(f"{count} jobs: one alone {before:.2f} and {after:.2f} steps/s, together {rate:.2f}: "
              f"{rate / one:.2f}x; Jain {jain:.4f}; bytes as alone {same} of {compared}", flush=True)


def priority(server, arguments):
    low = server.create(spec_of(arguments, 0, 100000), priority=-10)
    others = [server.create(spec_of(arguments, number, 100000), priority=-10) for number in range(1, arguments.low)]
    while server.get(low.name).step < 20:
        time.sleep(0.05)
    waits, steps = [], []
    for number in range(arguments.tries):
        before = server.get(low.name).step
        began = time.perf_counter()
        high = server.create(spec_of(arguments, 100 + number, 4), priority=50)
        for event in client.follow(server.jobs, high.name, omit_frames=True):
            if event.WhichOneof("kind") == "progress":
                break
        waits.append(1000 * (time.perf_counter() - began))
        steps.append(server.get(low.name).step - before)
        server.wait(high.name)
    for job in [low, *others]:
        server.jobs.CancelJob(job_service_pb2.CancelJobRequest(name=job.name))
    print(f"CreateJob to first progress of a high job beside {arguments.low} low ones: median "
          f"{statistics.median(waits):.0f} ms, worst {max(waits):.0f} ms; a low one did {statistics.median(steps)} steps")


def latency(server, arguments):
    frames, ends = [], []
    for number in range(arguments.tries):
        spec = spec_of(arguments, number, 12)
        spec.frames.every = 1
        began = time.perf_counter()
        job = server.create(spec)
        first = None
        for event in client.follow(server.jobs, job.name):
            if event.WhichOneof("kind") == "frame" and first is None:
                first = 1000 * (time.perf_counter() - began)
        frames.append(first)
        ends.append(1000 * (time.perf_counter() - began))
    print(f"start {server.start_ms:.0f} ms; first frame: first job {frames[0]:.0f} ms, then median "
          f"{statistics.median(frames[1:]):.0f} ms; end of 12 steps: median {statistics.median(ends[1:]):.0f} ms")


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    flags.add_argument("what", choices=["together", "priority", "latency"])
    flags.add_argument("--bin", default=str(ROOT / "build/release/bin"))
    flags.add_argument("--jobs", type=lambda text: [int(part) for part in text.split(",")], default=[8, 32])
    flags.add_argument("--steps", type=int, default=60)
    flags.add_argument("--side", type=int, default=224)
    flags.add_argument("--mixed", action="store_true")
    flags.add_argument("--model")
    flags.add_argument("--layer")
    flags.add_argument("--precision", default="FP32", choices=["AUTO", "FP32", "BF16"])
    flags.add_argument("--low", type=int, default=4)
    flags.add_argument("--tries", type=int, default=15)
    arguments = flags.parse_args()
    with Server(arguments.bin) as server:
        {"together": together, "priority": priority, "latency": latency}[arguments.what](server, arguments)


if __name__ == "__main__":
    main()
