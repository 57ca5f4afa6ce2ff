#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/base/byte_source.h"

namespace phosphene::client {

// A glTF file, text or binary, as a GLB with the files it names in its binary
// chunk; nullopt where it stands alone. Notes and errors as OpenMeshFile's.
absl::StatusOr<std::optional<ByteSource>> JoinGltf(
    const std::string& path, std::vector<std::string>* notes);

}  // namespace phosphene::client
