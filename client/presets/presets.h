#pragma once

// The systems of the article as JobSpecs. Each builder is a pure function of
// its options; docs/examples/ keeps what it makes by default. Constants are
// those of the article's code (lucid and its notebooks) unless said otherwise.

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/base/units.h"
#include "client/presets/options.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {

// One channel (or neuron, or any expression), 224 x 224, Fourier, decorrelated
// colour, standard transforms, Adam 0.05, 512 steps (lucid render_vis).
struct FeatureOptions {
  std::string layer;
  int channel = 0;
  bool neuron = false;    // the centre position only
  bool negative = false;  // what the channel least responds to
};
absl::StatusOr<v1::JobSpec> FeatureSpec(const FeatureOptions& options,
                                        const SpecOptions& common);

// Many channels of a layer, one a row, in a contact sheet: 128 x 128, 256
// steps (ours: half of lucid's, a sheet is for looking around).
struct SheetOptions {
  std::string layer;
  std::vector<int> channels;  // 1..64: one row and one objective each
  int columns = 0;            // 0: near-square
};
absl::StatusOr<v1::JobSpec> SheetSpec(const SheetOptions& options,
                                      const SpecOptions& common);

// Frames between two channels that keep their landmarks: 128 x 128, a unique
// Fourier part and six shared tensors of a half to a sixteenth of the canvas,
// some blending along the frames (notebook aligned_interpolation).
struct InterpolateOptions {
  std::string from_layer, to_layer;
  int from_channel = 0, to_channel = 0;
  int frames = 6;
  bool sharing = true;             // false: the article's failing baseline
  std::vector<std::string> align;  // layers of the alignment penalty, ratio 5
  double align_weight = 0.1;
  int frames_per_second = 10;
};
absl::StatusOr<v1::JobSpec> InterpolateSpec(const InterpolateOptions& options,
                                            const SpecOptions& common);

// Layers compared in style transfer.
struct StyleLayers {
  std::vector<std::string> content, style;
};
// Those known for the network that has these layers: GoogLeNet by Caffe's or
// lucid's names, the embedded network, VGG. NOT_FOUND for others.
absl::StatusOr<StyleLayers> StyleLayersFor(
    const std::vector<std::string>& layer_names);

// Style transfer on any network: content (mean L1, weight 100) and mean-L1
// Grams (weight 1) of reference images that go through the same transforms as
// the image, styles cropped anew each step (notebook style_transfer_2d).
struct StyleOptions {
  std::string content;              // file or blob
  std::vector<std::string> styles;  // FILE or FILE:WEIGHT
  StyleLayers layers;
  double content_weight = 100;
  double style_weight = 1;
  std::optional<double> style_scale;
  std::string distance;  // l1, l2, squared, w2
  std::string init;      // noise (default) or content
  Size size{512, 512};   // canvas
};
absl::StatusOr<v1::JobSpec> StyleSpec(const StyleOptions& options,
                                      const SpecOptions& common);

// The canvas of a style transfer: the content's aspect at `pixels` pixels, or
// (pixels 0) the content's own size with its longest side at most 512.
Size StyleCanvas(Size content, int64_t pixels);

// A small network from coordinates to colour, 224 x 224, Adam 0.005, 512
// steps, no transforms (notebook xy2rgb). Rendered anew at any size.
struct CppnOptions {
  FeatureOptions target;
  std::string activation;  // composite, unbiased, relu, abs
  int depth = 0;           // 0: 8
  int hidden = 0;          // 0: 24
  bool normalize = false;
  bool periodic = false;
  std::string render;  // N or WxH; "" is the canvas
};
absl::StatusOr<v1::JobSpec> CppnSpec(const CppnOptions& options,
                                     const SpecOptions& common);

// A picture with its own transparency: 320 x 320 RGBA over random backgrounds,
// objective x (1 - mean alpha) of the crop plus half of it for the whole, Adam
// 0.03, 1000 steps (notebook transparency).
absl::StatusOr<v1::JobSpec> TransparentSpec(const FeatureOptions& target,
                                            const SpecOptions& common);

// DeepDream: gradient steps of 1.5/255 x g / mean|g| on pixels, 4 octaves of
// ratio 1.4, 10 steps each, rolled at random each step so that no seam shows
// (TensorFlow's DeepDream example).
struct DreamOptions {
  std::string layer;
  int channel = -1;  // -1: amplify whatever the layer sees
  int octaves = 4;
  double octave_scale = 1.4;
  bool laplacian = false;  // equalize four bands of the gradient
};
absl::StatusOr<v1::JobSpec> DreamSpec(const DreamOptions& options,
                                      const SpecOptions& common);

// A texture on a mesh, seen from all around: atlas 1024^2 Fourier, views of
// 512 x 512. Without styles a channel, Adam 0.03, 400 steps (notebook
// texture_synth_3d); with styles averaged Grams of decay 0.95, Adam 0.05
// (style_transfer_3d).
struct TextureOptions {
  std::string mesh;  // file or blob
  FeatureOptions target;
  std::vector<std::string> styles;
  std::vector<std::string> style_layers;
  std::string texture;  // image the atlas starts from
  int atlas = 1024;
};
absl::StatusOr<v1::JobSpec> TextureSpec(const TextureOptions& options,
                                        const SpecOptions& common);

// The objective of a target: channel or neuron, negative weight when asked.
v1::Objective TargetObjective(const FeatureOptions& target);

}  // namespace phosphene::client
