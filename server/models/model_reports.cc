// Reports of the engine on models, kept until the model changes.

#include "server/models/model_reports.h"

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace phosphene {

absl::StatusOr<std::shared_ptr<const ModelReport>> ModelReports::Report(
    absl::string_view name) {
  ASSIGN_OR_RETURN(const ModelFile file, catalog_.Open(name));
  {
    MutexLock lock(&mu_);
    const auto found = known_.find(file.name);
    if (found != known_.end() && found->second.first == file.version)
      return found->second.second;
  }
  // Not under the lock: it takes long. Two callers may both look; no harm.
  absl::StatusOr<ModelReport> report =
      engine_.Inspect(file.onnx, file.config, absl::StrCat(file.name, ".onnx"));
  if (!report.ok())
    return Annotate(report.status(), absl::StrCat("model \"", file.name, "\""));
  auto shared = std::make_shared<const ModelReport>(*std::move(report));
  MutexLock lock(&mu_);
  known_[file.name] = {file.version, shared};
  return shared;
}

absl::StatusOr<v1::Model> ModelReports::Describe(absl::string_view name) {
  ASSIGN_OR_RETURN(v1::Model model, catalog_.Describe(name));
  if (model.opset() != 0) return model;
  const auto report = Report(name);
  if (!report.ok()) {
    model.add_notes(absl::StrCat("cannot be used: ",
                                 std::string(report.status().message())));
    return model;
  }
  v1::Model full = (*report)->model;
  full.set_name(model.name());
  *full.mutable_config() =
      model.config();  // what runs use; a look may suggest more
  full.set_size_bytes(model.size_bytes());
  full.set_embedded(model.embedded());
  const absl::Status kept = catalog_.Remember(name, full);
  if (!kept.ok())
    LogWarn("what a look found is not kept",
            {{"error", std::string(kept.message())}});
  return full;
}

}  // namespace phosphene
