#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/imaging/image.h"
#include "server/meshes/mesh.h"

namespace phosphene {

struct HtmlOptions {
  // Of the texture's JPEG, 1..100; 0 embeds a PNG, lossless.
  int quality = 90;
  // UTF-8, shown as they are: what is markup in them is escaped. Lines of the
  // caption stay lines.
  std::string title = "Phosphene";
  std::string caption;
};

// One HTML page that shows the textured mesh in any browser with WebGL 2, from
// a disk, without a network: turn by mouse, touch or keys, zoom, unfold to the
// atlas, light, slow turn. viewer.html is its source and tells the parameters
// of its address; a test holds it below 40 KB without the data. The page holds
// positions in 16 bits each (1/65,534 of the mesh's diameter) and normals in 8,
// so it is to look at; UVs are floats.
//
// INVALID_ARGUMENT: CheckTextured; quality. Pure: same input, same bytes.
// Thread-safe.
absl::StatusOr<std::string> EncodeHtml(const Mesh& mesh, const Image8& atlas,
                                       const HtmlOptions& options = {});

// The page without data, as it stands in the program: {{name}} where
// something is put in.
absl::string_view ViewerTemplate();

}  // namespace phosphene
