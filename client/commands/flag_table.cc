// Which flag sets which field: faults of a request are told in the words of the
// command line.

#include "client/commands/flag_table.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/base/failure.h"

namespace phosphene::client {
namespace {

// First match wins, so the particular stands before the general. Commands
// differ in flags; those a command lacks are passed over.
struct FlagOfField {
  // '*' stands for any index: "spec.objectives[*].channel.layer".
  const char* field;
  const char* flag;
};
constexpr FlagOfField kFlags[] = {
    {"spec.model", "--model"},
    {"model_id", "--name"},
    {"model.config.mean", "--mean"},
    {"model.config.std", "--std"},
    {"model.config.range_lo", "--range"},
    {"model.config.range_hi", "--range"},
    {"model.config.labels", "--labels"},
    {"spec.steps", "--steps"},
    {"spec.seed", "--seed"},
    {"spec.precision", "--precision"},
    {"spec.checkpoint_every", "--checkpoint-every"},
    {"spec.optimizer.learning_rate", "--lr"},
    {"spec.optimizer.octaves", "--octaves"},
    {"spec.optimizer", "--optimizer"},
    {"spec.transforms", "--transforms"},
    {"spec.frames.every", "--frame-every"},
    {"spec.parameterization.texture.mesh", "--mesh"},
    {"spec.parameterization.texture.atlas_size", "--atlas"},
    {"spec.parameterization.width", "--size"},
    {"spec.parameterization.height", "--size"},
    {"spec.parameterization.rows", "--frames"},
    {"spec.parameterization.rows", "--count"},
    {"spec.parameterization.init", "--start-from"},
    {"spec.parameterization.init", "--init"},
    {"spec.parameterization.mask", "--mask"},
    {"spec.parameterization.color", "--colors"},
    {"spec.parameterization.cppn.depth", "--depth"},
    {"spec.parameterization.cppn.hidden_channels", "--hidden"},
    {"spec.parameterization.cppn.activation", "--activation"},
    {"spec.parameterization.phase.measured", "--spectrum"},
    {"spec.parameterization.texture.texture", "--texture"},
    {"spec.parameterization.texture.background_image", "--background"},
    {"spec.parameterization", "--param"},
    {"spec.objectives[*].channel_interpolate.from_layer", "--from"},
    {"spec.objectives[*].channel_interpolate.from_channel", "--from"},
    {"spec.objectives[*].channel_interpolate.to_layer", "--to"},
    {"spec.objectives[*].channel_interpolate.to_channel", "--to"},
    {"spec.objectives[*].alignment.layer", "--align"},
    {"spec.objectives[*].channel.layer", "--layer"},
    {"spec.objectives[*].channel.channel", "--channel"},
    {"spec.objectives[*].channel.channel", "--channels"},
    {"spec.objectives[*].neuron.layer", "--layer"},
    {"spec.objectives[*].neuron.channel", "--channel"},
    {"spec.objectives[*].deepdream.layer", "--layer"},
    {"spec.objectives[*].product.factors[*].channel.layer", "--layer"},
    {"spec.objectives[*].product.factors[*].channel.channel", "--channel"},
    {"spec.objectives[*].content.layers", "--content-layer"},
    {"spec.objectives[*].content.image", "--content"},
    {"spec.objectives[*].gram_style.layers", "--style-layer"},
    {"spec.objectives[*].gram_style.styles", "--style"},
    {"spec.objectives[*].gram_style.mask", "--style-mask"},
    {"spec.objectives[*].pattern.image", "--image"},
    {"spec.objectives[*].caricature.image", "--image"},
    {"spec.objectives[*].activation_match.image", "--image"},
    {"spec.objectives[*].gram_style.distance", "--distance"},
    {"spec.objectives", "--objective"},
    {"spec.objectives", "--layer"},
    {"spec.outputs[*].contact_sheet.columns", "--columns"},
    {"spec.outputs[*].animated_webp.frames_per_second", "--fps"},
    {"spec.outputs[*].gif.frames_per_second", "--fps"},
    {"spec.outputs[*].apng.frames_per_second", "--fps"},
    {"spec.outputs[*].png.sixteen_bits", "--sixteen-bits"},
    {"spec.outputs[*].width", "--render"},
    {"spec.outputs[*].height", "--render"},
    {"spec.outputs", "-o"},
    {"priority", "--priority"},
    {"labels", "--label"},
};

// Whether `field` is what the pattern names or lies below it.
bool Matches(absl::string_view field, absl::string_view pattern) {
  size_t i = 0;
  for (size_t j = 0; j < pattern.size(); ++j) {
    if (pattern[j] == '*') {
      const size_t start = i;
      while (i < field.size() && field[i] >= '0' && field[i] <= '9') ++i;
      if (i == start) return false;
    } else {
      if (i == field.size() || field[i] != pattern[j]) return false;
      ++i;
    }
  }
  return i == field.size() || field[i] == '.' || field[i] == '[';
}

std::string FlagAmong(const std::vector<std::string>& flags,
                      absl::string_view path) {
  for (const FlagOfField& row : kFlags) {
    const bool known =
        std::find(flags.begin(), flags.end(), row.flag) != flags.end();
    if (known && Matches(path, row.field)) return row.flag;
  }
  return "";
}

}  // namespace

std::string FlagFor(absl::string_view field, const CommandFlags& flags) {
  // CreateJob names fields from the request on: "job.priority".
  absl::string_view path = field;
  absl::ConsumePrefix(&path, "job.");
  if (flags.spec_by_path && Matches(path, "spec")) return "";
  const std::string given = FlagAmong(flags.given, path);
  return given.empty() ? FlagAmong(flags.available, path) : given;
}

std::vector<std::string> Explain(const absl::Status& status,
                                 const CommandFlags& flags) {
  std::vector<std::string> lines;
  const google::rpc::BadRequest bad = BadRequestOf(status);
  for (const auto& violation : bad.field_violations()) {
    const std::string flag = FlagFor(violation.field(), flags);
    const std::string& where = flag.empty() ? violation.field() : flag;
    lines.push_back(absl::StrCat("error: ", where, where.empty() ? "" : ": ",
                                 violation.description()));
  }
  if (lines.empty()) lines.push_back(absl::StrCat("error: ", status.message()));
  return lines;
}

}  // namespace phosphene::client
