// What names and configs of models must be.

#include "server/models/model_rules.h"

#include <cmath>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace phosphene {
namespace {

constexpr size_t kMaxId = 63;
constexpr int kMaxLabels = 100'000;
constexpr int kMaxAliases = 10'000;
// A value a channel; no image has more.
constexpr int kMaxChannels = 1024;

bool IsIdCharacter(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' ||
         c == '_' || c == '.';
}

void CheckValues(const google::protobuf::RepeatedField<double>& values,
                 const std::string& field, bool positive, Faults& faults) {
  if (values.size() > kMaxChannels) {
    faults.Add(field, absl::StrCat(values.size(),
                                   " values; one a channel, or one for all"));
    return;
  }
  for (int i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || (positive && values[i] <= 0)) {
      faults.Add(absl::StrCat(field, "[", i, "]"),
                 absl::StrCat(values[i], positive ? " is not a number above 0"
                                                  : " is not finite"));
    }
  }
}

}  // namespace

absl::StatusOr<std::string> ModelId(absl::string_view name,
                                    absl::string_view field) {
  const absl::string_view id = absl::StripPrefix(name, "models/");
  bool good = !id.empty() && id.size() <= kMaxId && absl::ascii_isalnum(id[0]);
  for (char c : id) good = good && IsIdCharacter(c);
  if (good) return std::string(id);
  return FieldError(
      field, absl::StrCat("\"", name.substr(0, 200),
                          "\" names no model; allowed: 1-63 characters of "
                          "a-z 0-9 - _ . that begin with a letter or digit"));
}

void CheckModelConfig(const v1::ModelConfig& config, absl::string_view field,
                      Faults& faults) {
  const double hi = config.has_range_hi() ? config.range_hi() : 1.0;
  if (!std::isfinite(config.range_lo()) || !std::isfinite(hi) ||
      hi <= config.range_lo()) {
    faults.Add(absl::StrCat(field, ".range_hi"),
               absl::StrCat(hi, " is not above range_lo, ", config.range_lo()));
  }
  CheckValues(config.mean(), absl::StrCat(field, ".mean"), false, faults);
  CheckValues(config.std(), absl::StrCat(field, ".std"), true, faults);
  const int means = config.mean_size(), stds = config.std_size();
  if (means > 1 && stds > 1 && means != stds) {
    faults.Add(absl::StrCat(field, ".std"),
               absl::StrCat(stds, " values, but mean has ", means,
                            "; one a channel, or one for all"));
  }
  if (config.labels_size() > kMaxLabels) {
    faults.Add(absl::StrCat(field, ".labels"),
               absl::StrCat(config.labels_size(), " labels; ", kMaxLabels,
                            " at most"));
  }
  if (static_cast<int>(config.aliases_size()) > kMaxAliases) {
    faults.Add(absl::StrCat(field, ".aliases"),
               absl::StrCat(config.aliases_size(), " aliases; ", kMaxAliases,
                            " at most"));
  }
  if (!v1::ModelConfig::ChannelOrder_IsValid(config.channel_order())) {
    faults.Add(absl::StrCat(field, ".channel_order"),
               absl::StrCat(static_cast<int>(config.channel_order()),
                            "; allowed: RGB, BGR"));
  }
}

}  // namespace phosphene
