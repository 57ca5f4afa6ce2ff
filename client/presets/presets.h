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
// colour, standard transforms, Adam 0.05, 512 steps (lucid render_vis). Ours: a
// channel's picture is rolled at random first, so that no rim grows along its
// edge; it tiles.
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
  // Ours: the article's 0.1 moves Caffe's GoogLeNet, whose activations differ
  // in scale, by half as much.
  double align_weight = 0.3;
  int frames_per_second = 10;
};
absl::StatusOr<v1::JobSpec> InterpolateSpec(const InterpolateOptions& options,
                                            const SpecOptions& common);

// A grid of pictures between several targets: the targets stand on the corners
// of a square lattice, k x k of them line by line, and each picture maximizes
// its bilinear mix; the shared tensors blend along both directions. After
// lucid's multi_interpolation_basis, which blends every pair.
struct GridOptions {
  // k^2 of them: 4, 9 or 16.
  std::vector<std::pair<std::string, int>> targets;
  int side = 5;  // pictures along each side, k..8
  bool sharing = true;
  std::vector<std::string> align;
  double align_weight = 0.3;
};
absl::StatusOr<v1::JobSpec> GridSpec(const GridOptions& options,
                                     const SpecOptions& common);

// Adds the output every frame is in without loss, in lines of `columns`; the
// command measures the frames by it.
constexpr char kFramesArtifact[] = "frames.png";
void AddFramesOutput(int columns, v1::JobSpec* spec);

// Layers compared in style transfer.
struct StyleLayers {
  std::vector<std::string> content, style;
};
// Those known for the network that has these layers: GoogLeNet by Caffe's or
// lucid's names, the embedded network, VGG. NOT_FOUND for others.
absl::StatusOr<StyleLayers> StyleLayersFor(
    const std::vector<std::string>& layer_names);
// The weight at which a distance of Grams ("l1", "" is l1, "l2", "squared",
// "w2") in these layers counts as much against the content as the article's
// weight 1 in GoogLeNet: there the style's term is twice the content's at the
// first step. Activations differ by orders of magnitude between networks, Grams
// by their squares. Measured; 1 for layers of no known network.
double StyleBalance(const StyleLayers& layers, const std::string& distance);

// Style transfer on any network: content (mean L1, weight 100) and mean-L1
// Grams (weight StyleBalance) of reference images that go through the same
// transforms as the image, styles cropped anew each step (notebook
// style_transfer_2d). A style is shown as large as fits the canvas, a little
// larger than what covers it: strokes are then of the size they have in the
// whole painting. Above kOctavePixels the canvas grows in octaves with steps
// falling to a third each: layers see a small picture as a whole, so that large
// strokes are settled first, where steps are cheap. Above kLargePixels what
// costs by the canvas goes: targets are made once, of the styles at their own
// scale, there are no transforms, the start is the content, and octaves begin
// at kLargeOctavePixels.
struct StyleOptions {
  static constexpr int64_t kOctavePixels = 100'000;
  static constexpr int64_t kLargePixels = 2'000'000;
  static constexpr int64_t kLargeOctavePixels = 1'000'000;
  // A style's size against the least that covers the canvas; the rest is what
  // crops move over. Looked at: at 1 houses dissolve, at 2 strokes are finer
  // than the painting's, at 3.5 (a style of 1024 pixels in its own size on a
  // canvas of 256) they are specks.
  static constexpr double kStyleRoom = 1.2;

  std::string content;              // file or blob
  std::vector<std::string> styles;  // FILE or FILE:WEIGHT
  StyleLayers layers;
  double content_weight = 100;
  double style_weight = 1;  // times StyleBalance
  // One of these or neither: the styles' longest side in pixels, 1..32768, or
  // their size against their own pixels.
  std::optional<int> style_size;
  std::optional<double> style_scale;
  // Pixels of each style, in the order of `styles`; 0 x 0 where not known,
  // which leaves it at its own size.
  std::vector<Size> style_sizes;
  std::string distance;  // l1, l2, squared, w2
  std::string init;      // noise (default) or content
  // Where each style goes, white = there: none, or one a style.
  std::vector<std::string> masks;
  bool keep_colors = false;  // styles take on the content's colours first
  Size size{512, 512};       // canvas
  std::string tile;          // auto (default), off, or pixels a side
  bool delayed = false;      // JobSpec.tiling.delayed
};
absl::StatusOr<v1::JobSpec> StyleSpec(const StyleOptions& options,
                                      const SpecOptions& common);

// The canvas of a style transfer: the content's aspect at `pixels` pixels, or
// (pixels 0) the content's own size with its longest side at most 512.
Size StyleCanvas(Size content, int64_t pixels);

// A contact sheet to choose weight and size of the style from: small canvases
// of the content's shape, its longest side at most kSide, a column a weight and
// a line a size, kSteps steps; one job, a row of its batch each.
struct StyleTry {
  static constexpr int kSide = 192;
  static constexpr int kSteps = 64;

  v1::JobSpec spec;
  struct Cell {
    int line = 0, column = 0;  // from 1 on
    // What to add to the command for this look on the canvas of `options`, such
    // as "--style-size 614 --style-weight 3"; "" for the defaults.
    std::string flags;
  };
  std::vector<Cell> cells;  // line by line
};
// INVALID_ARGUMENT: besides what StyleSpec refuses, a first style whose size is
// not known.
absl::StatusOr<StyleTry> StyleTrySpec(const StyleOptions& options,
                                      const SpecOptions& common);

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
// Keeps a checkpoint for RenderSpec and MorphSpec: kWeightsArtifact, its last
// output, where no output is one.
constexpr char kWeightsArtifact[] = "weights.ckpt";
void AddWeights(v1::JobSpec* spec);
absl::StatusOr<v1::JobSpec> CppnSpec(const CppnOptions& options,
                                     const SpecOptions& common);

// What a finished job leaves for others to draw from: its parameterization and
// the blob of its last checkpoint.
struct FinishedJob {
  std::string name;  // for messages
  v1::Parameterization parameterization;
  std::string checkpoint;  // blobs/...
};
// Of a job as GetJob answers it, spec included. FAILED_PRECONDITION: not
// finished, or no checkpoint was kept.
absl::StatusOr<FinishedJob> FinishedJobOf(const v1::Job& job);

// The picture of a finished job at another size, drawn anew where it has no
// resolution (cppn), else resized. Nothing is optimized.
struct RenderOptions {
  std::string size;  // N or WxH; "" is the canvas
  std::string over;  // "", black, white, checkerboard, board
  std::vector<std::string> outputs;
};
absl::StatusOr<v1::JobSpec> RenderSpec(const FinishedJob& job,
                                       const RenderOptions& options);

// A loop through the parameters of finished jobs of one parameterization,
// eased, the weights enlarged between them (notebook xy2rgb: 5 s of 30 frames).
struct MorphOptions {
  int frames = 150;            // of the whole loop, 2..256
  int frames_per_second = 30;  // 1..60
  double exaggerate = 1;       // 0..8
  std::string size;            // N or WxH; "" is the canvas
  std::vector<std::string> outputs;
};
absl::StatusOr<v1::JobSpec> MorphSpec(const std::vector<FinishedJob>& jobs,
                                      const MorphOptions& options);

// A picture with its own transparency: 320 x 320 RGBA over random backgrounds,
// objective x (1 - mean alpha) of the crop plus half of it for the whole (Adam
// 0.03, 1000 steps, crops of half the canvas in the notebook transparency).
// Ours: Adam 0.08, 300 steps, crops of 0.6: as decided after a third of the
// steps.
struct TransparentOptions {
  FeatureOptions target;
  double alpha_blur = 0;  // weight of the penalty on ragged alpha
  double undecided = 0;   // weight of the penalty on alpha between 0 and 1
  std::string board;      // file of the 2 x 2 preview; "" is none
};
// The board is the output after those of `common`.
absl::StatusOr<v1::JobSpec> TransparentSpec(const TransparentOptions& options,
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

// Feature inversion: the image whose activations are those of a photo, mean
// squared difference (Mahendran & Vedaldi 2015). 224 x 224 or the photo's
// shape, Fourier, Adam 0.05, 512 steps; photo and image go through the same
// pad 8 and jitter 8 (lucid recipes.caricature without its turns and scales,
// which lose corners: ours).
struct InvertOptions {
  std::string image;  // file or blob
  std::string layer;
  std::string metric;  // l2 (default) or l1
};
absl::StatusOr<v1::JobSpec> InvertSpec(const InvertOptions& options,
                                       const SpecOptions& common);

// Caricature: what a layer sees in a photo, exaggerated: the dot product with
// the photo's activations times a power of their cosine (lucid
// recipes.caricature). Standard transforms for both, Adam 0.05, 512 steps.
struct CaricatureOptions {
  std::string image;  // file or blob
  std::string layer;
  double cossim_power = 1;
};
absl::StatusOr<v1::JobSpec> CaricatureSpec(const CaricatureOptions& options,
                                           const SpecOptions& common);

// Several images of one target that differ from each other: the channel plus
// `weight` x diversity of the Grams in `diversity_layer` (lucid's diversity
// notebook), side by side. As FeatureSpec otherwise.
struct DiversityOptions {
  FeatureOptions target;
  std::string diversity_layer;  // "": the target's
  int rows = 4;                 // 2..16
  double weight = 100;          // of minus the mean cosine, -1..0
};
absl::StatusOr<v1::JobSpec> DiversitySpec(const DiversityOptions& options,
                                          const SpecOptions& common);

// An infinite pattern: a tile that continues itself over every edge. What it
// shows is a channel, or what a reference image excites (article's appendix).
// By octaves from noise, unless --param says otherwise: 6 of ratio 1.5 and 50
// steps, steps of 0.02 falling with the ratio to a fifth of it, on gradients
// equalized in four bands and with their colours mixed, rolled by a random
// amount each step; 512 x 512 where the source has 972 (ours: a third of the
// time). With `cppn` a periodic net of coordinates, 224 x 224 drawn at 1024,
// Adam 0.003, 501 steps, that finds the places of the image. With fourier,
// laplacian or phase at one size: 256 x 256, Adam 0.05, 256 steps; a canvas
// above 512 is then seen through random windows of 448.
struct PatternOptions {
  std::string image;  // file or blob; "": the target's channel
  std::string layer;
  int channel = 0;
  double selectivity = 2;  // with channels
  std::string match;       // channels or places; "": places with cppn
  int octaves = 6;
  double octave_scale = 1.5;
};
absl::StatusOr<v1::JobSpec> PatternSpec(const PatternOptions& options,
                                        const SpecOptions& common);

// A texture on a mesh, seen from all sides: views of 224 x 224, atlas of 1024,
// Fourier, Adam 0.03 (with styles 0.05), no transforms, black background; its
// seams hidden. With styles: their Grams averaged over views with 0.95, where
// the object is, against its own texture as content (the article's 3D style
// transfer).
struct TextureOptions {
  std::string mesh;  // file or blob
  FeatureOptions target;
  std::vector<std::string> styles;  // FILE or FILE:WEIGHT
  StyleLayers layers;               // with styles
  double content_weight = 100;      // with styles; 0: none
  // Size of the styles against their own pixels: by default a style's shorter
  // side is shown as large as a view.
  std::optional<double> style_scale;
  // Pixels of each style's shorter side, in the order of `styles`; 0 where not
  // known, which leaves it at its own size.
  std::vector<int> style_sides;
  std::string texture;  // the object's own, else that in the mesh file
  std::string start;    // "noise" (""), "original", or an image
  int atlas = 1024;
  int views = 1;           // in each step
  std::string background;  // black, white, grey, color, noise, or an image
  bool unwrap = false;
  double seam = 40;  // weight of its seams; 0: leave them
  std::optional<double> ambient;
  std::vector<double> elevation;  // least and largest, degrees
  std::vector<double> distance;   // likewise, in radii of the mesh
  std::optional<double> field_of_view;
  std::optional<int> supersampling;
};
absl::StatusOr<v1::JobSpec> TextureSpec(const TextureOptions& options,
                                        const SpecOptions& common);

// The objective of a target: channel or neuron, negative weight when asked.
v1::Objective TargetObjective(const FeatureOptions& target);

}  // namespace phosphene::client
