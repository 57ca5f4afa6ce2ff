#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/models/model_catalog.h"

namespace phosphene {

// Keeps models in a folder, three files each:
//   NAME.onnx             the network; it decides whether the model exists
//   NAME.model.textproto  its v1::ModelConfig, may be edited by hand; missing:
//                         defaults
//   NAME.facts.textproto  v1::Model as Add or Remember was told; missing, or
//                         of a network of another size: unknown
// A network copied there by hand is listed at once. Files are written beside,
// synced and renamed, the network last: a replacement that a crash cuts short
// leaves the old network, perhaps with the new sidecar. Thread-safe.
class FileModelCatalog : public ModelCatalog {
 public:
  // Makes `folder` and clears what a crash left half-written in it.
  static absl::StatusOr<std::unique_ptr<FileModelCatalog>> Create(
      std::string folder);

  absl::StatusOr<std::vector<std::string>> Names() const override;
  absl::StatusOr<ModelFile> Open(absl::string_view name) const override;
  absl::StatusOr<v1::Model> Describe(absl::string_view name) const override;
  absl::Status Remember(absl::string_view name,
                        const v1::Model& facts) override;
  absl::StatusOr<std::unique_ptr<StagedModel>> Stage() override;
  absl::Status Add(absl::string_view name, std::unique_ptr<StagedModel> staged,
                   const v1::Model& facts, bool replace) override;
  absl::Status Remove(absl::string_view name) override;

 private:
  explicit FileModelCatalog(std::string folder) : folder_(std::move(folder)) {}

  std::string Path(absl::string_view id, absl::string_view suffix) const;
  absl::StatusOr<v1::ModelConfig> ReadConfig(absl::string_view id) const;
  absl::Status NotFound(absl::string_view id) const;
  absl::StatusOr<std::vector<std::string>> NamesLocked() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string folder_;
  // Held while the files of a model are looked at together or changed, so that
  // nobody sees a new sidecar with an old network.
  mutable Mutex mu_;
  int64_t staged_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace phosphene
