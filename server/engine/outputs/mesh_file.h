#pragma once

#include "absl/status/statusor.h"
#include "server/engine/outputs/picture.h"
#include "server/engine/params/surface.h"

namespace phosphene {

// What outputs that are files of a textured mesh share: the finished object.
// REQUIRES: the source's parameterization has a surface.
inline absl::StatusOr<TexturedMesh> ObjectOf(const OutputSource& source) {
  return source.param.surface()->Export();
}

}  // namespace phosphene
