#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/objectives/interface.h"

namespace phosphene {

// An objective below another one in an expression, and where it stands.
struct Term {
  std::string path;  // "spec.objectives[0].sum.terms[1]"
  const v1::Objective* spec;
};

// The objectives that the set arm of `spec` is made of, in order; none for an
// arm that is no expression.
std::vector<Term> TermsOf(const v1::Objective& spec, absl::string_view path);

// `value` [rows] times the objective's weight, and zero in rows that are not
// its `row`.
at::Tensor ApplyShare(const v1::Objective& spec, const at::Tensor& value);

// An objective over others. Keeps their state in checkpoints; a kind adds how
// their values combine.
class Expression : public ObjectiveFn {
 public:
  at::Tensor Value(const StepView& view) final {
    return Combine(TermValues(view));
  }
  bool in_tiles() const override;
  int64_t beyond() const override;
  Sums SumsOf(const StepView& tile) override;
  at::Tensor Finish(const Sums& sums, const StepView& view) override;
  void Save(std::map<std::string, at::Tensor>* state) const override;
  void Load(const std::map<std::string, at::Tensor>& state) override;

  // Makes the terms of `spec`. The first error ends it.
  absl::Status MakeTerms(const v1::Objective& spec, ObjectiveContext& context);

 protected:
  // [rows] of the terms' values, each [rows] with its share applied; one at
  // least.
  virtual at::Tensor Combine(const std::vector<at::Tensor>& values) const = 0;

 private:
  std::vector<at::Tensor> TermValues(const StepView& view);

  std::vector<v1::Objective> specs_;
  std::vector<std::unique_ptr<ObjectiveFn>> terms_;
};

// For a kind's make: an Expression class that takes the spec.
template <typename T>
absl::StatusOr<std::unique_ptr<ObjectiveFn>> MakeExpression(
    const v1::Objective& spec, ObjectiveContext& context) {
  auto made = std::make_unique<T>(spec);
  const absl::Status status = made->MakeTerms(spec, context);
  if (!status.ok()) return status;
  return made;
}

}  // namespace phosphene
