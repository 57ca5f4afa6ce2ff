#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"
#include "server/engine/engine.h"
#include "server/engine/params/interface.h"

namespace phosphene {

struct TexturedMesh;  // params/surface.h

// What files are made from. All must outlive the call.
struct OutputSource {
  const v1::JobSpec& spec;
  Param& param;
  const std::string& checkpoint;  // the serialized state of the job
  const std::stop_token& stop;
  // Names of the job's files; a kind that makes several picks others and adds
  // them. Null: no others are known.
  std::set<std::string>* names = nullptr;
  // Where MakeOutputs keeps the finished object, for all files that hold it:
  // see ObjectOf (mesh_file.h).
  std::optional<TexturedMesh>* object = nullptr;
};

// A kind of output: one arm of Output.kind, one file.
struct OutputKind {
  const char* arm;
  const char* default_name;  // of its file
  // The file, named `name`, and those that go with it, such as the texture of
  // an OBJ; names, media types and sizes in pixels are set. INVALID_ARGUMENT:
  // what its format cannot hold. CANCELLED when the source's `stop` comes
  // between two parts of a large picture.
  absl::StatusOr<std::vector<RunArtifact>> (*make)(const OutputSource& source,
                                                   const v1::Output& output,
                                                   absl::string_view name);

  // Traits: what it is, said here and nowhere else.

  // A picture of the canvas, or of the object from outside; so width, height,
  // row and backdrop mean something.
  bool is_picture = true;
  // The file is the state of the job.
  bool is_state = false;
  // Of an object in space alone (ParamKind::has_surface).
  bool needs_surface = false;
};

// All kinds, in the order of builtins.inc.
const std::vector<const OutputKind*>& OutputKinds();
// The kind of the set arm; nullptr when not built in.
const OutputKind* FindOutputKind(const v1::Output& output);

// Whether an output of the job is its state.
bool KeepsState(const v1::JobSpec& spec);

// The rules of each output, that names differ, that rows and sizes fit the
// canvas, that there is an object where one is needed; UNIMPLEMENTED names an
// arm not built in. Field paths begin with "spec.outputs".
absl::Status CheckOutputs(const v1::JobSpec& spec);

// The files of spec.outputs (one PNG when empty), from the parameters as they
// are. Errors are those of the kinds, naming the output.
absl::StatusOr<std::vector<RunArtifact>> MakeOutputs(
    const OutputSource& source);

}  // namespace phosphene
