// The score of a class before softmax: logits[class]. Source: Simonyan et al.
// 2013.
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/class_names.h"

namespace phosphene {
namespace {

class ClassLogit final : public ObjectiveFn {
 public:
  ClassLogit(std::string layer, int64_t index)
      : layer_(std::move(layer)), index_(index) {}

  // A layer with positions counts with their mean.
  at::Tensor Value(const StepView& view) override {
    return view.Layer(layer_).select(1, index_).mean({1, 2});
  }

 private:
  std::string layer_;
  int64_t index_;
};

std::string LayerOf(const v1::ClassLogitObjective& own,
                    const NetworkInfo& network) {
  return own.layer().empty() ? network.Logits() : own.layer();
}

void CheckTarget(const v1::ClassLogitObjective& own, const NetworkInfo& network,
                 const std::string& layer, const std::string& arm,
                 Faults& faults) {
  if (own.target_case() == v1::ClassLogitObjective::kIndex) {
    CheckChannel(&network, layer, own.index(), absl::StrCat(arm, ".index"),
                 faults);
    return;
  }
  const auto& labels = network.config().labels();
  const absl::Status found = FindClass(labels, own.class_label()).status();
  if (found.ok()) return;
  faults.Add(absl::StrCat(arm, ".class_label"),
             labels.empty() ? "the model names no classes; use index"
                            : found.message());
}

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const v1::ClassLogitObjective& own = spec.class_logit();
  const std::string arm = absl::StrCat(path, ".class_logit");
  if (network == nullptr) return;
  const std::string layer = LayerOf(own, *network);
  if (layer.empty()) {
    faults.Add(absl::StrCat(arm, ".layer"),
               "the model has no logits; name a layer");
  } else if (own.target_case() != v1::ClassLogitObjective::TARGET_NOT_SET &&
             network->Resolve(layer).ok()) {
    CheckTarget(own, *network, layer, arm, faults);
  }
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::ClassLogitObjective& own = spec.class_logit();
  if (context.network == nullptr) {
    return absl::InvalidArgumentError(
        "a class needs a network, but the job names no model");
  }
  ASSIGN_OR_RETURN(std::string layer,
                   context.Want(LayerOf(own, *context.network)));
  int64_t index = own.index();
  if (own.target_case() == v1::ClassLogitObjective::kClassLabel) {
    ASSIGN_OR_RETURN(index, FindClass(context.network->config().labels(),
                                      own.class_label()));
  }
  return std::make_unique<ClassLogit>(std::move(layer), index);
}

std::string Target(const v1::Objective& spec) {
  const v1::ClassLogitObjective& own = spec.class_logit();
  return own.target_case() == v1::ClassLogitObjective::kIndex
             ? absl::StrCat(own.index())
             : own.class_label();
}

}  // namespace

const ObjectiveKind& ClassLogitObjectiveKind() {
  static const ObjectiveKind kind = {
      .arm = "class_logit",
      .check = Check,
      .make = Make,
      .why_not_replayed = SameEachStep,
      .reads_logits =
          [](const v1::Objective& spec) {
            return spec.class_logit().layer().empty();
          },
      .target = Target};
  return kind;
}

}  // namespace phosphene
