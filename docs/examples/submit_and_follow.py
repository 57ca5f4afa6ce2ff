#!/usr/bin/env python3
"""Sends a job, follows it to its end and saves its pictures.

    pip install grpcio grpcio-tools
    python3 docs/examples/submit_and_follow.py docs/examples/feature.textproto -o feature.png

Uses nothing but what grpcio-tools makes of proto/. docs/python.md explains it.
"""

import argparse
import pathlib
import queue
import sys
import tempfile
import uuid

import grpc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"


def import_stubs():
    """Makes the stubs of proto/ and lets `import phosphene.v1...` find them."""
    import grpc_tools
    from grpc_tools import protoc
    out = tempfile.mkdtemp(prefix="phosphene-stubs-")
    protos = [str(path) for folder in ("phosphene/v1", "google/api", "google/rpc")
              for path in sorted((PROTO / folder).glob("*.proto"))]
    own = pathlib.Path(grpc_tools.__file__).parent / "_proto"  # google/protobuf/*.proto
    if protoc.main(["protoc", f"-I{PROTO}", f"-I{own}", f"--python_out={out}",
                    f"--grpc_python_out={out}"] + protos):
        sys.exit("protoc failed")
    sys.path.insert(0, out)


import_stubs()
from google.protobuf import text_format  # noqa: E402
from phosphene.v1 import blob_service_pb2, blob_service_pb2_grpc  # noqa: E402
from phosphene.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc  # noqa: E402


def create(jobs, spec):
    """Once this returns the job survives a crash. The request_id makes a second try safe."""
    return jobs.CreateJob(job_service_pb2.CreateJobRequest(
        job=job_pb2.Job(spec=spec), request_id=str(uuid.uuid4())), timeout=30, wait_for_ready=True)


def follow(jobs, name, **watch):
    """Yields the events of a job to its final state, over servers that go away.

    An event is acknowledged when the next one is asked for, so whatever time the
    caller takes, two frames at most are on the way and the next one is new.
    """
    last = 0
    while True:
        requests = queue.SimpleQueue()
        requests.put(job_service_pb2.FollowJobRequest(watch=job_service_pb2.WatchJobRequest(
            name=name, after_sequence=last, **watch)))
        call = jobs.FollowJob(iter(requests.get, None), wait_for_ready=True)
        try:
            for event in call:
                last = event.sequence
                if not event.HasField("heartbeat"):
                    yield event
                requests.put(job_service_pb2.FollowJobRequest(acknowledged_sequence=last))
            return  # after the final state
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
        finally:
            requests.put(None)  # ends the thread that sends
            call.cancel()


def read_blob(blobs, name):
    return b"".join(piece.data for piece in blobs.ReadBlob(blob_service_pb2.ReadBlobRequest(name=name)))


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    flags.add_argument("spec", type=pathlib.Path, help="a JobSpec in text format")
    flags.add_argument("--server", default="127.0.0.1:50051")
    flags.add_argument("--steps", type=int, help="instead of the spec's")
    flags.add_argument("-o", "--output", type=pathlib.Path, required=True,
                       help="for the first file the job makes")
    arguments = flags.parse_args()

    channel = grpc.insecure_channel(arguments.server)
    jobs = job_service_pb2_grpc.JobServiceStub(channel)
    blobs = blob_service_pb2_grpc.BlobServiceStub(channel)

    spec = text_format.Parse(arguments.spec.read_text(), job_pb2.JobSpec())
    if arguments.steps:
        spec.steps = arguments.steps
    job = create(jobs, spec)
    print(job.name)

    for event in follow(jobs, job.name):
        kind = event.WhichOneof("kind")
        if kind == "job":
            job = event.job
            print(job_pb2.Job.State.Name(job.state))
        elif kind == "progress":
            print(f"step {event.progress.step}/{event.progress.total_steps}  "
                  f"value {event.progress.objective_value:.4g}")
        elif kind == "frame":
            preview = arguments.output.with_suffix(".preview.jpg")
            preview.write_bytes(event.frame.image)
            print(f"frame of step {event.frame.step} -> {preview}")

    if job.state != job_pb2.Job.SUCCEEDED:
        sys.exit(f"{job_pb2.Job.State.Name(job.state)}: {job.error.message}")
    arguments.output.write_bytes(read_blob(blobs, job.artifacts[0].blob))
    print(f"{job.artifacts[0].media_type} -> {arguments.output}")


if __name__ == "__main__":
    main()
