// Unpacks models that were packed by gzip.

#include "client/onnx/unpacked_model.h"

#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

namespace fs = std::filesystem;

struct CloseGz {
  void operator()(gzFile_s* file) const { gzclose(file); }
};
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

absl::Status Bad(const std::string& path, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat("\"", path, "\" ", problem));
}

absl::Status Unpack(const std::string& from, const std::string& to) {
  const std::unique_ptr<gzFile_s, CloseGz> in(gzopen(from.c_str(), "rb"));
  if (in == nullptr)
    return absl::NotFoundError(absl::StrCat("cannot read \"", from, "\""));
  std::unique_ptr<std::FILE, CloseFile> out(std::fopen(to.c_str(), "wb"));
  if (out == nullptr)
    return absl::InternalError(absl::StrCat("cannot write \"", to, "\""));
  std::vector<char> buffer(1 << 20);
  int64_t total = 0;
  for (;;) {
    const int n =
        gzread(in.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    if (n < 0) return Bad(from, "does not unpack; the file is damaged");
    if (n == 0) break;
    total += n;
    if (total > kMaxUnpackedBytes)
      return Bad(from, "unpacks to more than 2 GiB; a model is at most that");
    if (std::fwrite(buffer.data(), 1, n, out.get()) != static_cast<size_t>(n)) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no room to unpack \"", from, "\" to \"", to, "\""));
    }
  }
  int error = Z_OK;
  gzerror(in.get(), &error);
  if (error != Z_OK) return Bad(from, "is cut off");
  if (std::fflush(out.get()) == 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("no room to unpack \"", from, "\""));
}

}  // namespace

std::string NameUnpacked(const std::string& path) {
  return std::string(absl::StripSuffix(path, ".gz"));
}

absl::StatusOr<UnpackedModel> UnpackedModel::Of(const std::string& path) {
  UnpackedModel out(path);
  if (!absl::EndsWith(path, ".gz")) return out;
  std::error_code error;
  std::string folder =
      (fs::temp_directory_path(error) / "phosphene-model-XXXXXX").string();
  if (error || mkdtemp(folder.data()) == nullptr)
    return absl::InternalError("cannot make a folder to unpack a model to");
  out.folder_ = folder;
  out.path_ =
      (fs::path(folder) / fs::path(NameUnpacked(path)).filename()).string();
  RETURN_IF_ERROR(Unpack(path, out.path_));
  return out;
}

UnpackedModel::UnpackedModel(UnpackedModel&& other) noexcept
    : path_(std::move(other.path_)), folder_(std::move(other.folder_)) {
  other.folder_.clear();
}

UnpackedModel::~UnpackedModel() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

}  // namespace phosphene::client
