// A glTF file, its buffers and its pictures, joined.

#include "client/mesh/joined_gltf.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/beside.h"
#include "client/mesh/glb_parts.h"
#include "client/mesh/joined_mesh.h"
#include "client/mesh/neighbours.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

using Json = nlohmann::json;

// What the server reads; more is sent as it is, for the server to refuse.
constexpr int kMaxDepth = 64;
constexpr int64_t kMaxValues = 4'000'000;

// Counted on the text, before the library makes values of it.
bool IsModest(absl::string_view json) {
  int depth = 0;
  int64_t values = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return false;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && ++values > kMaxValues) {
      return false;
    }
  }
  return true;
}

std::string PercentDecoded(absl::string_view uri) {
  std::string name;
  for (size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] == '%' && i + 2 < uri.size() &&
        absl::ascii_isxdigit(uri[i + 1]) && absl::ascii_isxdigit(uri[i + 2])) {
      name += absl::HexStringToBytes(uri.substr(i + 1, 2));
      i += 2;
    } else {
      name += uri[i];
    }
  }
  return name;
}

// The member, or null where there is none.
const Json* Member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

// The elements of an array that are objects, by their numbers.
std::map<int64_t, Json*> Objects(Json* root, const char* name) {
  std::map<int64_t, Json*> out;
  const auto array = root->find(name);
  if (array == root->end() || !array->is_array()) return out;
  for (size_t i = 0; i < array->size(); ++i) {
    if ((*array)[i].is_object()) out[static_cast<int64_t>(i)] = &(*array)[i];
  }
  return out;
}

// A count or an index; nullopt where it is none.
std::optional<int64_t> Whole(const Json* value) {
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double number = value->get<double>();
  if (!(number >= 0 && number <= 9e15) || number != std::floor(number))
    return std::nullopt;
  return static_cast<int64_t>(number);
}

// The name of the file a URI leads to; nullopt where it holds the bytes itself.
std::optional<std::string> FileName(const Json& object) {
  const Json* uri = Member(object, "uri");
  const std::string* text =
      uri == nullptr ? nullptr : uri->get_ptr<const std::string*>();
  if (text == nullptr || absl::StartsWithIgnoreCase(*text, "data:"))
    return std::nullopt;
  return PercentDecoded(*text);
}

class GltfJoiner {
 public:
  GltfJoiner(const std::string& path, std::vector<std::string>* notes)
      : beside_(path, notes) {}

  absl::StatusOr<std::optional<ByteSource>> Join(GltfParts parts) {
    root_ = Json::parse(parts.json, nullptr, /*allow_exceptions=*/false);
    parts.json.clear();
    if (!root_.is_object() || !NamesFiles()) return std::nullopt;
    if (parts.bin.has_value()) {
      own_bin_ = parts.bin->size;
      bin_.Add(*std::move(parts.bin));
    }
    const int64_t before = bin_.size();
    RETURN_IF_ERROR(MoveBuffers());
    RETURN_IF_ERROR(MovePictures());
    if (bin_.size() == before) return std::nullopt;
    WriteBuffers();
    // A name that is no UTF-8 could not have been parsed.
    std::string json =
        root_.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (static_cast<int64_t>(json.size()) + bin_.size() > kMaxMeshBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          beside_.mesh(), " has ", json.size() + bin_.size(),
          " bytes with its buffers and pictures in it; allowed are ",
          kMaxMeshBytes));
    }
    return bin_.Glb(std::move(json));
  }

 private:
  bool NamesFiles() {
    for (const char* name : {"buffers", "images"}) {
      for (const auto& [i, object] : Objects(&root_, name))
        if (FileName(*object).has_value()) return true;
    }
    return false;
  }

  // Where a buffer's bytes are now.
  struct Place {
    int64_t buffer = -1;  // -1: it is none
    int64_t offset = 0;
    std::optional<int64_t> size;  // of what is in the binary chunk
  };

  // Buffers in files go to the binary chunk, which is buffer 0; the others are
  // kept behind it.
  absl::Status MoveBuffers() {
    std::vector<Place> places;
    for (const auto& [i, buffer] : Objects(&root_, "buffers")) {
      places.resize(static_cast<size_t>(i) + 1);
      Place& place = places.back();
      const std::optional<std::string> name = FileName(*buffer);
      if (name.has_value()) {
        ASSIGN_OR_RETURN(FileRange range, Buffer(i, *buffer, *name));
        place.size = range.size;
        place.offset = bin_.Add(std::move(range));
        place.buffer = 0;
      } else if (i > 0 || own_bin_ < 0 || Member(*buffer, "uri") != nullptr) {
        kept_.push_back(*buffer);
        place.buffer = static_cast<int64_t>(kept_.size());
      } else {
        place.buffer = 0;
        place.size = std::min(own_bin_,
                              Whole(Member(*buffer, "byteLength")).value_or(0));
      }
    }
    for (const auto& [i, view] : Objects(&root_, "bufferViews"))
      RETURN_IF_ERROR(MoveView(i, places, view));
    return absl::OkStatus();
  }

  absl::StatusOr<FileRange> Buffer(int64_t index, const Json& buffer,
                                   const std::string& name) const {
    const std::string where = absl::StrCat(beside_.mesh(), ": buffers[", index,
                                           "] is in \"", name, "\"");
    const absl::StatusOr<std::string> path = FileBeside(beside_.folder(), name);
    if (!path.ok()) {
      return absl::Status(path.status().code(),
                          absl::StrCat(where, "; ", path.status().message()));
    }
    ASSIGN_OR_RETURN(const ByteSource file, ByteSource::OfFile(*path));
    const int64_t size =
        Whole(Member(buffer, "byteLength")).value_or(file.size());
    if (size > file.size()) {
      return absl::OutOfRangeError(absl::StrCat(
          where, ", which has ", file.size(), " bytes instead of ", size));
    }
    return FileRange{*path, 0, size};
  }

  static absl::Status MoveView(int64_t index, const std::vector<Place>& places,
                               Json* view) {
    const std::optional<int64_t> number = Whole(Member(*view, "buffer"));
    if (!number.has_value()) return absl::OkStatus();
    const auto count = static_cast<int64_t>(places.size());
    const Place place =
        *number < count ? places[static_cast<size_t>(*number)] : Place();
    if (place.buffer < 0) {
      // Still none, whatever came to the front.
      (*view)["buffer"] = count + 1 + *number;
      return absl::OkStatus();
    }
    (*view)["buffer"] = place.buffer;
    if (!place.size.has_value()) return absl::OkStatus();
    const std::optional<int64_t> offset =
        Member(*view, "byteOffset") == nullptr
            ? 0
            : Whole(Member(*view, "byteOffset"));
    const std::optional<int64_t> size = Whole(Member(*view, "byteLength"));
    if (!offset.has_value() || !size.has_value() || *offset > *place.size ||
        *size > *place.size - *offset) {
      return absl::InvalidArgumentError(
          absl::StrCat("bufferViews[", index, "] is not within buffers[",
                       *number, "], which has ", *place.size, " bytes"));
    }
    (*view)["byteOffset"] = place.offset + *offset;
    return absl::OkStatus();
  }

  // The pictures that the server reads: those of base colours.
  std::map<int64_t, std::string> UsedPictures() {
    std::map<int64_t, std::string> used;
    const auto textures = Objects(&root_, "textures");
    for (const auto& [i, material] : Objects(&root_, "materials")) {
      const Json* colors = Member(*material, "pbrMetallicRoughness");
      const char* key = "baseColorTexture";
      if (const Json* all = Member(*material, "extensions")) {
        const Json* old = Member(*all, "KHR_materials_pbrSpecularGlossiness");
        if (old != nullptr) colors = old, key = "diffuseTexture";
      }
      const Json* info = colors == nullptr ? nullptr : Member(*colors, key);
      if (info == nullptr) continue;
      const auto texture =
          textures.find(Whole(Member(*info, "index")).value_or(-1));
      if (texture == textures.end()) continue;
      const Json* source = texture->second;
      if (const Json* all = Member(*source, "extensions")) {
        const Json* webp = Member(*all, "EXT_texture_webp");
        if (webp != nullptr) source = webp;
      }
      const int64_t image = Whole(Member(*source, "source")).value_or(-1);
      const Json* name = Member(*material, "name");
      const std::string* text =
          name == nullptr ? nullptr : name->get_ptr<const std::string*>();
      used.emplace(image, text == nullptr
                              ? absl::StrCat("materials[", i, "]")
                              : absl::StrCat("material \"", *text, "\""));
    }
    return used;
  }

  absl::Status MovePictures() {
    const std::map<int64_t, std::string> used = UsedPictures();
    std::map<std::string, size_t> views;  // of files that are in
    for (const auto& [i, image] : Objects(&root_, "images")) {
      const auto use = used.find(i);
      const std::optional<std::string> name = FileName(*image);
      if (use == used.end() || !name.has_value() ||
          Member(*image, "bufferView") != nullptr)
        continue;
      std::optional<PictureFile> picture =
          beside_.FindPicture(*name, use->second);
      if (!picture.has_value()) continue;
      const auto [view, fresh] = views.try_emplace(picture->path);
      if (fresh) view->second = AddView({picture->path, 0, picture->bytes});
      image->erase("uri");
      (*image)["bufferView"] = view->second;
      (*image)["mimeType"] = picture->media_type;
    }
    return absl::OkStatus();
  }

  // The number of a buffer view of a piece of the binary chunk.
  size_t AddView(FileRange range) {
    Json view = {{"buffer", 0}, {"byteLength", range.size}};
    view["byteOffset"] = bin_.Add(std::move(range));
    Json& views = root_["bufferViews"];
    if (!views.is_array()) views = Json::array();
    views.push_back(std::move(view));
    return views.size() - 1;
  }

  void WriteBuffers() {
    Json buffers = Json::array();
    buffers.push_back({{"byteLength", bin_.size()}});
    for (Json& buffer : kept_) buffers.push_back(std::move(buffer));
    root_["buffers"] = std::move(buffers);
  }

  const Neighbours beside_;
  Json root_;
  BinaryChunk bin_;
  int64_t own_bin_ = -1;  // bytes of the file's own binary chunk; -1: none
  std::vector<Json> kept_;
};

}  // namespace

absl::StatusOr<std::optional<ByteSource>> JoinGltf(
    const std::string& path, std::vector<std::string>* notes) {
  ASSIGN_OR_RETURN(GltfParts parts, OpenGltfParts(path));
  if (!absl::StrContains(parts.json, "\"uri\"") || !IsModest(parts.json))
    return std::nullopt;
  return GltfJoiner(path, notes).Join(std::move(parts));
}

}  // namespace phosphene::client
