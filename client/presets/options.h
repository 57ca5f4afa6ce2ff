#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {

// The flags all commands that make a job share, as given. What is unset keeps
// the value of the command's preset.
struct SpecOptions {
  std::string model = "phosphene-tiny";
  std::string size;        // N or WxH
  std::string transforms;  // see spec/transform_list.h
  std::string param;       // fourier, pixel, laplacian, cppn, phase
  // decorrelated, rgb, ycbcr, soft (decorrelated with half the colour), or 9
  // numbers: 3x3, rows
  std::string colors;
  std::string optimizer;              // adam, adamw, nadam, sgd, lbfgs
  std::string precision;              // auto, fp32, bf16
  std::string objective;              // see spec/expression.h
  std::string start_from;             // image file or blobs/...
  std::string mask;                   // image file or blobs/...
  std::vector<std::string> spectrum;  // images a phase parameterization copies
  bool grey = false;                  // one channel, shown to the net on all
  std::optional<int> channels;        // of the image; unset: the network's
  std::optional<double> start_noise;
  std::optional<double> learning_rate;
  std::optional<int> steps;
  std::optional<int> checkpoint_every;
  std::optional<int> frame_every;
  uint64_t seed = 0;
  bool no_redirect = false;          // leave dead ReLUs dead
  bool sixteen_bits = false;         // of every PNG
  std::vector<std::string> outputs;  // -o, in order
};

// What a command's files hold.
enum class OutputStyle {
  kImage,      // png, jpg, webp
  kAnimation,  // webp, gif, apng animated; png, jpg: the frames side by side
  kSheet,      // png: a contact sheet
  // glb, obj, ply, 3mf, html; png, jpg: a view; webp, gif, apng: a turn
  kMesh,
};

// Puts the options over a preset's spec: model, size, steps, seed, outputs,
// ... . Errors are named by flag. `objective` and `param` are the presets'
// business. Transforms of a preset end in a fit (AddFit) where none are given.
absl::Status ApplyOptions(const SpecOptions& options, OutputStyle style,
                          v1::JobSpec* spec);

// Lets the transforms end in a fit to the sizes the network takes, which leaves
// alone what has one: a fit that is among them already comes to the end. A
// preset that adds transforms after ApplyOptions calls it again.
void AddFit(v1::JobSpec* spec);

// Sets the pixel, fourier or laplacian arm of a message that has these three
// (UniquePart, RgbaParameterization, TextureParameterization); `name` "" is
// fourier. Other names are answered with what is allowed.
template <typename Message>
absl::Status SetBase(absl::string_view name, Message* message);

// Sets any arm of a Parameterization that needs no more than its name.
absl::Status SetParam(absl::string_view name, v1::Parameterization* message);

// The objectives of a spec: those of `expression` when given, else `preset`.
absl::Status SetObjectives(absl::string_view expression, v1::Objective preset,
                           v1::JobSpec* spec);

// Appends one Output a path, its format by the path's extension, in this
// order; names are "image.png", "image-2.webp", ... and unique, those of meshes
// the files' own where they can be, since an OBJ names its files. `.ckpt` is a
// checkpoint everywhere; "-" (standard output) is the style's first format:
// png, webp of animations, glb of meshes.
absl::Status AddOutputs(const std::vector<std::string>& paths,
                        OutputStyle style, v1::JobSpec* spec);

// How every animation among the outputs is shown. INVALID_ARGUMENT names --fps
// and what the format allows.
absl::Status SetAnimations(int frames_per_second, bool ping_pong,
                           v1::JobSpec* spec);
// Whether an output is shown in time.
bool IsAnimation(const v1::Output& output);

// 16 bits for every PNG of the spec; an error names --sixteen-bits where there
// is none.
absl::Status SetSixteenBits(v1::JobSpec* spec);

// Extensions allowed for a style, for help and messages: "png, jpg, webp,
// ckpt".
std::string ExtensionsOf(OutputStyle style);

// Implementation of the template.
absl::StatusOr<int> BaseIndex(absl::string_view name);

template <typename Message>
absl::Status SetBase(absl::string_view name, Message* message) {
  absl::StatusOr<int> index = BaseIndex(name);
  if (!index.ok()) return index.status();
  if (*index == 0) message->mutable_fourier();
  if (*index == 1) message->mutable_pixel();
  if (*index == 2) message->mutable_laplacian();
  return absl::OkStatus();
}

}  // namespace phosphene::client
