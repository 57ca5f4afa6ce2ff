// Lists the transforms and takes presets apart.

#include <string>

#include "absl/strings/str_cat.h"
#include "server/engine/transforms/interface.h"
#include "server/engine/transforms/preset.h"

namespace phosphene {

#define TRANSFORM(name) const TransformKind& name##TransformKind();
#include "server/engine/transforms/builtins.inc"
#undef TRANSFORM

const std::vector<const TransformKind*>& TransformKinds() {
  static const auto* kinds = new std::vector<const TransformKind*>{
#define TRANSFORM(name) &name##TransformKind(),
#include "server/engine/transforms/builtins.inc"
#undef TRANSFORM
  };
  return *kinds;
}

const TransformKind* FindTransformKind(const v1::Transform& spec) {
  const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(
      spec, v1::Transform::descriptor()->FindOneofByName("kind"));
  if (arm == nullptr) return nullptr;
  for (const TransformKind* kind : TransformKinds()) {
    if (arm->name() == kind->arm) return kind;
  }
  return nullptr;
}

bool Wraps(
    const google::protobuf::RepeatedPtrField<v1::Transform>& transforms) {
  for (const v1::Transform& transform : transforms) {
    const TransformKind* kind = FindTransformKind(transform);
    if (kind != nullptr && kind->wraps) return true;
  }
  return false;
}

std::vector<v1::Transform> FlattenTransforms(
    const google::protobuf::RepeatedPtrField<v1::Transform>& transforms,
    int64_t height, int64_t width) {
  std::vector<v1::Transform> out;
  for (const v1::Transform& transform : transforms) {
    if (!transform.has_preset()) {
      out.push_back(transform);
      continue;
    }
    for (v1::Transform& member : PresetMembers(transform, height, width)) {
      out.push_back(std::move(member));
    }
  }
  return out;
}

}  // namespace phosphene
