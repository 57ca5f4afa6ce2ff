// Models in a folder that people may edit.

#include "server/models/file_model_catalog.h"

#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/nearest.h"
#include "server/base/posix_file.h"
#include "server/base/sha256.h"
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

// Sidecars and facts: labels are a few MB at most.
constexpr int64_t kMaxTextBytes = int64_t{16} << 20;
// How often a file that is being written is looked at again.
constexpr int kMaxLooks = 3;
// File systems tell times in steps of up to two seconds: a change so soon after
// the one before may not show.
constexpr absl::Duration kTimeStep = absl::Seconds(2);

// Differs when the config does, and only then: the same for every process.
std::string Fingerprint(const v1::ModelConfig& config) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(
      config, &text);  // maps in order of their keys
  return Sha256Hex(text).substr(0, 16);
}

// The facts file: the config has its own.
std::string FactsText(v1::Model facts) {
  facts.clear_config();
  facts.clear_name();
  std::string text;
  google::protobuf::TextFormat::PrintToString(facts, &text);
  return text;
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

// Removes a file when it goes out of scope, unless it was moved away.
class Leftover {
 public:
  explicit Leftover(std::string path) : path_(std::move(path)) {}
  ~Leftover() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileModelCatalog>> FileModelCatalog::Create(
    std::string folder, BlobStore& blobs) {
  RETURN_IF_ERROR(MakeDirectories(folder));
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListDirectory(folder));
  for (const std::string& file : files) {
    std::error_code ignored;
    if (absl::StartsWith(file, kStaged) ||
        absl::StartsWith(file, NetworkFiles::kCopyPrefix))
      fs::remove(absl::StrCat(folder, "/", file), ignored);
  }
  return std::unique_ptr<FileModelCatalog>(
      new FileModelCatalog(std::move(folder), blobs));
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
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxTextBytes);
  if (absl::IsNotFound(text.status())) return config;
  RETURN_IF_ERROR(text.status());
  RETURN_IF_ERROR(ParseTextProto(*text, path, &config));
  // Text format writes any byte as an escape; a message that others read must
  // not have them.
  if (!v1::ModelConfig().ParseFromString(config.SerializeAsString())) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a text in it is not valid UTF-8"));
  }
  Faults faults;
  CheckModelConfig(config, path, faults);
  RETURN_IF_ERROR(faults.ToStatus());
  return config;
}

absl::StatusOr<v1::Model> FileModelCatalog::ReadFacts(
    absl::string_view id) const {
  v1::Model facts;
  const std::string path = Path(id, kFacts);
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxTextBytes);
  if (absl::IsUnavailable(text.status())) return text.status();
  if (!text.ok() || !ParseTextProto(*text, path, &facts).ok()) facts.Clear();
  return facts;
}

const FileModelCatalog::Network* FileModelCatalog::FindLocked(
    absl::string_view id, const FileLook& look) const {
  const auto it = networks_.find(id);
  const bool trusted = it != networks_.end() && it->second.look == look &&
                       look.changed <= it->second.trusted_from;
  return trusted ? &it->second : nullptr;
}

absl::StatusOr<FileModelCatalog::Network> FileModelCatalog::Learn(
    const std::string& id, const FileLook& look) const {
  MutexLock learning(&learning_);
  std::shared_ptr<const MappedFile> mapped;
  std::string mapped_blob;
  {
    MutexLock lock(&mu_);
    if (const Network* const known = FindLocked(id, look)) return *known;
    if (const auto it = networks_.find(id); it != networks_.end()) {
      mapped = it->second.file;
      mapped_blob = it->second.blob;
    }
  }
  const absl::Time begun = absl::Now();
  ASSIGN_OR_RETURN(const NetworkFiles::Imported imported,
                   files_.Import(Path(id, kNetwork)));
  if (!(imported.look == look)) {
    return absl::UnavailableError(
        absl::StrCat("model \"", id, "\" is being replaced; try again"));
  }
  if (mapped == nullptr || mapped_blob != imported.blob) {
    ASSIGN_OR_RETURN(mapped, files_.Map(imported.blob));
  }
  Network network = {look, imported.blob, mapped, begun - kTimeStep};
  MutexLock lock(&mu_);
  networks_[id] = network;
  return network;
}

absl::StatusOr<ModelFile> FileModelCatalog::Open(absl::string_view name) const {
  ASSIGN_OR_RETURN(const std::string id, ModelId(name, "model"));
  ModelFile model;
  model.name = id;
  if (id == kEmbeddedModelName) {
    static const auto* const version =
        new std::string(absl::StrCat(Sha256Hex(EmbeddedModelOnnx()), "-",
                                     Fingerprint(EmbeddedModelConfig())));
    model.config = EmbeddedModelConfig();
    model.onnx = EmbeddedModelOnnx();
    model.version = *version;
    return model;
  }
  absl::StatusOr<Network> network = absl::UnavailableError("");
  for (int i = 0; i < kMaxLooks && absl::IsUnavailable(network.status()); ++i) {
    absl::StatusOr<FileLook> look;
    {
      MutexLock lock(&mu_);
      look = LookAt(Path(id, kNetwork));
      if (absl::IsNotFound(look.status())) networks_.erase(id);
      if (look.ok()) {
        ASSIGN_OR_RETURN(model.config, ReadConfig(id));
      }
    }
    if (absl::IsNotFound(look.status())) return NotFound(id);
    RETURN_IF_ERROR(look.status());
    network = Learn(id, *look);
  }
  RETURN_IF_ERROR(network.status());
  model.file = network->file;
  model.onnx = model.file->data();
  model.version = absl::StrCat(absl::StripPrefix(network->blob, "blobs/"), "-",
                               Fingerprint(model.config));
  return model;
}

absl::StatusOr<v1::Model> FileModelCatalog::Describe(
    absl::string_view name) const {
  ASSIGN_OR_RETURN(const std::string id, ModelId(name, "model"));
  const bool embedded = id == kEmbeddedModelName;
  v1::ModelConfig config;
  v1::Model model;
  std::error_code error;
  int64_t size = 0;
  {
    MutexLock lock(&mu_);
    if (embedded) {
      config = EmbeddedModelConfig();
      size = static_cast<int64_t>(EmbeddedModelOnnx().size());
    } else {
      size = static_cast<int64_t>(fs::file_size(Path(id, kNetwork), error));
      if (!error) {
        ASSIGN_OR_RETURN(config, ReadConfig(id));
      }
    }
    ASSIGN_OR_RETURN(model, ReadFacts(id));
    // Of another file: the network was replaced by hand.
    const auto known = networks_.find(id);
    if (model.size_bytes() != size ||
        (known != networks_.end() && known->second.blob != model.blob())) {
      model.Clear();
    }
  }
  if (error == std::errc::no_such_file_or_directory) return NotFound(id);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat(Path(id, kNetwork), " is not a regular file"));
  }
  model.set_name(absl::StrCat("models/", id));
  *model.mutable_config() = std::move(config);
  model.set_size_bytes(size);
  model.set_embedded(embedded);
  return model;
}

absl::Status FileModelCatalog::Remember(absl::string_view name,
                                        const v1::Model& facts) {
  ASSIGN_OR_RETURN(const std::string id, ModelId(name, "name"));
  v1::Model known = facts;
  MutexLock lock(&mu_);
  const auto it = networks_.find(id);
  if (it != networks_.end()) known.set_blob(it->second.blob);
  return ReplaceFile(Path(id, kFacts), FactsText(known));
}

absl::StatusOr<std::shared_ptr<const MappedFile>> FileModelCatalog::MapBlob(
    absl::string_view blob) const {
  return files_.Map(blob);
}

absl::Status FileModelCatalog::Add(absl::string_view name,
                                   absl::string_view blob,
                                   const v1::Model& facts, bool replace) {
  ASSIGN_OR_RETURN(const std::string id, ModelId(name, "model_id"));
  Network network;
  network.blob = std::string(blob);
  ASSIGN_OR_RETURN(network.file, files_.Map(blob));
  v1::Model known = facts;
  known.set_size_bytes(static_cast<int64_t>(network.file->data().size()));
  known.set_blob(network.blob);
  std::string config_text;
  google::protobuf::TextFormat::PrintToString(facts.config(), &config_text);
  const std::string facts_text = FactsText(known);
  int64_t number;
  {
    MutexLock lock(&mu_);
    number = staged_++;
  }
  const Leftover staged(absl::StrCat(folder_, "/", kStaged, number));
  RETURN_IF_ERROR(files_.Copy(blob, staged.path()));

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
  fs::rename(staged.path(), Path(id, kNetwork), error);
  if (error) return ErrnoStatus(error.value(), "rename to", Path(id, kNetwork));
  networks_.erase(id);
  if (absl::StatusOr<FileLook> look = LookAt(Path(id, kNetwork)); look.ok()) {
    network.look = *std::move(look);
    network.trusted_from = absl::InfiniteFuture();  // ours, and under its lock
    networks_[id] = std::move(network);
  }
  return SyncDirectory(folder_);
}

absl::StatusOr<std::set<std::string>> FileModelCatalog::Owned(
    const std::vector<std::string>& blobs) {
  const std::set<std::string> asked(blobs.begin(), blobs.end());
  std::set<std::string> owned;
  const auto own = [&](const std::string& blob) {
    if (asked.count(blob) > 0) owned.insert(blob);
  };
  MutexLock lock(&mu_);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesLocked());
  for (auto it = networks_.begin(); it != networks_.end();) {
    const bool gone =
        !std::binary_search(names.begin(), names.end(), it->first);
    if (!gone) own(it->second.blob);
    it = gone ? networks_.erase(it) : std::next(it);
  }
  for (const std::string& id : names) {
    ASSIGN_OR_RETURN(const v1::Model facts, ReadFacts(id));
    own(facts.blob());
  }
  return owned;
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
    networks_.erase(id);
    if (was_there) return SyncDirectory(folder_);
  }
  return NotFound(id);
}

}  // namespace phosphene
