// Specs out of pictures.

#include "client/spec/picture_spec.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/base/command_line.h"
#include "client/base/failure.h"
#include "client/base/files.h"
#include "client/base/units.h"
#include "client/mesh/joined_mesh.h"
#include "client/spec/spec_file.h"
#include "server/base/status_macros.h"
#include "server/imaging/encode.h"
#include "server/imaging/format.h"

namespace phosphene::client {
namespace {

namespace fs = std::filesystem;

// As Limits.max_spec_bytes; a larger spec is refused anyway.
constexpr int64_t kMaxSpec = 16 << 20;
// Text stands before the pixels.
constexpr int64_t kMaxHead = 2 * kMaxSpec;

std::string TextNamed(
    const std::vector<std::pair<std::string, std::string>>& text,
    absl::string_view key) {
  for (const auto& [name, value] : text) {
    if (name == key) return value;
  }
  return "";
}

// What a word of a command line may name: itself, the value of --flag=VALUE,
// and either without the weight of FILE:WEIGHT.
std::vector<std::string> FilesIn(const std::string& word) {
  std::vector<std::string> out = {word};
  const size_t equals = word.find('=');
  if (equals != std::string::npos) out.push_back(word.substr(equals + 1));
  for (size_t i = 0, count = out.size(); i < count; ++i)
    out.push_back(ParseWeightedPath(out[i]).first);
  return out;
}

// Candidate files, each once, those of the working folder first.
std::vector<std::string> FilesOf(const std::string& command,
                                 const std::string& folder) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const std::string& start : {std::string(), folder}) {
    for (const std::string& word : ShellWords(command)) {
      for (const std::string& name : FilesIn(word)) {
        const std::string path = (fs::path(start) / name).string();
        std::error_code error;
        if (seen.insert(path).second && fs::is_regular_file(path, error))
          out.push_back(path);
      }
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<v1::JobSpec> ReadPictureSpec(absl::string_view bytes,
                                            absl::string_view source) {
  const ImageFormat format = SniffFormat(bytes);
  if (format == ImageFormat::kUnknown)
    return UsageError(absl::StrCat(source, " is no picture"));
  if (format != ImageFormat::kPng) {
    return UsageError(
        absl::StrCat(source, " is a ", FormatName(format),
                     " picture; Phosphene keeps the spec in PNG alone, as "
                     "written by -o FILE.png"));
  }
  const auto text = ReadPngText(bytes);
  const std::string spec_text = TextNamed(text, "phosphene.spec"),
                    command = TextNamed(text, "phosphene.command");
  if (spec_text.empty() && !command.empty()) {
    return UsageError(absl::StrCat(
        source,
        " was joined of several jobs and has no spec of its own; it "
        "was made by: ",
        command));
  }
  if (spec_text.empty()) {
    return UsageError(absl::StrCat(
        source,
        " holds no spec: Phosphene did not write it, or a program that saved "
        "it anew left the spec out"));
  }
  ASSIGN_OR_RETURN(v1::JobSpec spec,
                   ParseSpec(spec_text, absl::StrCat(source, " (its spec)")));
  if (!command.empty()) spec.set_command(command);
  return spec;
}

absl::StatusOr<SpecFile> LoadSpec(const std::string& path) {
  const std::string source = path == "-" ? "standard input" : path;
  ASSIGN_OR_RETURN(const std::string bytes, ReadHead(path, kMaxHead));
  SpecFile file;
  file.is_picture = SniffFormat(bytes) != ImageFormat::kUnknown;
  if (file.is_picture) {
    ASSIGN_OR_RETURN(file.spec, ReadPictureSpec(bytes, source));
    return file;
  }
  if (static_cast<int64_t>(bytes.size()) > kMaxSpec) {
    return absl::OutOfRangeError(absl::StrCat(
        "\"", source, "\" is larger than the ", kMaxSpec, " bytes allowed"));
  }
  ASSIGN_OR_RETURN(file.spec, ParseSpec(bytes, source));
  return file;
}

absl::StatusOr<std::vector<std::string>> FindFilesAgain(
    const v1::JobSpec& spec, const std::vector<std::string>& missing,
    const std::string& folder,
    const std::function<absl::Status(const std::string& path)>& upload) {
  std::vector<std::string> left = missing;
  if (left.empty()) return left;
  for (const std::string& path : FilesOf(spec.command(), folder)) {
    std::vector<std::string> notes;
    // A file that cannot be read is not the one.
    const auto file = OpenMeshFile(path, &notes);
    if (!file.ok()) continue;
    const auto sum = file->Sha256();
    if (!sum.ok()) continue;
    const auto found =
        std::find(left.begin(), left.end(), absl::StrCat("blobs/", *sum));
    if (found == left.end()) continue;
    RETURN_IF_ERROR(upload(path));
    left.erase(found);
  }
  return left;
}

}  // namespace phosphene::client
