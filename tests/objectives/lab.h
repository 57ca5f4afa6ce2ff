#pragma once

// A bench for objectives: a tiny network whose every layer is written out, and
// a batch of pictures to look at through it.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "server/base/nearest.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/tensor/rng.h"

namespace phosphene {

// Layers "a" (4 channels, alias "first"), "b" (6 channels) and "logits" (5).
class TinyInfo final : public NetworkInfo {
 public:
  TinyInfo() {
    for (const char* label :
         {"tench", "goldfish", "great white shark", "hen", "ostrich"}) {
      config_.add_labels(label);
    }
    for (const auto& [name, channels] : channels_) {
      v1::Layer layer;
      layer.set_name(name);
      layer.set_channels(static_cast<int32_t>(channels));
      layers_.push_back(layer);
    }
  }
  const v1::ModelConfig& config() const override { return config_; }
  const std::vector<v1::Layer>& layers() const override { return layers_; }
  absl::StatusOr<std::string> Resolve(absl::string_view layer) const override {
    if (layer == "first") return std::string("a");
    const std::string name(layer);
    if (channels_.count(name)) return name;
    return absl::NotFoundError(absl::StrCat(
        "no layer \"", layer, "\"", NearestHint(layer, {"a", "b", "logits"})));
  }
  int64_t Channels(absl::string_view resolved) const override {
    return channels_.at(std::string(resolved));
  }
  std::string Logits() const override { return logits ? "logits" : ""; }
  int64_t input_channels() const override { return 3; }
  int64_t input_height() const override { return 0; }
  int64_t input_width() const override { return 0; }

  bool logits = true;

 private:
  v1::ModelConfig config_;
  std::vector<v1::Layer> layers_;
  std::map<std::string, int64_t> channels_ = {
      {"a", 4}, {"b", 6}, {"logits", 5}};
};

inline at::Tensor Draw(at::IntArrayRef shape, uint64_t seed) {
  return Rng(seed, RngStream::kInit).NormalTensor(shape);
}

// a = leaky(conv(x)), b = leaky(conv(a)), logits = mean(b) W.
inline std::map<std::string, at::Tensor> TinyForward(const at::Tensor& x) {
  const at::Tensor a =
      at::leaky_relu(at::conv2d(x - 0.5, Draw({4, 3, 3, 3}, 11), {}, 2), 0.1);
  const at::Tensor b =
      at::leaky_relu(at::conv2d(a, Draw({6, 4, 3, 3}, 12) * 0.4), 0.1);
  return {
      {"a", a}, {"b", b}, {"logits", at::mm(b.mean({2, 3}), Draw({6, 5}, 13))}};
}

inline std::string BlobNamed(char digit) {
  return "blobs/" + std::string(64, digit);
}

// A smooth picture that depends on the blob's name.
inline at::Tensor PictureOf(absl::string_view blob, int64_t height = 30,
                            int64_t width = 26) {
  const at::Tensor coarse =
      Draw({1, 3, 6, 6}, static_cast<uint64_t>(blob.back()));
  return at::sigmoid(at::upsample_bilinear2d(coarse, {height, width}, false));
}

inline v1::Objective ParseObjective(const std::string& text) {
  v1::Objective out;
  TORCH_CHECK(google::protobuf::TextFormat::ParseFromString(text, &out), text);
  return out;
}

// A job's batch: rows of pictures, companions behind them.
class Lab {
 public:
  explicit Lab(int64_t rows = 3, int64_t channels = 3, int64_t height = 24,
               int64_t width = 20) {
    context.network = &info;
    context.canvas = {rows, channels, height, width};
    context.load_image =
        [](absl::string_view blob) -> absl::StatusOr<at::Tensor> {
      return PictureOf(blob);
    };
    context.run_once = [](const at::Tensor& image,
                          const std::vector<std::string>& layers)
        -> absl::StatusOr<std::map<std::string, at::Tensor>> {
      auto all = TinyForward(image);
      std::map<std::string, at::Tensor> out;
      for (const std::string& layer : layers) out[layer] = all.at(layer);
      return out;
    };
    // The picture's left and right borders stand for the sides of a seam.
    context.seam_step = [this](int64_t levels) {
      return (image.select(3, 0) - image.select(3, image.size(3) - 1))
          .square()
          .mean();
    };
    image = (Draw({rows, channels, height, width}, 5) * 0.2 + 0.5)
                .clamp(0.05, 0.95);
    image.requires_grad_(true);
  }

  std::unique_ptr<ObjectiveFn> Make(const std::string& text) {
    auto made = MakeObjective(ParseObjective(text), context);
    TORCH_CHECK(made.ok(), made.status().ToString());
    return *std::move(made);
  }

  absl::Status Check(const std::string& text) {
    return CheckObjective(ParseObjective(text), &info, context.canvas,
                          "spec.objectives[0]");
  }

  // What a step sees when the transforms cut `crop` pixels off.
  StepView View(int64_t step = 0, int64_t crop = 0) {
    const Canvas& canvas = context.canvas;
    const auto cut = [&](const at::Tensor& t) {
      return t.narrow(2, crop, canvas.height - crop)
          .narrow(3, 0, canvas.width - crop);
    };
    std::vector<at::Tensor> batch = {cut(image.narrow(1, 0, 3))};
    for (const Companion& companion : context.companions)
      batch.push_back(cut(companion.image));
    // The object's own texture and its coverage, as any other views.
    if (context.wants_original) {
      batch.push_back(at::sigmoid(Draw(
          {canvas.rows, 3, canvas.height - crop, canvas.width - crop}, 21)));
    }
    StepView view;
    if (context.wants_coverage) {
      view.coverage = at::sigmoid(Draw(
          {canvas.rows, 1, canvas.height - crop, canvas.width - crop}, 22));
    }
    view.step = step;
    view.rows = canvas.rows;
    view.image = image;
    view.input = at::cat(batch);
    if (canvas.channels == 4) {
      view.alpha = image.narrow(1, 3, 1);
      view.input_alpha = cut(view.alpha);
    }
    activations_ = TinyForward(view.input);
    view.activations = &activations_;
    return view;
  }

  at::Tensor Value(ObjectiveFn& objective, int64_t step = 0, int64_t crop = 0) {
    return objective.Value(View(step, crop));
  }
  at::Tensor Value(const std::string& text) { return Value(*Make(text)); }

  // The gradient of sum(value) with respect to the image.
  at::Tensor Gradient(const at::Tensor& value) {
    image.mutable_grad() = at::Tensor();
    value.sum().backward();
    return image.grad().clone();
  }

  TinyInfo info;
  ObjectiveContext context;
  at::Tensor image;  // [rows,channels,H,W] f32, a leaf

 private:
  std::map<std::string, at::Tensor> activations_;
};

}  // namespace phosphene
