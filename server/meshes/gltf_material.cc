// Base colours and their pictures out of a glTF file.
#include "server/meshes/gltf_material.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/meshes/data_uri.h"
#include "server/meshes/read_mtl.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxIndex = int64_t{1} << 31;
constexpr size_t kMaxNameBytes = 200;
constexpr int64_t kMaxUvSet = 15;

float SrgbOf(double linear) {  // IEC 61966-2-1
  const double x = std::clamp(linear, 0.0, 1.0);
  return static_cast<float>(
      x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - .055);
}

// An extension's object, or null.
const Json* Extension(const Json& object, const char* name) {
  const Json* all = GltfMember(object, "extensions");
  const Json* found = all == nullptr ? nullptr : GltfMember(*all, name);
  return found != nullptr && found->is_object() ? found : nullptr;
}

absl::StatusOr<GltfUvUse> UvUseOf(const Json& info, const std::string& where) {
  GltfUvUse use;
  ASSIGN_OR_RETURN(use.set, GltfInt(info, "texCoord", where, 0, kMaxUvSet, 0));
  const Json* transform = Extension(info, "KHR_texture_transform");
  if (transform == nullptr) return use;
  std::array<double, 2> offset = {0, 0}, scale = {1, 1};
  double angle = 0;
  RETURN_IF_ERROR(GltfNumbers(*transform, "offset", where, 2, offset.data()));
  RETURN_IF_ERROR(GltfNumbers(*transform, "scale", where, 2, scale.data()));
  if (const Json* rotation = GltfMember(*transform, "rotation");
      rotation != nullptr && rotation->is_number())
    angle = rotation->get<double>();
  if (!std::isfinite(angle)) angle = 0;
  // The extension's matrix: scaled, turned, moved.
  const double c = std::cos(angle), s = std::sin(angle);
  use.rows = {c * scale[0],  s * scale[1], offset[0],
              -s * scale[0], c * scale[1], offset[1]};
  ASSIGN_OR_RETURN(
      use.set, GltfInt(*transform, "texCoord", where, 0, kMaxUvSet, use.set));
  return use;
}

// Linear factors of the file into sRGB ones.
absl::Status ReadFactor(const Json& json, const char* key,
                        const std::string& where, MeshMaterial* material) {
  std::array<double, 4> factor = {1, 1, 1, 1};
  RETURN_IF_ERROR(GltfNumbers(json, key, where, 4, factor.data()));
  for (int i = 0; i < 3; ++i) material->base_color[i] = SrgbOf(factor[i]);
  return absl::OkStatus();
}

}  // namespace

GltfMaterials::GltfMaterials(const GltfFile& file, const MeshLimits& limits,
                             GltfData* data,
                             std::vector<MeshMaterial>* materials,
                             std::vector<std::string>* notes)
    : file_(file),
      limits_(limits),
      data_(data),
      materials_(materials),
      notes_(notes) {}

absl::StatusOr<GltfMaterialUse> GltfMaterials::Use(int64_t index) {
  const auto known = made_.find(index);
  if (known != made_.end()) return known->second;
  ASSIGN_OR_RETURN(const Json* json,
                   GltfElement(file_.root, "materials", index));
  if (static_cast<int64_t>(materials_->size()) >= limits_.max_materials) {
    return absl::InvalidArgumentError(
        absl::StrCat("materials[", index, "] is one too many; allowed are ",
                     limits_.max_materials));
  }
  MeshMaterial material;
  material.name =
      std::string(GltfString(*json, "name").substr(0, kMaxNameBytes));
  GltfMaterialUse use;
  ASSIGN_OR_RETURN(
      use.uv,
      ReadColor(*json, absl::StrCat("materials[", index, "]"), &material));
  use.material = static_cast<int32_t>(materials_->size());
  materials_->push_back(std::move(material));
  made_[index] = use;
  return use;
}

absl::StatusOr<GltfUvUse> GltfMaterials::ReadColor(const Json& json,
                                                   const std::string& where,
                                                   MeshMaterial* material) {
  const Json* color = GltfMember(json, "pbrMetallicRoughness");
  const char* factor = "baseColorFactor";
  const char* texture = "baseColorTexture";
  // What was the extension for plastics before glTF had others.
  constexpr char kOldName[] = "KHR_materials_pbrSpecularGlossiness";
  if (const Json* old = Extension(json, kOldName); old != nullptr) {
    color = old;
    factor = "diffuseFactor";
    texture = "diffuseTexture";
  }
  if (color == nullptr || !color->is_object()) return GltfUvUse();
  RETURN_IF_ERROR(ReadFactor(*color, factor, where, material));
  const Json* info = GltfMember(*color, texture);
  if (info == nullptr) return GltfUvUse();
  if (!info->is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ".", texture, " is not an object"));
  }
  RETURN_IF_ERROR(ReadPicture(*info, where, material));
  return UvUseOf(*info, absl::StrCat(where, ".", texture));
}

absl::Status GltfMaterials::ReadPicture(const Json& info,
                                        const std::string& where,
                                        MeshMaterial* material) {
  ASSIGN_OR_RETURN(const int64_t number,
                   GltfInt(info, "index", where, 0, kMaxIndex));
  ASSIGN_OR_RETURN(const Json* texture,
                   GltfElement(file_.root, "textures", number));
  const Json* source = Extension(*texture, "EXT_texture_webp");
  if (source == nullptr) source = texture;
  ASSIGN_OR_RETURN(
      const int64_t image_number,
      GltfInt(*source, "source", absl::StrCat("textures[", number, "]"), -1,
              kMaxIndex, -1));
  if (image_number < 0) {
    notes_->push_back(absl::StrCat("the picture of material \"", material->name,
                                   "\" is in a format that is not read"));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Json* image,
                   GltfElement(file_.root, "images", image_number));
  const std::string image_name = absl::StrCat("images[", image_number, "]");
  std::string bytes;
  if (GltfMember(*image, "bufferView") != nullptr) {
    ASSIGN_OR_RETURN(const int64_t view,
                     GltfInt(*image, "bufferView", image_name, 0, kMaxIndex));
    int64_t stride = 0;
    ASSIGN_OR_RETURN(const absl::string_view found, data_->View(view, &stride));
    if (static_cast<int64_t>(found.size()) >
        limits_.max_texture_bytes - picture_bytes_)
      return TooManyPictureBytes(limits_);
    bytes = std::string(found);
  } else if (const absl::string_view uri = GltfString(*image, "uri");
             IsDataUri(uri)) {
    auto data = DecodeDataUri(uri, limits_.max_texture_bytes - picture_bytes_);
    if (!data.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(image_name, ".uri ", data.status().message()));
    }
    bytes = *std::move(data);
  } else {
    notes_->push_back(
        absl::StrCat("the picture of material \"", material->name,
                     "\" is in another file, which was not read"));
    return absl::OkStatus();
  }
  return AddPicture(std::move(bytes), limits_, &picture_bytes_, material,
                    notes_);
}

}  // namespace phosphene
