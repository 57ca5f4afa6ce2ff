"""Steps a second of PyPI `torch-lucent`, the peer of engine_bench.

    python lucent_bench.py [--tuned] [--threads 2] [--steps 30] [--size 224]

Same job as engine_bench's default: mixed4c:10 of GoogLeNet, Fourier image with
decorrelated colour, lucent's standard transforms, Adam .05. The weights are
random: they are not packaged, and speed does not depend on them. --tuned
freezes the weights and uses channels_last, as an expert user would.
"""

import argparse
import json
import time

import torch

from lucent.modelzoo import inceptionv1
from lucent.optvis import objectives, param, render, transform


def main():
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--tuned", action="store_true")
    flags.add_argument("--threads", type=int, default=2)
    flags.add_argument("--steps", type=int, default=30)
    flags.add_argument("--warmup", type=int, default=15)
    flags.add_argument("--size", type=int, default=224)
    arguments = flags.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = inceptionv1(pretrained=False).eval()
    if arguments.tuned:
        model = model.to(memory_format=torch.channels_last)
        for weight in model.parameters():
            weight.requires_grad_(False)

    stamps = []
    objective = objectives.channel("mixed4c", 10)

    def timed(hook):
        stamps.append(time.perf_counter())
        return objective(hook)

    render.render_vis(model, timed, lambda: param.image(arguments.size), progress=False,
                      show_image=False, transforms=transform.standard_transforms,
                      thresholds=(arguments.warmup + arguments.steps,))
    steps = len(stamps) - 1 - arguments.warmup
    seconds = (stamps[-1] - stamps[arguments.warmup]) / steps
    print(json.dumps({"peer": "lucent tuned" if arguments.tuned else "lucent",
                      "threads": arguments.threads, "size": arguments.size,
                      "ms_per_step": round(1e3 * seconds, 2), "steps_per_second": round(1 / seconds, 2)}))


if __name__ == "__main__":
    main()
