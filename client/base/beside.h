#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// The folder a file is in, "." for a name alone.
std::string FolderOf(const std::string& file);

// The path of the file that one in `folder` names, links followed.
// INVALID_ARGUMENT: it may lie elsewhere: an absolute name, one with "..", a
// link that leads out, none at all. NOT_FOUND tells the path and why.
absl::StatusOr<std::string> FileBeside(const std::string& folder,
                                       absl::string_view name);

}  // namespace phosphene::client
