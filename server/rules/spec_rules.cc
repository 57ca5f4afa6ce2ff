// What the fields of a spec have to do with each other.
#include "server/rules/spec_rules.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class Relations {
 public:
  Relations(const v1::JobSpec& spec, Faults& faults)
      : spec_(spec), faults_(faults) {}

  void Check() {
    CheckCanvas();
    for (int i = 0; i < spec_.objectives_size(); ++i) {
      CheckRows(spec_.objectives(i), absl::StrCat("spec.objectives[", i, "]"));
    }
    if (spec_.objectives().empty() && spec_.steps() != 0) {
      Add("spec.objectives", absl::StrCat("are missing: there is nothing to "
                                          "do in ",
                                          spec_.steps(), " steps"));
    }
    CheckFrames();
    CheckOutputs();
  }

 private:
  // A field that breaks its rule, or had its say already, is passed over.
  void Add(const std::string& field, const std::string& what) {
    if (!faults_.Has(field)) faults_.Add(field, what);
  }

  bool Knows(absl::string_view field) const { return !faults_.Has(field); }

  bool KnowsRows() const { return Knows("spec.parameterization.rows"); }
  int Rows() const { return std::max(1, spec_.parameterization().rows()); }

  void CheckCanvas() {
    const std::string path = "spec.parameterization";
    const v1::Parameterization& param = spec_.parameterization();
    if (!KnowsRows() || !Knows(path + ".width") || !Knows(path + ".height"))
      return;
    const int64_t width = param.width() > 0 ? param.width() : 224;
    const int64_t height = param.height() > 0 ? param.height() : width;
    if (width * height * Rows() <= kMaxCanvasPixels) return;
    Add(path + ".width",
        absl::StrCat(width, " x ", height, " pixels in ", Rows(),
                     " rows are too many; allowed: at most ", kMaxCanvasPixels,
                     " in all"));
  }

  // An objective and those below it, whatever holds them.
  void CheckRows(const v1::Objective& objective, const std::string& path) {
    if (objective.has_row() && KnowsRows()) {
      RowInRange(objective.row(), 0, path + ".row");
    }
    const auto& r = *objective.GetReflection();
    const FieldDescriptor* arm = r.GetOneofFieldDescriptor(
        objective, v1::Objective::descriptor()->FindOneofByName("kind"));
    if (arm == nullptr) return;
    const Message& kind = r.GetMessage(objective, arm);
    const auto& of_kind = *kind.GetReflection();
    for (int i = 0; i < arm->message_type()->field_count(); ++i) {
      const FieldDescriptor* field = arm->message_type()->field(i);
      if (field->message_type() != v1::Objective::descriptor()) continue;
      const std::string at =
          absl::StrCat(path, ".", arm->name(), ".", field->name());
      const auto term = [&](const Message& found, const std::string& where) {
        CheckRows(static_cast<const v1::Objective&>(found), where);
      };
      if (!field->is_repeated()) {
        if (of_kind.HasField(kind, field))
          term(of_kind.GetMessage(kind, field), at);
        continue;
      }
      for (int k = 0; k < of_kind.FieldSize(kind, field); ++k) {
        if (faults_.full()) return;
        term(of_kind.GetRepeatedMessage(kind, field, k),
             absl::StrCat(at, "[", k, "]"));
      }
    }
  }

  void RowInRange(int row, int least, const std::string& field) {
    if (row >= least && row < Rows()) return;
    Add(field,
        OutOfRange(absl::StrCat(row), absl::StrCat(least, "..", Rows() - 1)));
  }

  void CheckFrames() {
    const v1::FramePolicy& frames = spec_.frames();
    for (const char* field : {"spec.frames.keep_every", "spec.frames.every",
                              "spec.steps", "spec.optimizer.octaves.count"}) {
      if (!Knows(field)) return;
    }
    if (frames.keep_every() == 0) return;
    const int64_t steps = spec_.steps() > 0 ? spec_.steps() : 512;
    const int64_t octaves = std::max(1, spec_.optimizer().octaves().count());
    const int64_t every = frames.every() > 0 ? frames.every() : 16;
    const int64_t kept = steps * octaves / every / frames.keep_every();
    if (kept <= kMaxKeptFrames) return;
    Add("spec.frames.keep_every",
        absl::StrCat(frames.keep_every(), " keeps ", kept,
                     " frames; allowed: at most ", kMaxKeptFrames));
  }

  void CheckOutputs() {
    std::set<std::string> names;
    for (int i = 0; i < spec_.outputs_size() && !faults_.full(); ++i) {
      const v1::Output& output = spec_.outputs(i);
      const std::string path = absl::StrCat("spec.outputs[", i, "]");
      if (output.has_row() && KnowsRows())
        RowInRange(output.row(), -1, path + ".row");
      if (!output.name().empty() && !names.insert(output.name()).second) {
        Add(path + ".name",
            absl::StrCat("\"", output.name().substr(0, 100),
                         "\" is taken by another output of the job"));
      }
    }
  }

  const v1::JobSpec& spec_;
  Faults& faults_;
};

double MaxOf(const google::protobuf::Descriptor& message, const char* path) {
  return RulesOf(*FieldAt(message, path)).max();
}

}  // namespace

void AddRelationFaults(const v1::JobSpec& spec, Faults& faults) {
  Relations(spec, faults).Check();
}

void AddSpecFaults(const v1::JobSpec& spec, Faults& faults) {
  AddRuleFaults(spec, "spec", faults);
  AddRelationFaults(spec, faults);
}

v1::Limits RuleLimits() {
  const auto& spec = *v1::JobSpec::descriptor();
  const auto& priority = RulesOf(*FieldAt(*v1::Job::descriptor(), "priority"));
  v1::Limits limits;
  limits.set_max_canvas_pixels(kMaxCanvasPixels);
  limits.set_max_rows(static_cast<int>(MaxOf(spec, "parameterization.rows")));
  limits.set_max_steps(static_cast<int>(MaxOf(spec, "steps")));
  limits.set_min_priority(static_cast<int>(priority.min()));
  limits.set_max_priority(static_cast<int>(priority.max()));
  return limits;
}

}  // namespace phosphene
