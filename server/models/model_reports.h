#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/models/model_catalog.h"

namespace phosphene {

// What the engine found in the catalog's models: looked at when first asked
// for, kept until the model changes. Thread-safe. A first look takes as long
// as Engine::Inspect: none from a gRPC event thread.
class ModelReports {
 public:
  // Both must outlive this.
  ModelReports(ModelCatalog& catalog, Engine& engine)
      : catalog_(catalog), engine_(engine) {}

  // Facts and layers. Errors of ModelCatalog::Open and Engine::Inspect.
  absl::StatusOr<std::shared_ptr<const ModelReport>> Report(
      absl::string_view name);

  // The model as ModelService shows it: from the catalog, and where that does
  // not know the network's facts, from Report, which it then remembers. A
  // network that does not load
  // is described with the reason in `notes`.
  absl::StatusOr<v1::Model> Describe(absl::string_view name);

 private:
  ModelCatalog& catalog_;
  Engine& engine_;

  Mutex mu_;
  // Name -> version looked at and its report.
  std::map<std::string,
           std::pair<std::string, std::shared_ptr<const ModelReport>>>
      known_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
