#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/model.pb.h"
#include "server/base/mapped_file.h"
#include "server/engine/engine.h"
#include "server/storage/blob_owner.h"

namespace phosphene {

// The networks of this server: files a user added, and the embedded one, which
// cannot be replaced or removed. It owns the blobs of its models' networks.
// Thread-safe. Calls touch the disk: none from
// a gRPC event thread.
class ModelCatalog : public BlobOwner {
 public:
  // Names without "models/", sorted.
  virtual absl::StatusOr<std::vector<std::string>> Names() const = 0;

  // File and config of "models/NAME" or "NAME". What it returns stays readable
  // and as it is, whatever happens to the model and its files. `version` is a
  // function of network and config: the same after a restart, on another
  // server, or when the same bytes are put there again. NOT_FOUND gives the
  // nearest names; INVALID_ARGUMENT: a bad name, or a sidecar that does not
  // parse; UNAVAILABLE: somebody is writing to the file.
  virtual absl::StatusOr<ModelFile> Open(absl::string_view name) const = 0;

  // What is known without a look into the ONNX file: name, config, size,
  // embedded, and what Add or Remember was told (`opset` 0 when neither was
  // told anything). Errors as Open.
  virtual absl::StatusOr<v1::Model> Describe(absl::string_view name) const = 0;

  // Keeps what a look into a model found, for later Describes: of a file put
  // there by hand, or of the embedded model. Losing it costs another look.
  virtual absl::Status Remember(absl::string_view name,
                                const v1::Model& facts) = 0;

  // The bytes of a blob, for a look before Add; they stay readable. NOT_FOUND,
  // DATA_LOSS.
  virtual absl::StatusOr<std::shared_ptr<const MappedFile>> MapBlob(
      absl::string_view blob) const = 0;

  // Adds the network in `blob` as `name`; `facts` is what Describe returns, its
  // config the sidecar. Durable when it returns. From then on the catalog is an
  // owner of the blob.
  // ALREADY_EXISTS: the name is taken and `replace` is false, or is the
  // embedded model's.
  virtual absl::Status Add(absl::string_view name, absl::string_view blob,
                           const v1::Model& facts, bool replace) = 0;

  // NOT_FOUND; FAILED_PRECONDITION: embedded.
  virtual absl::Status Remove(absl::string_view name) = 0;
};

}  // namespace phosphene
