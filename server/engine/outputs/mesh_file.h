#pragma once

#include "absl/status/statusor.h"
#include "server/engine/outputs/picture.h"
#include "server/engine/params/surface.h"

namespace phosphene {

// What outputs that are files of a textured mesh share: the finished object,
// made for the first of them. It lives as long as the source.
// REQUIRES: the source is one of MakeOutputs, and its parameterization has a
// surface.
inline absl::StatusOr<const TexturedMesh*> ObjectOf(
    const OutputSource& source) {
  if (!source.object->has_value()) {
    absl::StatusOr<TexturedMesh> made = source.param.surface()->Export();
    if (!made.ok()) return made.status();
    *source.object = *std::move(made);
  }
  return &**source.object;
}

}  // namespace phosphene
