#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/base/byte_source.h"

namespace phosphene::client {

// An OBJ followed by its materials, as the server reads them; nullopt where the
// file stands alone. Notes and errors as OpenMeshFile's.
absl::StatusOr<std::optional<ByteSource>> JoinObj(
    const std::string& path, std::vector<std::string>* notes);

// The file of a `map_Kd`, its options left out: "-s 1 1 1 -clamp on my
// skin.png" names "my skin.png".
absl::string_view MapFile(absl::string_view map);

}  // namespace phosphene::client
