#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace phosphene::client {

// In a spec of the client a field that names a blob (by its rule) may say
// `file:PATH` instead of `blobs/{sha256}`; before the job is made the file is
// uploaded and the field rewritten. That keeps specs that are printed or kept
// readable.

// `file:PATH` for a local path; a `blobs/...` name stays as it is.
std::string FileRef(absl::string_view path);

// Replaces every `file:PATH` by what `upload(PATH)` answers; a path is
// uploaded once however often it is named. Relative paths are taken from
// `folder` ("" is the working folder). Errors name the field.
absl::Status ResolveFileRefs(
    google::protobuf::Message* message, absl::string_view prefix,
    const std::string& folder,
    const std::function<absl::StatusOr<std::string>(const std::string&)>&
        upload);

// A field that names a blob, and the name: {"spec.objectives[0].content.image",
// "blobs/..."}.
struct BlobRef {
  std::string field;
  std::string name;
};
// All in a message, `file:` references left out; `prefix` begins the fields.
std::vector<BlobRef> BlobsIn(const google::protobuf::Message& message,
                             absl::string_view prefix);

}  // namespace phosphene::client
