// Cleans an OBJ file, line by line.
#include "server/meshes/obj_text.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr absl::string_view kMaterialsLine = "# phosphene mtl";
constexpr size_t kSniffedBytes = 1 << 20;
constexpr size_t kMaxNameBytes = 1000;
constexpr size_t kMaxLineBytes = 1 << 16;  // 1000 corners fit easily
constexpr size_t kMaxShownBytes = 40;
constexpr size_t kMaxIndexDigits = 9;

std::string Shown(absl::string_view word) {
  return absl::StrCat("\"", absl::CHexEscape(word.substr(0, kMaxShownBytes)),
                      word.size() > kMaxShownBytes ? "...\"" : "\"");
}

// Digits off the front of `text`; how many.
size_t TakeDigits(absl::string_view* text) {
  size_t count = 0;
  while (count < text->size() && absl::ascii_isdigit((*text)[count])) ++count;
  text->remove_prefix(count);
  return count;
}

void TakeSign(absl::string_view* text) {
  if (!text->empty() && (text->front() == '+' || text->front() == '-'))
    text->remove_prefix(1);
}

// [+-]1[.2][e[+-]3] with an exponent of at most 3 digits: tinyobj reads what it
// does not understand (nan, 1e99999999999) as 0.
bool IsNumber(absl::string_view text) {
  TakeSign(&text);
  size_t digits = TakeDigits(&text);
  if (absl::ConsumePrefix(&text, ".")) digits += TakeDigits(&text);
  if (digits == 0) return false;
  if (absl::ConsumePrefix(&text, "e") || absl::ConsumePrefix(&text, "E")) {
    TakeSign(&text);
    const size_t exponent = TakeDigits(&text);
    if (exponent == 0 || exponent > 3) return false;
  }
  return text.empty();
}

bool IsIndex(absl::string_view text) {
  TakeSign(&text);
  const size_t digits = TakeDigits(&text);
  return digits > 0 && digits <= kMaxIndexDigits && text.empty();
}

class Cleaner {
 public:
  explicit Cleaner(const MeshLimits& limits) : limits_(limits) {}

  absl::Status Take(absl::string_view line, int64_t number) {
    line_ = number;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') return absl::OkStatus();
    const size_t key_size = std::min(line.find_first_of(" \t"), line.size());
    const absl::string_view key = line.substr(0, key_size);
    const absl::string_view rest = line.substr(key_size);
    if ((key[0] == 'v' || key == "f") && line.size() > kMaxLineBytes) {
      return Wrong(absl::StrCat("has ", line.size(), " bytes; allowed are ",
                                kMaxLineBytes));
    }
    if (key == "v") return Numbers("v", 3, 3, rest, &positions_);
    if (key == "vt") return Numbers("vt", 1, 2, rest, &uvs_);
    if (key == "f") return Face(rest);
    if (key == "usemtl") return UseMaterial(rest);
    if (key == "mtllib") text_.names_library = true;
    return absl::OkStatus();
  }

  ObjText Finish(absl::string_view materials) && {
    text_.materials = materials;
    return std::move(text_);
  }

 private:
  absl::Status Wrong(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("line ", line_, " ", what));
  }

  // `least` numbers are needed, up to `most` are kept.
  absl::Status Numbers(absl::string_view key, size_t least, size_t most,
                       absl::string_view rest, int64_t* count) {
    if (++*count > limits_.max_vertices) {
      return Wrong(absl::StrCat("is one \"", key, "\" too many; allowed are ",
                                limits_.max_vertices));
    }
    // A # begins a comment, but not that of 1.#IND and 1.#QNAN.
    const size_t mark = rest.find('#');
    if (mark != absl::string_view::npos && mark > 0 && rest[mark - 1] == '.')
      return Wrong("has a number that is not finite");
    const auto words = ObjWords(rest.substr(0, mark));
    if (words.size() < least) {
      return Wrong(absl::StrCat("has ", words.size(), " numbers after \"", key,
                                "\"; needed are ", least));
    }
    text_.geometry.append(key.data(), key.size());
    for (size_t i = 0; i < std::min(words.size(), most); ++i) {
      if (!IsNumber(words[i]))
        return Wrong(absl::StrCat("has ", Shown(words[i]), ", not a number"));
      absl::StrAppend(&text_.geometry, " ", words[i]);
    }
    text_.geometry += '\n';
    return absl::OkStatus();
  }

  absl::Status Face(absl::string_view rest) {
    const auto words = ObjWords(rest.substr(0, rest.find('#')));
    const auto corners = static_cast<int64_t>(words.size());
    if (corners < 3) {
      return Wrong(
          absl::StrCat("is a face of ", corners, " corners; needed are 3"));
    }
    if (corners > limits_.max_polygon_corners) {
      return Wrong(absl::StrCat("is a face of ", corners,
                                " corners; allowed are ",
                                limits_.max_polygon_corners));
    }
    triangles_ += corners - 2;
    if (triangles_ > limits_.max_triangles) {
      return Wrong(absl::StrCat("takes the mesh beyond the ",
                                limits_.max_triangles, " triangles allowed"));
    }
    text_.geometry += 'f';
    for (absl::string_view word : words) RETURN_IF_ERROR(Corner(word));
    text_.geometry += '\n';
    return absl::OkStatus();
  }

  // v, v/vt, v//vn or v/vt/vn; the normal is dropped.
  absl::Status Corner(absl::string_view word) {
    absl::string_view position = word.substr(0, word.find('/'));
    absl::string_view uv;
    bool fits = IsIndex(position);
    if (position.size() < word.size()) {
      const absl::string_view rest = word.substr(position.size() + 1);
      uv = rest.substr(0, rest.find('/'));
      fits = fits && (uv.empty() || IsIndex(uv)) &&
             std::count(rest.begin(), rest.end(), '/') <= 1;
    }
    if (!fits)
      return Wrong(absl::StrCat("has ", Shown(word), ", not a face's corner"));
    absl::StrAppend(&text_.geometry, " ", position);
    if (!uv.empty()) absl::StrAppend(&text_.geometry, "/", uv);
    return absl::OkStatus();
  }

  absl::Status UseMaterial(absl::string_view rest) {
    const absl::string_view name = absl::StripAsciiWhitespace(rest);
    if (name.size() > kMaxNameBytes) return Wrong("has an overlong name");
    const auto [known, fresh] =
        materials_.try_emplace(name, text_.material_names.size());
    if (fresh) {
      if (known->second >= static_cast<size_t>(limits_.max_materials)) {
        return Wrong(absl::StrCat("is one material too many; allowed are ",
                                  limits_.max_materials));
      }
      text_.material_names.emplace_back(name);
    }
    absl::StrAppend(&text_.geometry, "usemtl ", known->second, "\n");
    return absl::OkStatus();
  }

  const MeshLimits& limits_;
  ObjText text_;
  absl::flat_hash_map<std::string, size_t> materials_;
  int64_t line_ = 0, positions_ = 0, uvs_ = 0, triangles_ = 0;
};

}  // namespace

std::vector<absl::string_view> ObjWords(absl::string_view line) {
  return absl::StrSplit(line, absl::ByAnyChar(" \t\r\v\f"), absl::SkipEmpty());
}

bool NextObjLine(absl::string_view* text, std::string* joined,
                 absl::string_view* line, int64_t* line_number) {
  if (text->empty()) return false;
  joined->clear();
  while (true) {
    ++*line_number;
    // Lines end by LF, CR LF or CR.
    const size_t end = std::min(text->find_first_of("\r\n"), text->size());
    absl::string_view part = text->substr(0, end);
    const bool both = end + 1 < text->size() && (*text)[end] == '\r' &&
                      (*text)[end + 1] == '\n';
    text->remove_prefix(std::min(end + (both ? 2 : 1), text->size()));
    const bool goes_on = absl::EndsWith(part, "\\") && !text->empty();
    if (goes_on) part.remove_suffix(1);
    if (joined->empty() && !goes_on) {
      *line = part;
      return true;
    }
    absl::StrAppend(joined, part, goes_on ? " " : "");
    *line = *joined;
    if (!goes_on) return true;
  }
}

bool LooksLikeObj(absl::string_view bytes) {
  bytes = bytes.substr(0, kSniffedBytes);
  if (bytes.find('\0') != absl::string_view::npos) return false;
  std::string joined;
  absl::string_view line;
  for (int64_t n = 0; NextObjLine(&bytes, &joined, &line, &n);) {
    line = absl::StripLeadingAsciiWhitespace(line);
    if (line.size() > 2 && line[0] == 'v' &&
        (line[1] == ' ' || line[1] == '\t'))
      return true;
  }
  return false;
}

absl::StatusOr<ObjText> CleanObj(absl::string_view bytes,
                                 const MeshLimits& limits) {
  Cleaner cleaner(limits);
  std::string joined;
  absl::string_view line;
  absl::ConsumePrefix(&bytes, "\xEF\xBB\xBF");  // a byte order mark
  for (int64_t n = 0; NextObjLine(&bytes, &joined, &line, &n);) {
    if (absl::StripAsciiWhitespace(line) == kMaterialsLine) break;
    if (line.find('\0') != absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", n, " holds a zero byte"));
    }
    RETURN_IF_ERROR(cleaner.Take(line, n));
  }
  return std::move(cleaner).Finish(bytes);
}

}  // namespace phosphene
