// The container of glTF: chunks, JSON within bounds, required extensions.
#include "server/meshes/gltf_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr absl::string_view kMagic = "glTF";
constexpr uint32_t kJsonChunk = 0x4E4F534A, kBinChunk = 0x004E4942;
constexpr int64_t kMaxJsonValues = 4'000'000;  // some 60 bytes each
constexpr int kMaxJsonDepth = 64;              // well above what glTF nests

uint32_t U32(absl::string_view bytes, size_t at) {  // little endian
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// Counts values without keeping any; stops at what is too much. (The library's
// callback that drops values walks all siblings at the end of each one.)
class ValueCounter : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Value(); }
  bool boolean(bool) override { return Value(); }
  bool number_integer(int64_t) override { return Value(); }
  bool number_unsigned(uint64_t) override { return Value(); }
  bool number_float(double, const std::string&) override { return Value(); }
  bool string(std::string&) override { return Value(); }
  bool binary(Json::binary_t&) override { return Value(); }
  bool key(std::string&) override { return true; }
  bool start_object(size_t) override { return Value() && Deeper(); }
  bool start_array(size_t) override { return Value() && Deeper(); }
  bool end_object() override { return --depth_ >= 0; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return false;
  }
  bool too_much() const { return too_much_; }

 private:
  bool Value() { return !(too_much_ = ++values_ > kMaxJsonValues); }
  bool Deeper() { return !(too_much_ = ++depth_ > kMaxJsonDepth); }

  int64_t values_ = 0;
  int depth_ = 0;
  bool too_much_ = false;
};

absl::StatusOr<Json> ParseJson(absl::string_view text) {
  ValueCounter counter;
  const bool whole = Json::sax_parse(text.begin(), text.end(), &counter);
  if (counter.too_much()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the JSON has over ", kMaxJsonValues,
                     " values or nests deeper than ", kMaxJsonDepth));
  }
  Json root = whole ? Json::parse(text.begin(), text.end(), nullptr, false)
                    : Json(Json::value_t::discarded);
  if (!root.is_object())
    return absl::InvalidArgumentError("the JSON is broken or no object");
  return root;
}

absl::StatusOr<GltfFile> OpenGlb(absl::string_view bytes) {
  if (bytes.size() < 20)
    return absl::InvalidArgumentError("the header is cut off");
  if (U32(bytes, 4) != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("is version ", U32(bytes, 4), "; read is version 2"));
  }
  const uint64_t length = U32(bytes, 8);
  if (length > bytes.size() || length < 20) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the header tells ", length, " bytes; the file has ", bytes.size()));
  }
  bytes = bytes.substr(0, length);
  GltfFile file;
  absl::string_view json;
  bool has_bin = false;
  size_t at = 12;
  for (int chunk = 0; at + 8 <= bytes.size(); ++chunk) {
    const uint64_t size = U32(bytes, at);
    const uint32_t type = U32(bytes, at + 4);
    at += 8;
    if (size > bytes.size() - at) {
      return absl::InvalidArgumentError(
          absl::StrCat("chunk ", chunk, " of ", size, " bytes is cut off"));
    }
    const absl::string_view body = bytes.substr(at, size);
    at += size;
    if (chunk == 0 && type == kJsonChunk) json = body;
    if (chunk > 0 && type == kBinChunk && !std::exchange(has_bin, true))
      file.bin = body;
  }
  if (json.empty())
    return absl::InvalidArgumentError("the first chunk is not JSON");
  ASSIGN_OR_RETURN(file.root, ParseJson(json));
  return file;
}

// Extensions that leave shape and UVs as they are, or that are read.
bool IsHarmless(absl::string_view extension) {
  constexpr absl::string_view kKnown[] = {
      "KHR_texture_transform", "KHR_mesh_quantization", "KHR_texture_basisu",
      "KHR_lights_punctual",   "KHR_xmp_json_ld",       "EXT_texture_webp",
      "MSFT_texture_dds",      "KHR_animation_pointer"};
  return std::count(std::begin(kKnown), std::end(kKnown), extension) > 0 ||
         absl::StartsWith(extension, "KHR_materials_");
}

absl::Status CheckExtensions(const Json& root) {
  const Json* required = GltfMember(root, "extensionsRequired");
  if (required == nullptr || !required->is_array()) return absl::OkStatus();
  for (const Json& name : *required) {
    const std::string* text = name.get_ptr<const std::string*>();
    if (text == nullptr || IsHarmless(*text)) continue;
    constexpr absl::string_view kCompressed[] = {"KHR_draco_mesh_compression",
                                                 "EXT_meshopt_compression"};
    const bool compressed =
        std::count(std::begin(kCompressed), std::end(kCompressed), *text) > 0;
    return absl::InvalidArgumentError(absl::StrCat(
        "the file requires ", absl::CHexEscape(text->substr(0, 60)),
        ", which is not supported",
        compressed ? "; export it without compression" : ""));
  }
  return absl::OkStatus();
}

}  // namespace

bool LooksLikeGltf(absl::string_view bytes) {
  if (absl::StartsWith(bytes, kMagic)) return true;
  absl::ConsumePrefix(&bytes, "\xEF\xBB\xBF");
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != absl::string_view::npos && bytes[first] == '{';
}

absl::StatusOr<GltfFile> OpenGltf(absl::string_view bytes) {
  GltfFile file;
  if (absl::StartsWith(bytes, kMagic)) {
    ASSIGN_OR_RETURN(file, OpenGlb(bytes));
  } else {
    ASSIGN_OR_RETURN(file.root, ParseJson(bytes));
  }
  const Json* asset = GltfMember(file.root, "asset");
  const absl::string_view version =
      asset == nullptr ? "" : GltfString(*asset, "version");
  if (!absl::StartsWith(version, "2.")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "asset.version is \"", absl::CHexEscape(version.substr(0, 20)),
        "\"; read is 2.0"));
  }
  RETURN_IF_ERROR(CheckExtensions(file.root));
  return file;
}

const Json* GltfMember(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

int64_t GltfCount(const Json& root, const char* name) {
  const Json* array = GltfMember(root, name);
  return array != nullptr && array->is_array()
             ? static_cast<int64_t>(array->size())
             : 0;
}

absl::StatusOr<const Json*> GltfElement(const Json& root, const char* name,
                                        int64_t index) {
  const int64_t count = GltfCount(root, name);
  if (index < 0 || index >= count) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, "[", index, "] is named; the file has ", count, " ", name));
  }
  const Json& element = (*GltfMember(root, name))[index];
  if (!element.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "[", index, "] is not an object"));
  }
  return &element;
}

absl::StatusOr<int64_t> GltfInt(const Json& object, const char* key,
                                absl::string_view where, int64_t least,
                                int64_t most, std::optional<int64_t> fallback) {
  const Json* member = GltfMember(object, key);
  if (member == nullptr) {
    if (fallback.has_value()) return *fallback;
    return absl::InvalidArgumentError(
        absl::StrCat(where, ".", key, " is missing"));
  }
  // Some writers make floats of all numbers. A double's 2^53 is beyond any
  // count of a file.
  constexpr double kMaxExact = 9007199254740992.0;
  const double value = member->is_number() ? member->get<double>() : NAN;
  if (std::abs(value) <= kMaxExact && value == std::floor(value) &&
      value >= static_cast<double>(least) && value <= static_cast<double>(most))
    return static_cast<int64_t>(value);
  return absl::InvalidArgumentError(
      absl::StrCat(where, ".", key, " is ",
                   member->is_number() ? absl::StrCat(value) : "not a number",
                   "; allowed is ", least, "..", most));
}

absl::string_view GltfString(const Json& object, const char* key) {
  const Json* member = GltfMember(object, key);
  const std::string* text =
      member == nullptr ? nullptr : member->get_ptr<const std::string*>();
  return text == nullptr ? absl::string_view() : absl::string_view(*text);
}

absl::Status GltfNumbers(const Json& object, const char* key,
                         absl::string_view where, int count, double* values) {
  const Json* member = GltfMember(object, key);
  if (member == nullptr) return absl::OkStatus();
  bool fits = member->is_array() && static_cast<int>(member->size()) == count;
  for (int i = 0; fits && i < count; ++i) {
    const Json& value = (*member)[i];
    fits = value.is_number() && std::isfinite(value.get<double>());
    if (fits) values[i] = value.get<double>();
  }
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      where, ".", key, " is not an array of ", count, " finite numbers"));
}

}  // namespace phosphene
