#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "phosphene/v1/job.pb.h"
#include "server/imaging/image.h"

namespace phosphene {

// A kind of output: one arm of Output.kind.
struct OutputKind {
  const char* arm;
  const char* default_name;  // of its file
  const char* media_type;
  // The file, from the pictures `arrange` made. Null: the file is the state of
  // the job, and nothing is rendered.
  absl::StatusOr<std::string> (*encode)(
      const v1::JobSpec& spec, const v1::Output& output,
      const std::vector<Image8>& pictures) = nullptr;
  // The pictures a file holds, from the rendered rows; the size of the first is
  // the file's.
  std::vector<Image8> (*arrange)(const v1::Output& output,
                                 std::vector<Image8> rows) = nullptr;
};

// All kinds, in the order of the proto.
const std::vector<OutputKind>& OutputKinds();
// The kind of the set arm; nullptr when not built in.
const OutputKind* FindOutputKind(const v1::Output& output);

// Whether an output of the job is its state.
bool KeepsState(const v1::JobSpec& spec);

}  // namespace phosphene
