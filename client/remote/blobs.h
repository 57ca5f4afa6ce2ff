#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/base/byte_source.h"
#include "client/remote/connection.h"

namespace phosphene::client {

// Told as bytes move: done and whole.
using TransferProgress = std::function<void(int64_t done, int64_t total)>;

// Uploads bytes unless the server has them; answers `blobs/{sha256}`. Goes on
// after a broken connection where the server stopped.
absl::StatusOr<std::string> Upload(Connection& connection,
                                   const ByteSource& source,
                                   const TransferProgress& progress);

// Uploads a file. NOT_FOUND: no such file.
absl::StatusOr<std::string> UploadFile(Connection& connection,
                                       const std::string& path,
                                       const TransferProgress& progress);

// Reads a blob into a file, which appears whole or not at all, and checks its
// sha256. Goes on after a broken connection. Answers the number of bytes.
absl::StatusOr<int64_t> DownloadBlob(Connection& connection,
                                     const std::string& name,
                                     const std::string& path, int64_t size,
                                     const TransferProgress& progress);

// A whole blob in memory, at most `limit` bytes; for pictures to look at.
absl::StatusOr<std::string> ReadBlob(Connection& connection,
                                     const std::string& name, int64_t limit);

}  // namespace phosphene::client
