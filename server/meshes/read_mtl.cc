// Materials of an OBJ file, where it carries them.
#include "server/meshes/read_mtl.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/format.h"
#include "server/meshes/data_uri.h"
#include "server/meshes/obj_text.h"

namespace phosphene {
namespace {

constexpr size_t kMaxColorBytes = 1000;

// "1 .5 0" or "1", one number for all; others leave the colour as it is.
void ReadColor(absl::string_view text, std::array<float, 3>* color) {
  if (text.size() > kMaxColorBytes) return;
  std::array<float, 3> read = *color;
  const auto words = ObjWords(text);
  if (words.empty()) return;
  for (size_t i = 0; i < 3; ++i) {
    const absl::string_view word = words.size() < 3 ? words[0] : words[i];
    if (!absl::SimpleAtof(word, &read[i]) || !std::isfinite(read[i])) return;
    read[i] = std::clamp(read[i], 0.0f, 1.0f);
  }
  *color = read;
}

}  // namespace

absl::Status TooManyPictureBytes(const MeshLimits& limits) {
  return absl::InvalidArgumentError(
      absl::StrCat("the materials' pictures have more than the ",
                   limits.max_texture_bytes, " bytes that are allowed in all"));
}

absl::Status AddPicture(std::string picture, const MeshLimits& limits,
                        int64_t* total, MeshMaterial* material,
                        std::vector<std::string>* notes) {
  const ImageFormat format = SniffFormat(picture);
  if (format != ImageFormat::kPng && format != ImageFormat::kJpeg &&
      format != ImageFormat::kWebp) {
    notes->push_back(
        absl::StrCat("the picture of material \"", material->name,
                     "\" is neither PNG, JPEG nor WebP and was left out"));
    return absl::OkStatus();
  }
  *total += static_cast<int64_t>(picture.size());
  if (*total > limits.max_texture_bytes) return TooManyPictureBytes(limits);
  material->texture = std::move(picture);
  return absl::OkStatus();
}

absl::Status ReadMtl(absl::string_view mtl, const MeshLimits& limits,
                     std::vector<MeshMaterial>* materials,
                     std::vector<std::string>* notes) {
  absl::flat_hash_map<std::string, size_t> by_name;
  for (size_t i = 0; i < materials->size(); ++i)
    by_name[(*materials)[i].name] = i;
  MeshMaterial* material = nullptr;
  int64_t total = 0;
  size_t elsewhere = 0;
  std::string joined;
  absl::string_view line;
  for (int64_t n = 0; NextObjLine(&mtl, &joined, &line, &n);) {
    line = absl::StripAsciiWhitespace(line);
    const size_t key_size = std::min(line.find_first_of(" \t"), line.size());
    const absl::string_view key = line.substr(0, key_size);
    const absl::string_view rest =
        absl::StripAsciiWhitespace(line.substr(key_size));
    if (key == "newmtl") {
      const auto known = by_name.find(rest);
      material =
          known == by_name.end() ? nullptr : &(*materials)[known->second];
    } else if (material == nullptr) {
      continue;
    } else if (key == "Kd") {
      ReadColor(rest, &material->base_color);
    } else if (key == "map_Kd" && material->texture.empty()) {
      if (!IsDataUri(rest)) {
        ++elsewhere;
        continue;
      }
      auto picture = DecodeDataUri(rest, limits.max_texture_bytes - total);
      if (!picture.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("map_Kd of material \"", material->name, "\" ",
                         picture.status().message()));
      }
      RETURN_IF_ERROR(
          AddPicture(*std::move(picture), limits, &total, material, notes));
    }
  }
  if (elsewhere > 0) {
    notes->push_back(absl::StrCat(
        elsewhere, elsewhere == 1 ? " picture is" : " pictures are",
        " in other files, which were not read"));
  }
  return absl::OkStatus();
}

}  // namespace phosphene
