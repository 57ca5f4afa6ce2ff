#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {

// Phosphene writes into each PNG the spec that made it and the command that
// made the spec. What reads them back is bounded: at most 16 MiB of text,
// whatever the file says.

// The spec in a picture's bytes, of which the head is enough, its command in
// JobSpec.command. INVALID_ARGUMENT: no PNG (other formats keep no spec), a PNG
// without one, or one that does not parse. A sheet that was joined of several
// jobs has no spec of its own; the error tells the command. `source` names the
// file in messages.
absl::StatusOr<v1::JobSpec> ReadPictureSpec(absl::string_view bytes,
                                            absl::string_view source);

// The spec in a file: of a PNG that Phosphene wrote, by its first bytes, else
// in text format or JSON (ParseSpec). "-" is standard input. NOT_FOUND: no such
// file; OUT_OF_RANGE: text of more than 16 MiB.
struct SpecFile {
  v1::JobSpec spec;
  bool is_picture = false;
};
absl::StatusOr<SpecFile> LoadSpec(const std::string& path);

// The files that a picture's command named may still lie where it says: for
// each `blobs/...` of the spec in `missing` looks among the words of its
// command, taken from the working folder and from `folder`, for a file with
// those bytes and hands its path to `upload`. Answers the names that no file
// has.
absl::StatusOr<std::vector<std::string>> FindFilesAgain(
    const v1::JobSpec& spec, const std::vector<std::string>& missing,
    const std::string& folder,
    const std::function<absl::Status(const std::string& path)>& upload);

}  // namespace phosphene::client
