// Flags of `models add` that say how images enter a network.

#include "client/commands/model_config.h"

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/base/failure.h"
#include "client/base/files.h"
#include "client/base/units.h"
#include "server/base/status_macros.h"
#include "server/rules/rules.h"

namespace phosphene::client {
namespace {

constexpr int64_t kMaxLabels = 16 << 20;

absl::StatusOr<std::vector<double>> Numbers(const char* flag,
                                            const std::string& text,
                                            size_t least, size_t most) {
  auto numbers = ParseNumbers(text, least, most);
  if (!numbers.ok()) return FlagError(flag, numbers.status().message());
  return numbers;
}

// Entries of ModelConfig.mean and .std, one a channel.
size_t MostChannels() {
  return static_cast<size_t>(
      RulesOf(*v1::ModelConfig::descriptor()->FindFieldByName("mean"))
          .max_items());
}

int MostChannelsOfInput() {
  return static_cast<int>(
      RulesOf(*v1::ModelConfig::descriptor()->FindFieldByName("channels"))
          .max());
}

absl::Status SetShape(const ModelConfigFlags& flags, v1::ModelConfig* config) {
  const std::string layout = absl::AsciiStrToLower(flags.layout);
  if (layout == "nchw") {
    config->set_layout(v1::ModelConfig::NCHW);
  } else if (layout == "nhwc") {
    config->set_layout(v1::ModelConfig::NHWC);
  } else if (!layout.empty()) {
    return FlagError("--layout", absl::StrCat("\"", flags.layout,
                                              "\"; allowed are nchw and nhwc"));
  }
  config->set_channels(flags.channels);
  if (flags.size.empty()) return absl::OkStatus();
  // Of the two numbers the first is a network's height.
  const absl::StatusOr<Size> size = ParseSize(flags.size);
  if (!size.ok()) return FlagError("--size", size.status().message());
  const auto most = static_cast<int>(
      RulesOf(*v1::ModelConfig::descriptor()->FindFieldByName("height")).max());
  if (size->width > most || size->height > most) {
    return FlagError("--size", absl::StrCat("\"", flags.size, "\": at most ",
                                            most, " x ", most));
  }
  config->set_height(size->width);
  config->set_width(size->height);
  return absl::OkStatus();
}

absl::Status SetRange(const std::string& text, v1::ModelConfig* config) {
  if (text.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<double> range,
                   Numbers("--range", text, 2, 2));
  if (!(range[0] < range[1])) {
    return FlagError("--range",
                     absl::StrCat("\"", text,
                                  "\": the first is black and must be "
                                  "less than the second, white"));
  }
  config->set_range_lo(range[0]);
  config->set_range_hi(range[1]);
  return absl::OkStatus();
}

absl::Status SetLabels(const std::string& path, v1::ModelConfig* config) {
  if (path.empty()) return absl::OkStatus();
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxLabels);
  if (!text.ok()) return FlagError("--labels", text.status().message());
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    const absl::string_view label = absl::StripAsciiWhitespace(line);
    if (!label.empty()) config->add_labels(std::string(label));
  }
  return absl::OkStatus();
}

}  // namespace

void AddModelConfigFlags(CLI::App* command, ModelConfigFlags* flags) {
  CLI::Option* bgr =
      command->add_flag("--bgr", flags->bgr, "channels are blue, green, red");
  command->add_flag("--rgb", flags->rgb, "channels are red, green, blue")
      ->excludes(bgr);
  command->add_option(
      "--mean", flags->mean,
      "subtracted, a,b,c in the order of the channels, in units of --range");
  command->add_option("--std", flags->std,
                      "divided by, a,b,c, in units of --range");
  command->add_option("--range", flags->range,
                      "values of black and white, lo,hi");
  command->add_option("--labels", flags->labels,
                      "file of class names, one a line");
  command->add_option("--license", flags->license,
                      "licence of the weights, free text");
  command->add_option("--description", flags->description,
                      "what it is, free text");
  command->add_option("--input", flags->input,
                      "name of the image input [the one most like it]");
  command
      ->add_option("--layout", flags->layout,
                   "nchw or nhwc: channels of the input before the pixels or "
                   "behind [by its shape]")
      ->type_name("LAYOUT");
  command
      ->add_option("--size", flags->size,
                   "height x width of the pictures it is tried with, or one "
                   "number [the file's, else 224]")
      ->type_name("HxW");
  command
      ->add_option("--channels", flags->channels,
                   "channels of the input where the file does not say "
                   "[what the first convolution reads]")
      ->check(CLI::Range(1, MostChannelsOfInput()));
}

absl::StatusOr<v1::ModelConfig> MakeModelConfig(const ModelConfigFlags& flags) {
  v1::ModelConfig config;
  if (flags.bgr) config.set_channel_order(v1::ModelConfig::BGR);
  if (flags.rgb) config.set_channel_order(v1::ModelConfig::RGB);
  if (!flags.mean.empty()) {
    ASSIGN_OR_RETURN(const auto mean,
                     Numbers("--mean", flags.mean, 1, MostChannels()));
    config.mutable_mean()->Assign(mean.begin(), mean.end());
  }
  if (!flags.std.empty()) {
    ASSIGN_OR_RETURN(const auto deviation,
                     Numbers("--std", flags.std, 1, MostChannels()));
    for (double value : deviation) {
      if (value == 0) return FlagError("--std", "0 is not allowed, it divides");
    }
    config.mutable_std()->Assign(deviation.begin(), deviation.end());
  }
  RETURN_IF_ERROR(SetRange(flags.range, &config));
  RETURN_IF_ERROR(SetShape(flags, &config));
  RETURN_IF_ERROR(SetLabels(flags.labels, &config));
  config.set_license(flags.license);
  config.set_description(flags.description);
  config.set_input(flags.input);
  return config;
}

}  // namespace phosphene::client
