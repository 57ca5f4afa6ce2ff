// The state of the job: what a later one starts from.
#include "server/engine/outputs/picture.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  return OneFile(name, "application/x-phosphene-checkpoint", source.checkpoint);
}

}  // namespace

const OutputKind& CheckpointOutputKind() {
  static const OutputKind kind = {.arm = "checkpoint",
                                  .default_name = "state.checkpoint",
                                  .make = Make,
                                  .is_picture = false,
                                  .is_state = true};
  return kind;
}

}  // namespace phosphene
