#pragma once

#include <stop_token>

#include "absl/status/statusor.h"
#include "server/engine/engine.h"
#include "server/engine/optimize/plan.h"

namespace phosphene {

// Runs a checked spec from its start, or from `checkpoint` (bytes, "" for
// none), over all octaves, to its end or until `stop`; see Engine::Run.
// `context` carries the network's dtype and the threads for a fresh start; a
// checkpoint's win (the threads only for a reproducible job). Throws as tensor
// code does. DATA_LOSS: a checkpoint of another spec, or damaged.
absl::StatusOr<RunResult> RunSpec(PlanContext context,
                                  absl::string_view checkpoint, RunSink& sink,
                                  std::stop_token stop);

}  // namespace phosphene
