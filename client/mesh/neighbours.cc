// Materials and pictures beside a mesh.

#include "client/mesh/neighbours.h"

#include <array>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/base/beside.h"
#include "client/base/byte_source.h"
#include "server/base/status_macros.h"
#include "server/imaging/format.h"

namespace phosphene::client {
namespace {

// "C:/art", "/art".
bool IsAbsolute(absl::string_view name) {
  return (!name.empty() && name[0] == '/') ||
         (name.size() > 2 && absl::ascii_isalpha(name[0]) && name[1] == ':' &&
          name[2] == '/');
}

absl::StatusOr<PictureFile> OpenPicture(const std::string& path) {
  ASSIGN_OR_RETURN(const ByteSource file, ByteSource::OfFile(path));
  std::array<char, 64> head;
  ASSIGN_OR_RETURN(const size_t n, file.Read(0, head.data(), head.size()));
  const ImageFormat format = SniffFormat(absl::string_view(head.data(), n));
  if (format == ImageFormat::kUnknown)
    return absl::InvalidArgumentError("it is neither PNG, JPEG nor WebP");
  return PictureFile{path, file.size(), std::string(MediaType(format))};
}

}  // namespace

Neighbours::Neighbours(const std::string& mesh, std::vector<std::string>* notes)
    : folder_(FolderOf(mesh)),
      mesh_(std::filesystem::path(mesh).filename().string()),
      notes_(notes) {}

absl::StatusOr<std::string> Neighbours::Find(absl::string_view name) const {
  std::string portable = absl::StrReplaceAll(name, {{"\\", "/"}});
  if (IsAbsolute(portable)) portable.erase(0, portable.rfind('/') + 1);
  return FileBeside(folder_, portable);
}

std::optional<PictureFile> Neighbours::FindPicture(
    absl::string_view name, absl::string_view use) const {
  const auto open = [&]() -> absl::StatusOr<PictureFile> {
    ASSIGN_OR_RETURN(const std::string path, Find(name));
    return OpenPicture(path);
  };
  absl::StatusOr<PictureFile> picture = open();
  if (picture.ok()) return *std::move(picture);
  Note(absl::StrCat("the picture \"", name, "\" of ", use,
                    " is left out: ", picture.status().message()));
  return std::nullopt;
}

void Neighbours::Note(absl::string_view what) const {
  notes_->push_back(absl::StrCat(mesh_, ": ", what));
}

}  // namespace phosphene::client
