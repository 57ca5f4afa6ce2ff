#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace phosphene::client {

// What a packed model may unpack to: the largest file a server reads.
constexpr int64_t kMaxUnpackedBytes = (int64_t{1} << 31) - 1;

// A model file without what packs it: of a `.gz` the path of an unpacked copy
// in a folder of its own, which is removed with this; of any other file its
// own path.
class UnpackedModel {
 public:
  // INVALID_ARGUMENT: damaged, cut off, or more than kMaxUnpackedBytes.
  static absl::StatusOr<UnpackedModel> Of(const std::string& path);

  UnpackedModel(UnpackedModel&& other) noexcept;
  UnpackedModel& operator=(UnpackedModel&&) = delete;
  ~UnpackedModel();

  const std::string& path() const { return path_; }

 private:
  explicit UnpackedModel(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::string folder_;  // "" where nothing was unpacked
};

// The name without `.gz`.
std::string NameUnpacked(const std::string& path);

}  // namespace phosphene::client
