#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/models/model_catalog.h"
#include "server/models/network_files.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// Keeps models in a folder, three files each:
//   NAME.onnx             the network; it decides whether the model exists
//   NAME.model.textproto  its v1::ModelConfig, may be edited by hand; missing:
//                         defaults
//   NAME.facts.textproto  v1::Model as Add or Remember was told; missing, or
//                         of another network: unknown
// A network copied there by hand is listed at once. Whoever likes may replace,
// overwrite, cut or remove files there while jobs run: what was opened is a
// blob's bytes (network_files.h) and stays as it is; the next Open sees what is
// there then. Files are written beside, synced and renamed, the network last: a
// replacement that a crash cuts short leaves the old network, perhaps with the
// new sidecar. Thread-safe.
class FileModelCatalog : public ModelCatalog {
 public:
  // Makes `folder` and clears what a crash left half-written in it. `blobs`
  // must outlive the catalog.
  static absl::StatusOr<std::unique_ptr<FileModelCatalog>> Create(
      std::string folder, BlobStore& blobs);

  absl::StatusOr<std::vector<std::string>> Names() const override;
  absl::StatusOr<ModelFile> Open(absl::string_view name) const override;
  absl::StatusOr<v1::Model> Describe(absl::string_view name) const override;
  absl::Status Remember(absl::string_view name,
                        const v1::Model& facts) override;
  absl::StatusOr<std::shared_ptr<const MappedFile>> MapBlob(
      absl::string_view blob) const override;
  absl::Status Add(absl::string_view name, absl::string_view blob,
                   const v1::Model& facts, bool replace) override;
  absl::Status Remove(absl::string_view name) override;
  absl::StatusOr<std::set<std::string>> Owned(
      const std::vector<std::string>& blobs) override;

 private:
  // The content of a NAME.onnx that looks like this.
  struct Network {
    FileLook look;
    std::string blob;
    std::shared_ptr<const MappedFile> file;
    // A change after this instant shows in `look`.
    absl::Time trusted_from;
  };

  FileModelCatalog(std::string folder, BlobStore& blobs)
      : folder_(std::move(folder)), files_(blobs, folder_) {}

  std::string Path(absl::string_view id, absl::string_view suffix) const;
  absl::StatusOr<v1::ModelConfig> ReadConfig(absl::string_view id) const;
  // Facts as they were kept; empty where there are none, or damaged ones.
  absl::StatusOr<v1::Model> ReadFacts(absl::string_view id) const;
  absl::Status NotFound(absl::string_view id) const;
  absl::StatusOr<std::vector<std::string>> NamesLocked() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // What is known of a network that looks like this; null: nothing.
  const Network* FindLocked(absl::string_view id, const FileLook& look) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Finds or learns the content of a network that looks like this. UNAVAILABLE
  // when it looks otherwise by now.
  absl::StatusOr<Network> Learn(const std::string& id,
                                const FileLook& look) const;

  const std::string folder_;
  const NetworkFiles files_;
  // Held while a network is hashed and stored: who else asks for it would do
  // the same work.
  mutable Mutex learning_ ABSL_ACQUIRED_BEFORE(mu_);
  // Held while the files of a model are looked at together or changed, so that
  // nobody sees a new sidecar with an old network.
  mutable Mutex mu_;
  mutable std::map<std::string, Network, std::less<>> networks_
      ABSL_GUARDED_BY(mu_);
  int64_t staged_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace phosphene
