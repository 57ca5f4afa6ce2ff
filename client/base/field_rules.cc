// Ranges and defaults of flags, from the rules of the fields they set.

#include "client/base/field_rules.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/base/failure.h"
#include "client/base/units.h"
#include "phosphene/v1/job.pb.h"
#include "server/base/log.h"
#include "server/rules/rules.h"

namespace phosphene::client {
namespace {

const google::protobuf::FieldDescriptor& FieldOf(absl::string_view path) {
  const auto* field = FieldAt(*v1::Job::descriptor(), path);
  PHOSPHENE_CHECK(field != nullptr);
  return *field;
}

}  // namespace

std::string AllowedFor(absl::string_view path, std::optional<double> least) {
  if (least.has_value()) {
    return absl::StrCat(FormatNumber(*least), "..",
                        FormatNumber(LargestFor(path)));
  }
  const std::string text = AllowedText(FieldOf(path));
  // Of a flag the default is had by leaving it away.
  return std::string(absl::StripSuffix(text, ", or 0 for the default"));
}

std::string DefaultFor(absl::string_view path) {
  return DefaultText(FieldOf(path));
}

double LeastFor(absl::string_view path) {
  const v1::FieldRules& rules = RulesOf(FieldOf(path));
  PHOSPHENE_CHECK(rules.has_min());
  return rules.min();
}

double LargestFor(absl::string_view path) {
  const v1::FieldRules& rules = RulesOf(FieldOf(path));
  PHOSPHENE_CHECK(rules.has_max());
  return rules.max();
}

int MostEntriesOf(absl::string_view path) {
  const v1::FieldRules& rules = RulesOf(FieldOf(path));
  PHOSPHENE_CHECK(rules.has_max_items());
  return rules.max_items();
}

absl::Status CheckFlag(absl::string_view flag, double value,
                       absl::string_view path, std::optional<double> least) {
  const v1::FieldRules& rules = RulesOf(FieldOf(path));
  const bool low = rules.has_min() && (rules.above_min() ? value <= rules.min()
                                                         : value < rules.min());
  const bool high = rules.has_max() && value > rules.max();
  if (std::isfinite(value) && !low && !high && value >= least.value_or(value))
    return absl::OkStatus();
  return FlagError(
      flag, absl::StrCat(FormatNumber(value), " is not allowed; allowed ",
                         AllowedFor(path, least)));
}

}  // namespace phosphene::client
