// An OBJ, its MTL files and their pictures, joined.

#include "client/mesh/joined_obj.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/base/files.h"
#include "client/mesh/joined_mesh.h"
#include "client/mesh/neighbours.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr absl::string_view kMaterialsLine = "# phosphene mtl";
constexpr int64_t kMaxLibraryBytes = 64 << 20;

// Takes the next line off `text`, without blanks around it; what a backslash
// breaks is one line. Lines end by LF, CR LF or CR. False at the end.
bool NextLine(absl::string_view* text, std::string* line) {
  if (text->empty()) return false;
  line->clear();
  for (bool goes_on = true; goes_on;) {
    const size_t end = std::min(text->find_first_of("\r\n"), text->size());
    absl::string_view part = text->substr(0, end);
    const size_t mark = text->substr(end, 2) == "\r\n" ? 2 : 1;
    text->remove_prefix(std::min(end + mark, text->size()));
    goes_on = absl::EndsWith(part, "\\") && !text->empty();
    if (goes_on) part.remove_suffix(1);
    absl::StrAppend(line, part, goes_on ? " " : "");
  }
  absl::StripAsciiWhitespace(line);
  return true;
}

// The first word and what follows it.
std::pair<absl::string_view, absl::string_view> SplitWord(
    absl::string_view line) {
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  return {line.substr(0, end), absl::StripAsciiWhitespace(line.substr(end))};
}

bool IsNumber(absl::string_view word) {
  double value;
  return absl::SimpleAtod(word, &value);
}

// "a.mtl b.mtl" and "my own.mtl": names of files end so.
std::vector<absl::string_view> LibraryNames(absl::string_view names) {
  std::vector<absl::string_view> out;
  while (!names.empty()) {
    size_t end = 0;
    do {
      end = std::min(names.find_first_of(" \t", end + 1), names.size());
    } while (end < names.size() &&
             !absl::EndsWithIgnoreCase(names.substr(0, end), ".mtl"));
    out.push_back(names.substr(0, end));
    names = absl::StripAsciiWhitespace(names.substr(end));
  }
  return out;
}

class ObjJoiner {
 public:
  ObjJoiner(const std::string& path, std::vector<std::string>* notes)
      : path_(path), beside_(path, notes) {}

  absl::StatusOr<std::optional<ByteSource>> Join() {
    RETURN_IF_ERROR(Scan());
    if (carries_materials_ || used_.empty()) return std::nullopt;
    for (const std::string& names : libraries_)
      RETURN_IF_ERROR(AddLibraries(names));
    if (materials_.empty()) return std::nullopt;
    ASSIGN_OR_RETURN(ByteSource joined, ByteSource::OfFile(path_));
    // The first line end is for a last line that has none, the second for one
    // that goes on.
    joined.Add(absl::StrCat("\n\n", kMaterialsLine, "\n", materials_));
    if (joined.size() > kMaxMeshBytes) return TooLarge();
    return joined;
  }

 private:
  absl::Status Scan() {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(path_, kMaxMeshBytes));
    absl::string_view left = text;
    std::string line;
    while (!carries_materials_ && NextLine(&left, &line)) {
      const auto [key, rest] = SplitWord(line);
      if (key == "mtllib") libraries_.emplace_back(rest);
      if (key == "usemtl") used_.emplace(rest);
      carries_materials_ = line == kMaterialsLine;
    }
    return absl::OkStatus();
  }

  absl::Status AddLibraries(const std::string& names) {
    if (beside_.Find(names).ok()) return AddLibrary(names);
    for (absl::string_view name : LibraryNames(names))
      RETURN_IF_ERROR(AddLibrary(name));
    return absl::OkStatus();
  }

  absl::Status AddLibrary(absl::string_view name) {
    const auto read = [&]() -> absl::StatusOr<std::string> {
      ASSIGN_OR_RETURN(const std::string path, beside_.Find(name));
      return ReadFile(path, kMaxLibraryBytes);
    };
    const absl::StatusOr<std::string> text = read();
    if (text.ok()) return AddMaterials(*text);
    beside_.Note(absl::StrCat("the materials in \"", name,
                              "\" are left out: ", text.status().message()));
    return absl::OkStatus();
  }

  // Copies what the server reads of the materials that the mesh uses.
  absl::Status AddMaterials(absl::string_view text) {
    std::string line, material;
    bool used = false, pictured = false;
    while (NextLine(&text, &line)) {
      const auto [key, rest] = SplitWord(line);
      if (key == "newmtl") {
        material = std::string(rest);
        used = used_.contains(rest);
        pictured = false;
      }
      if (!used) continue;
      if (key == "newmtl" || key == "Kd")
        absl::StrAppend(&materials_, line, "\n");
      if (key == "map_Kd" && !std::exchange(pictured, true))
        RETURN_IF_ERROR(AddPicture(MapFile(rest), material));
    }
    return absl::OkStatus();
  }

  absl::Status AddPicture(absl::string_view name, const std::string& material) {
    if (absl::StartsWithIgnoreCase(name, "data:")) {
      absl::StrAppend(&materials_, "map_Kd ", name, "\n");
      return absl::OkStatus();
    }
    const std::optional<PictureFile> picture =
        beside_.FindPicture(name, absl::StrCat("material \"", material, "\""));
    if (!picture.has_value()) {
      // The job's notes tell it as well.
      absl::StrAppend(&materials_, "map_Kd ",
                      name.substr(name.find_last_of("/\\") + 1), "\n");
      return absl::OkStatus();
    }
    const auto held = static_cast<int64_t>(materials_.size());
    if (held + picture->bytes / 3 * 4 > kMaxMeshBytes) return TooLarge();
    ASSIGN_OR_RETURN(const std::string bytes,
                     ReadFile(picture->path, picture->bytes));
    absl::StrAppend(&materials_, "map_Kd data:", picture->media_type,
                    ";base64,", absl::Base64Escape(bytes), "\n");
    return absl::OkStatus();
  }

  absl::Status TooLarge() const {
    return absl::InvalidArgumentError(absl::StrCat(
        beside_.mesh(), " has more than ", kMaxMeshBytes,
        " bytes with its materials' pictures in it; allowed are no more"));
  }

  const std::string path_;
  const Neighbours beside_;
  std::vector<std::string> libraries_;     // of each `mtllib`
  absl::flat_hash_set<std::string> used_;  // materials
  bool carries_materials_ = false;
  std::string materials_;
};

}  // namespace

absl::string_view MapFile(absl::string_view map) {
  constexpr absl::string_view kWord[] = {"-blendu", "-blendv",  "-cc",
                                         "-clamp",  "-imfchan", "-type"};
  constexpr absl::string_view kNumbers[] = {"-bm", "-boost", "-mm",    "-o",
                                            "-s",  "-t",     "-texres"};
  const auto is_one = [](const auto& options, absl::string_view word) {
    return std::any_of(std::begin(options), std::end(options), [&](auto it) {
      return absl::EqualsIgnoreCase(it, word);
    });
  };
  while (true) {
    const auto [option, rest] = SplitWord(map);
    if (is_one(kWord, option)) {
      map = SplitWord(rest).second;
    } else if (is_one(kNumbers, option)) {
      map = rest;
      for (int i = 0; i < 3 && IsNumber(SplitWord(map).first); ++i)
        map = SplitWord(map).second;
    } else {
      return map;
    }
  }
}

absl::StatusOr<std::optional<ByteSource>> JoinObj(
    const std::string& path, std::vector<std::string>* notes) {
  return ObjJoiner(path, notes).Join();
}

}  // namespace phosphene::client
