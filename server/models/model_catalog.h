#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/model.pb.h"
#include "server/engine/engine.h"

namespace phosphene {

// An ONNX file on its way into the catalog: written in pieces, looked at, then
// added, or dropped with this object. Thread-compatible.
class StagedModel {
 public:
  virtual ~StagedModel() = default;
  // RESOURCE_EXHAUSTED: the disk is full.
  virtual absl::Status Append(absl::string_view bytes) = 0;
  // All of it, once written; valid as long as this object. No Append after.
  virtual absl::StatusOr<absl::string_view> Bytes() = 0;
};

// The networks of this server: files a user added, and the embedded one, which
// cannot be replaced or removed. Thread-safe. Calls touch the disk: none from
// a gRPC event thread.
class ModelCatalog {
 public:
  virtual ~ModelCatalog() = default;

  // Names without "models/", sorted.
  virtual absl::StatusOr<std::vector<std::string>> Names() const = 0;

  // File and config of "models/NAME" or "NAME". What it returns stays readable
  // when the model is replaced or removed. NOT_FOUND gives the nearest names;
  // INVALID_ARGUMENT: a bad name, or a sidecar that does not parse.
  virtual absl::StatusOr<ModelFile> Open(absl::string_view name) const = 0;

  // What is known without a look into the ONNX file: name, config, size,
  // embedded, and what Add or Remember was told (`opset` 0 when neither was
  // told anything). Errors as Open.
  virtual absl::StatusOr<v1::Model> Describe(absl::string_view name) const = 0;

  // Keeps what a look into a model found, for later Describes: of a file put
  // there by hand, or of the embedded model. Losing it costs another look.
  virtual absl::Status Remember(absl::string_view name,
                                const v1::Model& facts) = 0;

  virtual absl::StatusOr<std::unique_ptr<StagedModel>> Stage() = 0;

  // Adds `staged` as `name`; `facts` is what Describe returns, its config the
  // sidecar. Durable when it returns.
  // ALREADY_EXISTS: the name is taken and `replace` is false, or is the
  // embedded model's.
  virtual absl::Status Add(absl::string_view name,
                           std::unique_ptr<StagedModel> staged,
                           const v1::Model& facts, bool replace) = 0;

  // NOT_FOUND; FAILED_PRECONDITION: embedded.
  virtual absl::Status Remove(absl::string_view name) = 0;
};

}  // namespace phosphene
