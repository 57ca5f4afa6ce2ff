// The calls an objective as text may make, one an arm.

#include "client/spec/expression_calls.h"

#include <cmath>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/base/units.h"
#include "client/spec/file_refs.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// Reads the arguments of a call by position and key. The first fault is kept;
// getters after it return defaults, so that builders stay straight lines.
class Arguments {
 public:
  Arguments(absl::string_view text, const Call& call)
      : text_(text), call_(call) {}

  // The next argument without a key, or null.
  const Argument* Positional() {
    for (const Argument& argument : call_.arguments) {
      if (argument.key.empty() && used_.insert(&argument).second)
        return &argument;
    }
    return nullptr;
  }
  const Argument* Keyed(absl::string_view key) {
    keys_.emplace_back(key);
    for (const Argument& argument : call_.arguments) {
      if (argument.key == key && used_.insert(&argument).second)
        return &argument;
    }
    return nullptr;
  }

  std::string Layer(bool required = true) {
    const Argument* argument = Positional();
    if (argument == nullptr && required) Missing("a layer, such as mixed4a");
    return argument == nullptr ? "" : argument->value;
  }

  // LAYER:CHANNEL into two fields.
  void Target(std::string* layer, int32_t* channel) {
    const Argument* argument = Positional();
    if (argument == nullptr)
      return Missing("a target LAYER:CHANNEL, such as mixed4a:12");
    auto target = ParseTarget(argument->value);
    if (!target.ok()) return Fail(argument->span, target.status().message());
    *layer = target->first;
    *channel = target->second;
  }

  bool Number(absl::string_view key, double lo, double hi, double* out) {
    const Argument* argument = Keyed(key);
    if (argument == nullptr) return false;
    if (!absl::SimpleAtod(argument->value, out) || !(*out >= lo) ||
        !(*out <= hi)) {
      Fail(argument->span,
           absl::StrCat(key, " is \"", argument->value, "\"; allowed ",
                        FormatNumber(lo), "..", FormatNumber(hi)));
      return false;
    }
    return true;
  }
  bool Integer(absl::string_view key, int64_t* out) {
    const Argument* argument = Keyed(key);
    if (argument == nullptr) return false;
    if (!absl::SimpleAtoi(argument->value, out) || *out < 0 ||
        *out > INT32_MAX) {
      Fail(argument->span, absl::StrCat(key, " is \"", argument->value,
                                        "\"; a whole number >= 0 is allowed"));
      return false;
    }
    return true;
  }
  bool Flag(absl::string_view key) {
    const Argument* argument = Keyed(key);
    if (argument == nullptr || argument->value == "false") return false;
    if (argument->value != "true") {
      Fail(argument->span, absl::StrCat(key, " is \"", argument->value,
                                        "\"; allowed \"true\", \"false\""));
    }
    return argument->value == "true";
  }
  // A local file, or a blob by name; becomes a reference in a blob field.
  std::string Image(absl::string_view key = "image") {
    const Argument* argument = Keyed(key);
    if (argument == nullptr) {
      Missing(absl::StrCat(key, "=FILE"));
      return "";
    }
    return FileRef(argument->value);
  }
  // One of `names`; its index, or -1 when absent.
  int Choice(const Argument* argument, const std::vector<std::string>& names) {
    if (argument == nullptr) return -1;
    for (size_t i = 0; i < names.size(); ++i) {
      if (argument->value == names[i]) return static_cast<int>(i);
    }
    Fail(argument->span,
         absl::StrCat("\"", argument->value, "\" is not allowed here; allowed ",
                      QuotedList(names)));
    return -1;
  }
  std::vector<double> List(absl::string_view key) {
    const Argument* argument = Keyed(key);
    if (argument == nullptr) return {};
    auto numbers = ParseNumbers(argument->value, 1, 65536);
    if (!numbers.ok()) {
      Fail(argument->span, numbers.status().message());
      return {};
    }
    return *std::move(numbers);
  }

  void Missing(absl::string_view what) {
    Fail(call_.closing, absl::StrCat(call_.name, " needs ", what));
  }
  void Fail(Span span, absl::string_view message) {
    if (fault_.ok()) fault_ = ErrorAt(text_, span, message);
  }

  // The first fault, or one about an argument nobody asked for.
  absl::Status Finish() {
    RETURN_IF_ERROR(fault_);
    for (const Argument& argument : call_.arguments) {
      if (used_.count(&argument) > 0) continue;
      if (argument.key.empty()) {
        return ErrorAt(text_, argument.span,
                       absl::StrCat("one argument too many for ", call_.name));
      }
      return ErrorAt(
          text_, argument.key_span,
          absl::StrCat(call_.name, " has no \"", argument.key,
                       "\" (or it is given "
                       "twice); allowed ",
                       QuotedList(keys_), NearestHint(argument.key, keys_, 1)));
    }
    return absl::OkStatus();
  }

 private:
  absl::string_view text_;
  const Call& call_;
  std::set<const Argument*> used_;
  std::vector<std::string> keys_;
  absl::Status fault_;
};

using Builder = void (*)(Arguments&, v1::Objective&);

void Channel(Arguments& args, v1::Objective& out) {
  int32_t channel = 0;
  args.Target(out.mutable_channel()->mutable_layer(), &channel);
  out.mutable_channel()->set_channel(channel);
}

void Neuron(Arguments& args, v1::Objective& out) {
  v1::NeuronObjective& neuron = *out.mutable_neuron();
  int32_t channel = 0;
  int64_t place = 0;
  args.Target(neuron.mutable_layer(), &channel);
  neuron.set_channel(channel);
  if (args.Integer("x", &place)) neuron.set_x(static_cast<int32_t>(place));
  if (args.Integer("y", &place)) neuron.set_y(static_cast<int32_t>(place));
}

void Direction(Arguments& args, v1::Objective& out) {
  v1::DirectionObjective& direction = *out.mutable_direction();
  direction.set_layer(args.Layer());
  int64_t seed = 0;
  double power = 0;
  for (double value : args.List("vector"))
    direction.add_vector(static_cast<float>(value));
  if (args.Integer("seed", &seed))
    direction.set_random_seed(static_cast<uint64_t>(seed));
  if (args.Number("cossim", 0, 8, &power)) direction.set_cossim_power(power);
  if (args.Flag("center")) direction.set_center_only(true);
  if ((direction.vector_size() > 0) == direction.has_random_seed()) {
    args.Missing("either seed=N or vector=[...]");
  }
}

void Spatial(Arguments& args, v1::Objective& out) {
  v1::SpatialDirectionObjective& spatial = *out.mutable_spatial_direction();
  spatial.set_layer(args.Layer());
  int64_t side = 0;
  double power = 0;
  if (args.Integer("height", &side))
    spatial.set_height(static_cast<int32_t>(side));
  if (args.Integer("width", &side))
    spatial.set_width(static_cast<int32_t>(side));
  for (double value : args.List("pattern"))
    spatial.add_pattern(static_cast<float>(value));
  if (args.Number("cossim", 0, 8, &power)) spatial.set_cossim_power(power);
  if (spatial.height() == 0 || spatial.width() == 0 ||
      spatial.pattern_size() == 0) {
    args.Missing("height=H, width=W and pattern=[channels x H x W values]");
  }
}

void DeepDream(Arguments& args, v1::Objective& out) {
  out.mutable_deepdream()->set_layer(args.Layer());
}

void Logit(Arguments& args, v1::Objective& out) {
  v1::ClassLogitObjective& logit = *out.mutable_class_logit();
  const Argument* argument = args.Positional();
  int index = 0;
  if (argument == nullptr) {
    args.Missing("a class, by number or \"label\"");
  } else if (absl::SimpleAtoi(argument->value, &index)) {
    logit.set_index(index);
  } else {
    logit.set_class_label(argument->value);
  }
  if (const Argument* layer = args.Keyed("layer"))
    logit.set_layer(layer->value);
}

v1::Metric ReadMetric(Arguments& args) {
  switch (args.Choice(args.Keyed("metric"), {"l1", "l2"})) {
    case 0:
      return v1::METRIC_L1;
    case 1:
      return v1::METRIC_L2;
    default:
      return v1::METRIC_UNSPECIFIED;
  }
}

void Match(Arguments& args, v1::Objective& out) {
  v1::ActivationMatchObjective& match = *out.mutable_activation_match();
  match.set_layer(args.Layer());
  const std::vector<double> vector = args.List("vector");
  for (double value : vector)
    match.mutable_vector()->add_values(static_cast<float>(value));
  if (vector.empty()) match.set_image(args.Image());
  match.set_metric(ReadMetric(args));
}

void Caricature(Arguments& args, v1::Objective& out) {
  v1::CaricatureObjective& caricature = *out.mutable_caricature();
  caricature.set_layer(args.Layer());
  caricature.set_image(args.Image());
  double power = 0;
  if (args.Number("cossim", 0, 8, &power)) caricature.set_cossim_power(power);
}

void Interpolate(Arguments& args, v1::Objective& out) {
  v1::ChannelInterpolateObjective& between = *out.mutable_channel_interpolate();
  int32_t channel = 0;
  args.Target(between.mutable_from_layer(), &channel);
  between.set_from_channel(channel);
  args.Target(between.mutable_to_layer(), &channel);
  between.set_to_channel(channel);
}

void Alignment(Arguments& args, v1::Objective& out) {
  out.mutable_alignment()->set_layer(args.Layer());
  double ratio = 0;
  if (args.Number("ratio", 1e-3, 1e3, &ratio))
    out.mutable_alignment()->set_decay_ratio(ratio);
}

void Diversity(Arguments& args, v1::Objective& out) {
  out.mutable_diversity()->set_layer(args.Layer());
}

// "a|b:0.5" -> two weighted layers.
template <typename Target>
void Layers(Arguments& args, Target& target) {
  for (absl::string_view part : absl::StrSplit(args.Layer(), '|')) {
    auto [layer, weight] = ParseWeightedPath(part);
    v1::WeightedLayer& added = *target.add_layers();
    added.set_layer(layer);
    if (weight != 1) added.set_weight(weight);
  }
}

void Style(Arguments& args, v1::Objective& out) {
  v1::GramStyleObjective& style = *out.mutable_gram_style();
  Layers(args, style);
  style.add_styles()->set_image(args.Image());
  switch (args.Choice(args.Keyed("distance"), {"l1", "l2", "squared", "w2"})) {
    case 0:
      style.set_distance(v1::GramStyleObjective::MEAN_L1);
      break;
    case 1:
      style.set_distance(v1::GramStyleObjective::MEAN_L2);
      break;
    case 2:
      style.set_distance(v1::GramStyleObjective::MEAN_SQUARED);
      break;
    case 3:
      style.set_distance(v1::GramStyleObjective::WASSERSTEIN2);
      break;
    default:
      break;
  }
  double value = 0;
  if (args.Number("average", 0, 0.999, &value)) style.set_moving_average(value);
  if (args.Number("scale", 0.05, 8, &value))
    style.mutable_styles(0)->set_scale(value);
  if (args.Flag("crop")) style.set_crop_each_step(true);
  if (const Argument* mask = args.Keyed("mask"))
    style.set_mask(FileRef(mask->value));
  if (args.Flag("covered")) style.set_mask_by_coverage(true);
  if (args.Flag("debias")) style.set_debias(true);
}

void Content(Arguments& args, v1::Objective& out) {
  v1::ContentObjective& content = *out.mutable_content();
  Layers(args, content);
  if (args.Flag("original")) {
    content.set_original(true);
  } else {
    content.set_image(args.Image());
  }
  content.set_metric(ReadMetric(args));
  if (args.Flag("follow")) content.set_follow_transforms(true);
}

void TotalVariation(Arguments& args, v1::Objective& out) {
  out.mutable_total_variation()->set_layer(args.Layer(/*required=*/false));
}

void L1(Arguments& args, v1::Objective& out) {
  out.mutable_l1()->set_layer(args.Layer(/*required=*/false));
  double constant = 0;
  if (args.Number("constant", -1e9, 1e9, &constant))
    out.mutable_l1()->set_constant(constant);
}

void L2(Arguments& args, v1::Objective& out) {
  out.mutable_l2()->set_layer(args.Layer(/*required=*/false));
  double value = 0;
  if (args.Number("constant", -1e9, 1e9, &value))
    out.mutable_l2()->set_constant(value);
  if (args.Number("epsilon", 1e-30, 1e9, &value))
    out.mutable_l2()->set_epsilon(value);
}

void Blur(Arguments& args, v1::Objective& out) {
  const int target = args.Choice(args.Positional(), {"image", "alpha"});
  out.mutable_blur();
  if (target == 1) out.mutable_blur()->set_target(v1::BlurObjective::ALPHA);
}

void Boundary(Arguments& args, v1::Objective& out) {
  out.mutable_boundary();
  int64_t width = 0;
  double level = 0;
  if (args.Integer("width", &width))
    out.mutable_boundary()->set_width(static_cast<int32_t>(width));
  if (args.Number("level", 0, 1, &level))
    out.mutable_boundary()->set_level(level);
}

void Alpha(Arguments& args, v1::Objective& out) {
  const int statistic =
      args.Choice(args.Positional(), {"mean", "transparency", "indecision"});
  if (statistic >= 0) {
    out.mutable_alpha()->set_statistic(
        static_cast<v1::AlphaObjective::Statistic>(v1::AlphaObjective::MEAN +
                                                   statistic));
  }
  out.mutable_alpha()->set_transformed(args.Flag("transformed"));
}

void Seam(Arguments& args, v1::Objective& out) {
  v1::SeamObjective& seam = *out.mutable_seam();
  int64_t levels = 0;
  if (args.Integer("levels", &levels))
    seam.set_levels(static_cast<int32_t>(levels));
  if (args.Flag("absolute")) seam.set_relative(false);
}

void Pattern(Arguments& args, v1::Objective& out) {
  out.mutable_pattern()->set_layer(args.Layer());
  out.mutable_pattern()->set_image(args.Image());
  double selectivity = 0;
  if (args.Number("selectivity", 1e-3, 16, &selectivity)) {
    out.mutable_pattern()->set_selectivity(selectivity);
  }
}

struct Entry {
  const char* name;
  Builder build;
};
constexpr Entry kEntries[] = {
    {"channel", Channel},
    {"neuron", Neuron},
    {"direction", Direction},
    {"spatial", Spatial},
    {"deepdream", DeepDream},
    {"logit", Logit},
    {"match", Match},
    {"caricature", Caricature},
    {"interpolate", Interpolate},
    {"alignment", Alignment},
    {"diversity", Diversity},
    {"style", Style},
    {"content", Content},
    {"tv", TotalVariation},
    {"l1", L1},
    {"l2", L2},
    {"blur", Blur},
    {"boundary", Boundary},
    {"alpha", Alpha},
    {"pattern", Pattern},
    {"seam", Seam},
};

}  // namespace

std::vector<std::string> CallNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  return names;
}

absl::StatusOr<v1::Objective> BuildCall(absl::string_view text,
                                        const Call& call) {
  for (const Entry& entry : kEntries) {
    if (call.name != entry.name) continue;
    v1::Objective out;
    Arguments args(text, call);
    entry.build(args, out);
    int64_t row = 0;
    if (args.Integer("row", &row)) out.set_row(static_cast<int32_t>(row));
    if (const Argument* label = args.Keyed("label"))
      out.set_label(label->value);
    RETURN_IF_ERROR(args.Finish());
    return out;
  }
  const std::string hint = NearestHint(call.name, CallNames(), 2);
  return ErrorAt(
      text, call.span,
      absl::StrCat("no objective \"", call.name, "\"",
                   hint.empty()
                       ? absl::StrCat("; allowed ", QuotedList(CallNames()))
                       : hint));
}

}  // namespace phosphene::client
