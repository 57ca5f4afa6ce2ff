// The walk over a glTF file's nodes.
#include "server/meshes/gltf_scene.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxIndex = int64_t{1} << 31;

GltfTransform FromTrs(const std::array<double, 3>& move,
                      const std::array<double, 4>& q,
                      const std::array<double, 3>& scale) {
  const double x = q[0], y = q[1], z = q[2], w = q[3];
  const double turn[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - z * w),
                          2 * (x * z + y * w),     2 * (x * y + z * w),
                          1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
                          2 * (x * z - y * w),     2 * (y * z + x * w),
                          1 - 2 * (x * x + y * y)};
  GltfTransform transform;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column)
      transform.rows[4 * row + column] = turn[3 * row + column] * scale[column];
    transform.rows[4 * row + 3] = move[row];
  }
  return transform;
}

absl::StatusOr<GltfTransform> TransformOf(const Json& node,
                                          const std::string& where) {
  if (GltfMember(node, "matrix") != nullptr) {
    std::array<double, 16> columns;
    RETURN_IF_ERROR(GltfNumbers(node, "matrix", where, 16, columns.data()));
    GltfTransform transform;
    for (int row = 0; row < 3; ++row)
      for (int column = 0; column < 4; ++column)
        transform.rows[4 * row + column] = columns[4 * column + row];
    return transform;
  }
  std::array<double, 3> move = {0, 0, 0}, scale = {1, 1, 1};
  std::array<double, 4> q = {0, 0, 0, 1};
  RETURN_IF_ERROR(GltfNumbers(node, "translation", where, 3, move.data()));
  RETURN_IF_ERROR(GltfNumbers(node, "rotation", where, 4, q.data()));
  RETURN_IF_ERROR(GltfNumbers(node, "scale", where, 3, scale.data()));
  const double length =
      std::hypot(std::hypot(q[0], q[1]), std::hypot(q[2], q[3]));
  if (!(length > 1e-9) || !std::isfinite(length)) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ".rotation is no unit quaternion"));
  }
  for (double& part : q) part /= length;
  return FromTrs(move, q, scale);
}

struct Visit {
  int64_t node = 0;
  GltfTransform parent;
};

// Node numbers of an array, last first, so that a stack takes the first.
absl::Status PushNodes(const Json& object, const char* key,
                       const std::string& where, const GltfTransform& parent,
                       std::vector<Visit>* stack) {
  const Json* nodes = GltfMember(object, key);
  if (nodes == nullptr) return absl::OkStatus();
  if (!nodes->is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ".", key, " is not an array"));
  }
  for (size_t i = nodes->size(); i > 0; --i) {
    const Json& number = (*nodes)[i - 1];
    if (!number.is_number_unsigned() ||
        number.get<uint64_t>() >= static_cast<uint64_t>(kMaxIndex)) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ".", key, "[", i - 1, "] is no node's number"));
    }
    stack->push_back({number.get<int64_t>(), parent});
  }
  return absl::OkStatus();
}

// Nodes that are nobody's child, when there is no scene.
absl::Status PushRoots(const Json& root, std::vector<Visit>* stack) {
  const int64_t count = GltfCount(root, "nodes");
  std::vector<bool> is_child(count, false);
  for (int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const Json* node, GltfElement(root, "nodes", i));
    std::vector<Visit> children;
    RETURN_IF_ERROR(PushNodes(*node, "children", absl::StrCat("nodes[", i, "]"),
                              {}, &children));
    for (const Visit& child : children)
      if (child.node < count) is_child[child.node] = true;
  }
  for (int64_t i = count - 1; i >= 0; --i)
    if (!is_child[i]) stack->push_back({i, {}});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<GltfInstance>> Walk(
    const Json& root, std::vector<Visit> stack,
    std::vector<std::string>* notes) {
  std::vector<GltfInstance> instances;
  std::vector<bool> seen(GltfCount(root, "nodes"), false);
  bool skinned = false;
  while (!stack.empty()) {
    const Visit visit = stack.back();
    stack.pop_back();
    ASSIGN_OR_RETURN(const Json* node, GltfElement(root, "nodes", visit.node));
    const std::string where = absl::StrCat("nodes[", visit.node, "]");
    if (seen[visit.node]) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, " is reached twice: nodes have to form trees"));
    }
    seen[visit.node] = true;
    ASSIGN_OR_RETURN(const GltfTransform own, TransformOf(*node, where));
    const GltfTransform transform = visit.parent.After(own);
    RETURN_IF_ERROR(PushNodes(*node, "children", where, transform, &stack));
    if (GltfMember(*node, "mesh") == nullptr) continue;
    ASSIGN_OR_RETURN(const int64_t mesh,
                     GltfInt(*node, "mesh", where, 0, kMaxIndex));
    const bool skin = GltfMember(*node, "skin") != nullptr;
    skinned = skinned || skin;
    instances.push_back({mesh, skin ? GltfTransform() : transform});
  }
  if (skinned) {
    notes->emplace_back(
        "a skeleton was left out: what it moves stands as it was modelled");
  }
  return instances;
}

}  // namespace

Point3 GltfTransform::Apply(const Point3& p) const {
  const auto& m = rows;
  return {m[0] * p.x + m[1] * p.y + m[2] * p.z + m[3],
          m[4] * p.x + m[5] * p.y + m[6] * p.z + m[7],
          m[8] * p.x + m[9] * p.y + m[10] * p.z + m[11]};
}

GltfTransform GltfTransform::After(const GltfTransform& first) const {
  GltfTransform both;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 4; ++column) {
      double sum = column == 3 ? rows[4 * row + 3] : 0;
      for (int k = 0; k < 3; ++k)
        sum += rows[4 * row + k] * first.rows[4 * k + column];
      both.rows[4 * row + column] = sum;
    }
  }
  return both;
}

bool GltfTransform::Mirrors() const {
  const auto& m = rows;
  return m[0] * (m[5] * m[10] - m[6] * m[9]) -
             m[1] * (m[4] * m[10] - m[6] * m[8]) +
             m[2] * (m[4] * m[9] - m[5] * m[8]) <
         0;
}

absl::StatusOr<std::vector<GltfInstance>> GltfInstances(
    const Json& root, std::vector<std::string>* notes) {
  std::vector<Visit> stack;
  if (GltfCount(root, "nodes") == 0) {
    std::vector<GltfInstance> all;
    for (int64_t i = 0; i < GltfCount(root, "meshes"); ++i)
      all.push_back({i, {}});
    return all;
  }
  if (GltfCount(root, "scenes") == 0) {
    RETURN_IF_ERROR(PushRoots(root, &stack));
  } else {
    ASSIGN_OR_RETURN(const int64_t number,
                     GltfInt(root, "scene", "the file", 0, kMaxIndex, 0));
    ASSIGN_OR_RETURN(const Json* scene, GltfElement(root, "scenes", number));
    RETURN_IF_ERROR(PushNodes(
        *scene, "nodes", absl::StrCat("scenes[", number, "]"), {}, &stack));
  }
  return Walk(root, std::move(stack), notes);
}

}  // namespace phosphene
