#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "phosphene/v1/job.pb.h"
#include "server/engine/engine.h"
#include "server/engine/optimize/network_cache.h"
#include "server/engine/params/interface.h"
#include "server/engine/step/parts.h"
#include "server/imaging/format.h"

namespace phosphene {

// Where parts come from.
struct PlanContext {
  const v1::JobSpec* spec = nullptr;  // checked, as CompleteSpec makes it
  const EngineInputs* inputs = nullptr;
  NetworkCache* networks = nullptr;
  OpenedModel model;  // info null for a job without a network
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;  // of the network
  int64_t memory = 0;  // bytes of the device; 0: not known, taken as enough
  int64_t tile = 0;    // side of tiles (tiling.h); 0: the view goes whole
};

// Makes the parts of an octave; `previous`, the parameters of the octave
// before, starts it (null for the first one and on resume, where a checkpoint
// follows). Errors: blobs that are missing or broken, with the field that names
// them; UNIMPLEMENTED octaves on a parameterization that cannot start from an
// image.
absl::StatusOr<Parts> MakeParts(const PlanContext& context, int64_t octave,
                                Param* previous);

// What a spec asks of its network.
CompileOptions CompileOptionsOf(const v1::JobSpec& spec, at::Device device,
                                at::ScalarType dtype);

// How large an image blob may be.
ImageLimits BlobImageLimits();
// A decoded image blob, f32 [1,3 or 4,H,W] 0..1.
absl::StatusOr<at::Tensor> LoadImageBlob(const EngineInputs& inputs,
                                         absl::string_view blob);

}  // namespace phosphene
