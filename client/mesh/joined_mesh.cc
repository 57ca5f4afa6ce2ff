// A mesh and the files beside it, sent as one.

#include "client/mesh/joined_mesh.h"

#include <optional>
#include <utility>

#include "client/base/files.h"
#include "client/mesh/joined_gltf.h"
#include "client/mesh/joined_obj.h"
#include "server/base/status_macros.h"

namespace phosphene::client {

absl::StatusOr<ByteSource> OpenMeshFile(const std::string& path,
                                        std::vector<std::string>* notes) {
  const std::string extension = ExtensionOf(path);
  std::optional<ByteSource> joined;
  if (extension == "obj") {
    ASSIGN_OR_RETURN(joined, JoinObj(path, notes));
  } else if (extension == "gltf" || extension == "glb") {
    ASSIGN_OR_RETURN(joined, JoinGltf(path, notes));
  }
  if (joined.has_value()) return *std::move(joined);
  return ByteSource::OfFile(path);
}

}  // namespace phosphene::client
