#include "server/models/file_model_catalog.h"

#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/nearest.h"
#include "server/base/posix_file.h"
#include "server/base/status_macros.h"
#include "server/embedded/embedded_model.h"
#include "server/models/model_rules.h"
#include "server/models/text_proto.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kNetwork = ".onnx";
constexpr absl::string_view kSidecar = ".model.textproto";
constexpr absl::string_view kFacts = ".facts.textproto";
// A dot first: no model's name begins so.
constexpr absl::string_view kStaged = ".staged-";

// Differs when the config does; for the version, which lives in this process.
std::string Fingerprint(const v1::ModelConfig& config) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(
      config, &text);  // maps in order of their keys
  return absl::StrCat(std::hash<std::string>()(text));
}

// The facts file: the config has its own.
std::string FactsText(v1::Model facts) {
  facts.clear_config();
  facts.clear_name();
  std::string text;
  google::protobuf::TextFormat::PrintToString(facts, &text);
  return text;
}

// Differs when the file was replaced or written to.
absl::StatusOr<std::string> Fingerprint(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return ErrnoStatus(errno, "look at", path);
  }
  return absl::StrCat(info.st_ino, "-", info.st_size, "-", info.st_mtim.tv_sec,
                      ".", info.st_mtim.tv_nsec);
}

// Writes `bytes` beside `path`, syncs and renames: after a crash there is the
// old content or the new.
absl::Status ReplaceFile(const std::string& path, absl::string_view bytes) {
  const std::string beside = absl::StrCat(path, ".new");
  ASSIGN_OR_RETURN(const FileDescriptor file,
                   OpenFile(beside, O_WRONLY | O_CREAT | O_TRUNC));
  absl::Status status = WriteAll(file, bytes, beside);
  if (status.ok()) status = SyncFile(file, beside);
  std::error_code error;
  if (status.ok()) fs::rename(beside, path, error);
  if (error) status = ErrnoStatus(error.value(), "rename", beside);
  if (!status.ok()) fs::remove(beside, error);
  return status;
}

class StagedFile : public StagedModel {
 public:
  explicit StagedFile(std::string path) : path_(std::move(path)) {}
  ~StagedFile() override {
    std::error_code ignored;
    fs::remove(path_, ignored);  // gone already when it was added
  }
  absl::Status Open() {
    ASSIGN_OR_RETURN(file_, OpenFile(path_, O_WRONLY | O_CREAT | O_EXCL));
    return absl::OkStatus();
  }
  absl::Status Append(absl::string_view bytes) override {
    return WriteAll(file_, bytes, path_);
  }
  absl::StatusOr<absl::string_view> Bytes() override {
    if (mapped_ == nullptr) {
      RETURN_IF_ERROR(SyncFile(file_, path_));
      file_.Close();
      ASSIGN_OR_RETURN(mapped_, MappedFile::Open(path_));
    }
    return mapped_->data();
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  FileDescriptor file_;
  std::shared_ptr<const MappedFile> mapped_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileModelCatalog>> FileModelCatalog::Create(
    std::string folder) {
  RETURN_IF_ERROR(MakeDirectories(folder));
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListDirectory(folder));
  for (const std::string& file : files) {
    std::error_code ignored;
    if (absl::StartsWith(file, kStaged))
      fs::remove(absl::StrCat(folder, "/", file), ignored);
  }
  return std::unique_ptr<FileModelCatalog>(
      new FileModelCatalog(std::move(folder)));
}

std::string FileModelCatalog::Path(absl::string_view id,
                                   absl::string_view suffix) const {
  return absl::StrCat(folder_, "/", id, suffix);
}

absl::StatusOr<std::vector<std::string>> FileModelCatalog::Names() const {
  MutexLock lock(&mu_);
  return NamesLocked();
}

absl::StatusOr<std::vector<std::string>> FileModelCatalog::NamesLocked() const {
  std::vector<std::string> names = {std::string(kEmbeddedModelName)};
  ASSIGN_OR_RETURN(const std::vector<std::string> files,
                   ListDirectory(folder_));
  for (absl::string_view id : files) {
    if (absl::ConsumeSuffix(&id, kNetwork) && ModelId(id, "").ok() &&
        id != kEmbeddedModelName) {
      names.emplace_back(id);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status FileModelCatalog::NotFound(absl::string_view id) const {
  const absl::StatusOr<std::vector<std::string>> names = Names();
  return WithReason(
      absl::NotFoundError(absl::StrCat(
          "no model \"", id, "\"", names.ok() ? NearestHint(id, *names) : "",
          "; `phosphene models list` shows all")),
      "MODEL_NOT_FOUND");
}

absl::StatusOr<v1::ModelConfig> FileModelCatalog::ReadConfig(
    absl::string_view id) const {
  v1::ModelConfig config;
  const std::string path = Path(id, kSidecar);
  const auto file = MappedFile::Open(path);
  if (absl::IsNotFound(file.status())) return config;
  RETURN_IF_ERROR(file.status());
  RETURN_IF_ERROR(ParseTextProto((*file)->data(), path, &config));
  Faults faults;
  CheckModelConfig(config, path, faults);
  RETURN_IF_ERROR(faults.ToStatus());
  return config;
}

absl::StatusOr<ModelFile> FileModelCatalog::Open(absl::string_view name) const {
  ASSIGN_OR_RETURN(const std::string id, ModelId(name, "model"));
  ModelFile model;
  model.name = id;
  if (id == kEmbeddedModelName) {
    model.config = EmbeddedModelConfig();
    model.onnx = EmbeddedModelOnnx();
    model.version = "embedded";
    return model;
  }
  {
    MutexLock lock(&mu_);
    const std::string path = Path(id, kNetwork);
    auto file = MappedFile::Open(path);
    if (file.ok()) {
      model.file = *std::move(file);
      model.onnx = model.file->data();
      ASSIGN_OR_RETURN(model.config, ReadConfig(id));
      ASSIGN_OR_RETURN(const std::string bytes, Fingerprint(path));
      model.version = absl::StrCat(bytes, "-", Fingerprint(model.config));
      return model;
    }
    if (!absl::IsNotFound(file.status())) return file.status();
  }
  return NotFound(id);
}

absl::StatusOr<v1::Model> FileModelCatalog::Describe(
    absl::string_view name) const {
  ASSIGN_OR_RETURN(const ModelFile file, Open(name));
  v1::Model model;
  const auto facts = MappedFile::Open(Path(file.name, kFacts));
  // Facts serve to show; damaged ones are the same as none.
  if (facts.ok() && !ParseTextProto((*facts)->data(), "", &model).ok())
    model.Clear();
  // Of another file: the network was replaced by hand.
  if (model.size_bytes() != static_cast<int64_t>(file.onnx.size()))
    model.Clear();
  model.set_name(absl::StrCat("models/", file.name));
  *model.mutable_config() = file.config;
  model.set_size_bytes(static_cast<int64_t>(file.onnx.size()));
  model.set_embedded(file.name == kEmbeddedModelName);
  return model;
}

absl::Status FileModelCatalog::Remember(absl::string_view name,
                                        const v1::Model& facts) {
  ASSIGN_OR_RETURN(const std::string id, ModelId(name, "name"));
  const std::string text = FactsText(facts);
  MutexLock lock(&mu_);
  return ReplaceFile(Path(id, kFacts), text);
}

absl::StatusOr<std::unique_ptr<StagedModel>> FileModelCatalog::Stage() {
  int64_t number;
  {
    MutexLock lock(&mu_);
    number = staged_++;
  }
  auto staged =
      std::make_unique<StagedFile>(absl::StrCat(folder_, "/", kStaged, number));
  RETURN_IF_ERROR(staged->Open());
  return staged;
}

absl::Status FileModelCatalog::Add(absl::string_view name,
                                   std::unique_ptr<StagedModel> staged,
                                   const v1::Model& facts, bool replace) {
  ASSIGN_OR_RETURN(const std::string id, ModelId(name, "model_id"));
  ASSIGN_OR_RETURN(const absl::string_view onnx, staged->Bytes());
  v1::Model known = facts;
  known.set_size_bytes(static_cast<int64_t>(onnx.size()));
  std::string config_text;
  google::protobuf::TextFormat::PrintToString(facts.config(), &config_text);
  const std::string facts_text = FactsText(known);

  MutexLock lock(&mu_);
  std::error_code error;
  const bool taken = id == kEmbeddedModelName ||
                     (!replace && fs::exists(Path(id, kNetwork), error));
  if (taken) {
    return WithReason(absl::AlreadyExistsError(absl::StrCat(
                          "model \"", id, "\" ",
                          id == kEmbeddedModelName
                              ? "is part of the program; take another name"
                              : "is there; allow_replace replaces it")),
                      "MODEL_EXISTS");
  }
  RETURN_IF_ERROR(ReplaceFile(Path(id, kSidecar), config_text));
  RETURN_IF_ERROR(ReplaceFile(Path(id, kFacts), facts_text));
  fs::rename(static_cast<StagedFile&>(*staged).path(), Path(id, kNetwork),
             error);
  if (error) return ErrnoStatus(error.value(), "rename to", Path(id, kNetwork));
  return SyncDirectory(folder_);
}

absl::Status FileModelCatalog::Remove(absl::string_view name) {
  ASSIGN_OR_RETURN(const std::string id, ModelId(name, "name"));
  if (id == kEmbeddedModelName) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(
                          "model \"", id, "\" is part of the program")),
                      "MODEL_EMBEDDED");
  }
  {
    MutexLock lock(&mu_);
    std::error_code error;
    // The network first: it decides whether the model exists.
    const bool was_there = fs::remove(Path(id, kNetwork), error);
    if (error) return ErrnoStatus(error.value(), "remove", Path(id, kNetwork));
    fs::remove(Path(id, kSidecar), error);
    fs::remove(Path(id, kFacts), error);
    if (was_there) return SyncDirectory(folder_);
  }
  return NotFound(id);
}

}  // namespace phosphene
