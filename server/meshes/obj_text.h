#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/meshes/read_mesh.h"

namespace phosphene {

// An OBJ file without what its loader cannot take or we don't need. Comments,
// tabs, carriage returns, normals, lines, groups and objects are gone, lines
// broken by a backslash are joined, numbers and indices are what they should
// be, and everything is counted.
struct ObjText {
  // Lines `v x y z`, `vt u v`, `f v/vt v/vt ...` and `usemtl N`, N indexing
  // material_names.
  std::string geometry;
  std::vector<std::string> material_names;  // of usemtl, first comers
  bool names_library = false;               // has a `mtllib` line
  // What follows the line `# phosphene mtl`; empty where there is none.
  absl::string_view materials;  // borrows from the bytes
};

// Whether the first lines look like an OBJ: text that has a `v` line.
bool LooksLikeObj(absl::string_view bytes);

// INVALID_ARGUMENT names the line: a number that is none, a face of more
// corners than allowed, too many vertices, faces or materials.
absl::StatusOr<ObjText> CleanObj(absl::string_view bytes,
                                 const MeshLimits& limits);

// The words of a line, split at spaces and tabs.
std::vector<absl::string_view> ObjWords(absl::string_view line);

// Takes the next line off `text`, joined where a backslash ends it, without
// line ends. False at the end.
bool NextObjLine(absl::string_view* text, std::string* joined,
                 absl::string_view* line, int64_t* line_number);

}  // namespace phosphene
