#!/usr/bin/env python3
"""What watching costs and how old frames are, with the real server and its embedded model.

    python3 tests/bench/watch_bench.py age  --bin build/release/bin [--seconds 30]
    python3 tests/bench/watch_bench.py cost --bin build/release/bin [--watchers 64]

Needs grpcio and grpcio-tools. Each starts a phosphened on a free port of loopback.

age: readers that take two events a second, at 32, 128 and 256 pixels: the
oldest frame each sees. Fails when one that acknowledges sees any above 2 s.

cost: processor time of the server for one job alone and with so many watchers
in another process, by turns; processor time, because the watchers themselves
need some of this machine. Fails when the median of pairs is above 5 %.
"""

import argparse
import multiprocessing
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "docs/examples"))

SPEC = """model: "phosphene-tiny" parameterization {{ width: {side} fourier {{ }} }}
transforms {{ preset {{ name: STANDARD }} }}
objectives {{ channel {{ layer: "mixed4b" channel: 7 }} }}
steps: {steps} frames {{ every: 1 }} seed: {seed} outputs {{ name: "i.png" png {{ }} }}"""


class Server:
    def __init__(self, binaries):
        self.folder = tempfile.TemporaryDirectory(prefix="phosphene-watch-")
        self.process = subprocess.Popen(
            [f"{binaries}/phosphened", "--listen", "127.0.0.1:0", "--data", self.folder.name,
             "--threads", "1", "--http", "off", "--log-level", "warn"], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[3]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / 100


def api(address):
    """The stub of jobs, and its module."""
    import grpc
    import submit_and_follow as client
    from phosphene.v1 import job_service_pb2_grpc
    return client, job_service_pb2_grpc.JobServiceStub(grpc.insecure_channel(
        address, options=[("grpc.use_local_subchannel_pool", 1)]))


def create(address, **spec):
    client, jobs = api(address)
    from google.protobuf import text_format
    from phosphene.v1 import job_pb2
    return client.create(jobs, text_format.Parse(SPEC.format(**spec), job_pb2.JobSpec())).name


def read_slowly(address, name, how, seconds, ages):
    """Takes an event each half second; ages of the frames among them."""
    client, jobs = api(address)
    from phosphene.v1 import job_service_pb2
    end = time.time() + seconds
    if how == "follow":
        events = client.follow(jobs, name)
    else:
        events = jobs.WatchJob(job_service_pb2.WatchJobRequest(
            name=name, max_frames_per_second=1 if how == "watch1" else 0))
    for event in events:
        if event.HasField("frame"):
            ages.append(time.time() - event.time.seconds - event.time.nanos / 1e9)
            ages_dropped[how] = event.dropped_frames
        if time.time() > end:
            break
        time.sleep(0.5)
    events.close() if how == "follow" else events.cancel()


ages_dropped = {}


def age(arguments):
    worst = 0
    with Server(arguments.bin) as server:
        for side in (32, 128, 256):
            name = create(server.address, side=side, steps=1_000_000, seed=side)
            ages = {how: [] for how in arguments.readers.split(",")}
            readers = [threading.Thread(target=read_slowly,
                                        args=(server.address, name, how, arguments.seconds, seen))
                       for how, seen in ages.items()]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            client, jobs = api(server.address)
            from phosphene.v1 import job_service_pb2
            jobs.CancelJob(job_service_pb2.CancelJobRequest(name=name))
            for how, seen in ages.items():
                print(f"{side:4d} px  {how:10s} {len(seen):3d} frames, oldest {max(seen):6.2f} s, "
                      f"median {statistics.median(seen):5.2f} s, dropped {ages_dropped[how]}", flush=True)
            worst = max([worst] + ages.get("follow", []))
    print(f"oldest frame of a reader that acknowledges: {worst:.2f} s (bound 2.00)")
    return 0 if worst <= 2 else 1


def watch_all(address, name, count, ready, frames):
    """Watches a job so many times, each on its own connection; counts frames."""
    client, _ = api(address)

    def watch():
        _, jobs = api(address)
        from phosphene.v1 import job_service_pb2
        call = jobs.WatchJob(job_service_pb2.WatchJobRequest(name=name), wait_for_ready=True)
        for i, event in enumerate(call):
            if i == 0:
                ready.release()
            if event.HasField("frame"):
                with frames.get_lock():
                    frames.value += 1

    threads = [threading.Thread(target=watch) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_job(server, arguments, watchers, seed):
    """Processor seconds of one job, the wall's, and frames seen."""
    ready, frames = multiprocessing.Semaphore(0), multiprocessing.Value("i", 0)
    before, start = server.cpu_seconds(), time.time()
    name = create(server.address, side=arguments.side, steps=arguments.steps, seed=seed)
    processes = [multiprocessing.Process(target=watch_all,
                                         args=(server.address, name, watchers // 4, ready, frames))
                 for _ in range(4 if watchers else 0)]
    for process in processes:
        process.start()
    _, jobs = api(server.address)
    from phosphene.v1 import job_service_pb2
    # Asked for, not watched: all watches one peer may have are taken.
    while not jobs.GetJob(job_service_pb2.GetJobRequest(name=name)).HasField("end_time"):
        time.sleep(0.2)
    wall = time.time() - start
    for process in processes:
        process.join()
    return server.cpu_seconds() - before, wall, frames.value


def cost(arguments):
    ratios = []
    with Server(arguments.bin) as server:
        run_job(server, arguments, 0, 0)  # warm
        for pair in range(arguments.pairs):
            alone, alone_wall, _ = run_job(server, arguments, 0, 1)
            watched, wall, frames = run_job(server, arguments, arguments.watchers, 1)
            ratios.append(watched / alone)
            print(f"alone {alone:6.2f} s of processor ({alone_wall:.1f} s), watched {watched:6.2f} s "
                  f"({wall:.1f} s), {frames} frames, {100 * (ratios[-1] - 1):+.1f} %", flush=True)
    percent = 100 * (statistics.median(ratios) - 1)
    print(f"{arguments.watchers} watchers cost {percent:+.1f} % of a job (bound 5 %)")
    return 0 if percent <= 5 else 1


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    flags.add_argument("what", choices=["age", "cost"])
    flags.add_argument("--bin", default="build/release/bin")
    flags.add_argument("--seconds", type=float, default=30)
    flags.add_argument("--readers", default="watch,watch1,follow",
                       help="watch: WatchJob, watch1: with one frame a second at most, follow: FollowJob")
    flags.add_argument("--watchers", type=int, default=64)
    flags.add_argument("--pairs", type=int, default=5)
    flags.add_argument("--side", type=int, default=128)
    flags.add_argument("--steps", type=int, default=400)
    arguments = flags.parse_args()
    return {"age": age, "cost": cost}[arguments.what](arguments)


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(main())
