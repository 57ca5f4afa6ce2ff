// Files that another file names, read from its folder alone.

#include "client/base/beside.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace phosphene::client {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string FolderOf(const std::string& file) {
  const fs::path folder = fs::path(file).parent_path();
  return folder.empty() ? "." : folder.string();
}

absl::StatusOr<std::string> FileBeside(const std::string& folder,
                                       absl::string_view name) {
  const auto outside = [] {
    return absl::InvalidArgumentError("only files in its folder are read");
  };
  const fs::path relative((std::string(name)));
  if (name.empty() || name.find('\0') != absl::string_view::npos ||
      relative.is_absolute())
    return outside();
  for (const fs::path& part : relative) {
    if (part == "..") return outside();
  }
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  const fs::path file =
      error ? fs::path() : fs::canonical(fs::path(folder) / relative, error);
  if (error) {
    return absl::NotFoundError(absl::StrCat(
        (fs::path(folder) / relative).string(), ": ", error.message()));
  }
  const fs::path inside = file.lexically_relative(root);
  if (inside.empty() || *inside.begin() == "..") return outside();
  return file.string();
}

}  // namespace phosphene::client
