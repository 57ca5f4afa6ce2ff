// Completes what a config leaves open of how pictures enter a network.

#include "server/engine/onnx/info/infer_config.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/engine/onnx/info/conventions.h"
#include "server/engine/onnx/info/metadata.h"

namespace phosphene::onnx {
namespace {

bool Stated(const v1::ModelConfig& config) {
  return config.range_lo() != 0 || config.has_range_hi() ||
         config.mean_size() > 0 || config.std_size() > 0 ||
         config.channel_order() != v1::ModelConfig::CHANNEL_ORDER_UNSPECIFIED;
}

void Fill(const Convention& convention, v1::ModelConfig* config) {
  config->set_range_lo(convention.lo);
  config->set_range_hi(convention.hi);
  config->mutable_mean()->Assign(convention.mean.begin(),
                                 convention.mean.end());
  config->mutable_std()->Assign(convention.std.begin(), convention.std.end());
  config->set_channel_order(convention.bgr ? v1::ModelConfig::BGR
                                           : v1::ModelConfig::RGB);
}

void FillDefaults(v1::ModelConfig* config) {
  if (!config->has_range_hi()) config->set_range_hi(1);
  if (config->mean_size() == 0) config->add_mean(0);
  if (config->std_size() == 0) config->add_std(1);
  if (config->channel_order() == v1::ModelConfig::CHANNEL_ORDER_UNSPECIFIED) {
    config->set_channel_order(v1::ModelConfig::RGB);
  }
}

void CheckNumbers(const char* field,
                  const google::protobuf::RepeatedField<double>& values,
                  int64_t channels, bool zero_allowed, Faults* faults) {
  const bool fits = values.size() == 1 || values.size() == channels;
  if (!fits) {
    faults->Add(field, absl::StrCat(values.size(), " values; allowed are 1 or ",
                                    channels, ", the input's channels"));
  }
  for (double value : values) {
    if (!std::isfinite(value) || (value == 0 && !zero_allowed)) {
      faults->Add(field,
                  absl::StrCat("holds ", value, "; ",
                               zero_allowed ? "finite values are"
                                            : "finite values other than 0 are",
                               " allowed"));
      return;
    }
  }
}

absl::Status CheckConfig(const v1::ModelConfig& config, int64_t channels) {
  Faults faults;
  if (!std::isfinite(config.range_lo()) || !std::isfinite(config.range_hi()) ||
      config.range_lo() == config.range_hi()) {
    faults.Add("config.range_hi",
               absl::StrCat("a range from ", config.range_lo(), " to ",
                            config.range_hi(), " is not one"));
  }
  CheckNumbers("config.mean", config.mean(), channels, true, &faults);
  CheckNumbers("config.std", config.std(), channels, false, &faults);
  if (config.channel_order() == v1::ModelConfig::BGR && channels != 3) {
    faults.Add("config.channel_order",
               absl::StrCat("BGR needs 3 channels; the input has ", channels));
  }
  return faults.ToStatus();
}

// Class names and a size, where the file notes them and nobody stated others.
void FillFromMetadata(const Graph& graph, const GraphInput& input,
                      v1::ModelConfig* config,
                      std::vector<std::string>* notes) {
  if (config->labels_size() == 0) {
    for (std::string& name : ClassNamesIn(graph.metadata))
      config->add_labels(std::move(name));
    if (config->labels_size() > 0 && notes != nullptr) {
      notes->push_back(absl::StrCat("names of ", config->labels_size(),
                                    " classes are the file's own; --labels "
                                    "gives others"));
    }
  }
  const auto [height, width] = SizeIn(graph.metadata);
  const bool open = config->height() == 0 && config->width() == 0 &&
                    input.dims[2] == 0 && input.dims[3] == 0;
  if (!open || height == 0) return;
  config->set_height(height);
  config->set_width(width);
}

}  // namespace

absl::Status CompleteConfig(const Graph& graph, v1::ModelConfig* config,
                            std::vector<std::string>* notes) {
  const GraphInput* input = graph.FindInput(config->input());
  if (input == nullptr || input->dims.size() != 4)
    return absl::InternalError("the graph was not made canonical");
  const int64_t channels = input->dims[1];
  FillFromMetadata(graph, *input, config, notes);
  if (!Stated(*config)) {
    const auto convention = RecogniseConvention(graph, config->input());
    if (convention) Fill(*convention, config);
    if (notes != nullptr) {
      notes->push_back(absl::StrCat(
          "input convention inferred: ",
          convention
              ? convention->name
              : absl::StrCat("unknown origin, so ", channels == 3 ? "RGB " : "",
                             "0..1 without mean and std"),
          "; --range, --mean, --std",
          channels == 3 ? " and --bgr override it" : " override it"));
    }
  }
  FillDefaults(config);
  return CheckConfig(*config, channels);
}

}  // namespace phosphene::onnx
