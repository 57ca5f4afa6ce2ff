// Checks the outputs of a spec and renders their files.

#include "server/engine/optimize/outputs.h"

#include <algorithm>
#include <set>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "server/engine/optimize/image_tensor.h"
#include "server/engine/optimize/output_kinds.h"
#include "server/engine/optimize/spec_check.h"
#include "server/imaging/layout.h"
#include "server/rules/rules.h"
#include "server/rules/verdict.h"

namespace phosphene {
namespace {

constexpr int kDefaultFrameSize = 512;
// All rows of one output together.
constexpr int64_t kMaxOutputPixels = int64_t{1} << 28;
// Held as floats at a time: 50 MB of RGB.
constexpr int64_t kPartPixels = int64_t{1} << 22;

// Those asked for, else one PNG.
std::vector<v1::Output> OutputsOf(const v1::JobSpec& spec) {
  std::vector<v1::Output> outputs(spec.outputs().begin(), spec.outputs().end());
  if (outputs.empty()) outputs.emplace_back().mutable_png();
  return outputs;
}

// "image.png", "image-2.png", ...: the first not taken.
std::string FreeName(const std::string& name,
                     const std::set<std::string>& taken) {
  const size_t dot = name.rfind('.');
  std::string candidate = name;
  for (int i = 2; taken.count(candidate); ++i) {
    candidate = absl::StrCat(name.substr(0, dot), "-", i, name.substr(dot));
  }
  return candidate;
}

// The name of each output.
std::vector<std::string> NamesOf(const std::vector<v1::Output>& outputs) {
  std::set<std::string> taken;
  for (const v1::Output& output : outputs) taken.insert(output.name());
  std::vector<std::string> names;
  for (const v1::Output& output : outputs) {
    names.push_back(output.name().empty()
                        ? FreeName(FindOutputKind(output)->default_name, taken)
                        : output.name());
    taken.insert(names.back());
  }
  return names;
}

// The size an output is rendered at: its own, the missing side by the aspect
// of the canvas, or the canvas.
Canvas RenderSize(const v1::Output& output, const Canvas& canvas) {
  Canvas size = canvas;
  if (output.width() > 0) size.width = output.width();
  if (output.height() > 0) size.height = output.height();
  if (output.width() > 0 && output.height() == 0) {
    size.height = std::max<int64_t>(
        1, (canvas.height * size.width + canvas.width / 2) / canvas.width);
  }
  if (output.height() > 0 && output.width() == 0) {
    size.width = std::max<int64_t>(
        1, (canvas.width * size.height + canvas.height / 2) / canvas.height);
  }
  return size;
}

// Most pixels on a side, as the rules say of both sides.
int64_t MaxSide() {
  return static_cast<int64_t>(
      RulesOf(*v1::Output::descriptor()->FindFieldByName("width")).max());
}

// What an output whose fields keep their rules must be to the canvas. Rows and
// names are told by AddRelationFaults.
void CheckSize(const v1::Output& output, const Canvas& canvas,
               const std::string& path, Faults& faults) {
  const int64_t max_side = MaxSide();
  // A canvas out of range is told of where it is stated.
  if (canvas.height < 1 || canvas.width < 1 || canvas.rows < 1) return;
  if (canvas.height > max_side || canvas.width > max_side) return;
  const Canvas size = RenderSize(output, canvas);
  if (size.width > max_side || size.height > max_side ||
      size.rows * size.width * size.height > kMaxOutputPixels) {
    faults.Add(
        path, absl::StrCat(size.rows, " images of ", size.width, " x ",
                           size.height, " are too large; allowed: ", max_side,
                           " on a side, ", kMaxOutputPixels, " pixels in all"));
  }
}

Backdrop BackdropOf(const v1::Output& output) {
  switch (output.backdrop()) {
    case v1::Output::BACKDROP_BLACK:
      return Backdrop::kBlack;
    case v1::Output::BACKDROP_WHITE:
      return Backdrop::kWhite;
    case v1::Output::BACKDROP_CHECKERBOARD:
      return Backdrop::kCheckerboard;
    case v1::Output::BACKDROP_BOARD:
      return Backdrop::kBoard;
    default:
      return Backdrop::kKeep;
  }
}

// Every row at a size. Where the parameterization can, a large picture is made
// a few lines at a time, so that it is never held as floats.
absl::StatusOr<std::vector<Image8>> RenderImages(Param& param,
                                                 const Canvas& size,
                                                 const std::stop_token& stop) {
  const int64_t line_pixels = size.rows * size.width;
  if (!param.renders_in_parts() || size.height * line_pixels <= kPartPixels)
    return ToImages(param.Render(size.height, size.width));
  const int64_t lines = std::max<int64_t>(1, kPartPixels / line_pixels);
  std::vector<Image8> images(size.rows);
  for (int64_t begin = 0; begin < size.height; begin += lines) {
    if (stop.stop_requested()) {
      return absl::CancelledError("stopped while a large picture was made");
    }
    const int64_t end = std::min(begin + lines, size.height);
    const std::vector<Image8> parts =
        ToImages(param.RenderLines(size.height, size.width, begin, end));
    for (int64_t row = 0; row < size.rows; ++row) {
      Image8& image = images[row];
      image.width = parts[row].width;
      image.channels = parts[row].channels;
      image.height += parts[row].height;
      image.pixels.reserve(size.height * size.width * image.channels);
      image.pixels.insert(image.pixels.end(), parts[row].pixels.begin(),
                          parts[row].pixels.end());
    }
  }
  return images;
}

// Renders one output, arranges its pictures and encodes them.
absl::StatusOr<RunArtifact> MakeOutput(const v1::JobSpec& spec,
                                       const v1::Output& output, Param& param,
                                       const std::string& checkpoint,
                                       const std::stop_token& stop) {
  const OutputKind& kind = *FindOutputKind(output);
  RunArtifact artifact;
  artifact.info.set_media_type(kind.media_type);
  if (kind.encode == nullptr) {
    artifact.bytes = checkpoint;
    return artifact;
  }
  const Canvas size = RenderSize(output, CanvasOf(spec.parameterization()));
  ASSIGN_OR_RETURN(std::vector<Image8> rows, RenderImages(param, size, stop));
  if (BackdropOf(output) != Backdrop::kKeep) {
    for (Image8& row : rows) row = OverBackdrop(row, BackdropOf(output));
  }
  const std::vector<Image8> pictures = kind.arrange(output, std::move(rows));
  artifact.info.set_width(pictures[0].width);
  artifact.info.set_height(pictures[0].height);
  ASSIGN_OR_RETURN(artifact.bytes, kind.encode(spec, output, pictures));
  return artifact;
}

}  // namespace

absl::Status CheckOutputs(const v1::JobSpec& spec) {
  Verdict verdict;
  AddFieldFaults(spec, "outputs", "spec", verdict.faults());
  const Canvas canvas = KnownCanvasOf(spec.parameterization());
  for (int i = 0; i < spec.outputs_size() && !verdict.full(); ++i) {
    const v1::Output& output = spec.outputs(i);
    const std::string path = absl::StrCat("spec.outputs[", i, "]");
    if (output.kind_case() != v1::Output::KIND_NOT_SET &&
        FindOutputKind(output) == nullptr) {
      const auto* field =
          v1::Output::descriptor()->FindFieldByNumber(output.kind_case());
      verdict.AddUnimplemented(absl::StrCat(path, ".", field->name()),
                               "this output is not built in");
      continue;
    }
    if (!verdict.HasAt(path)) CheckSize(output, canvas, path, verdict.faults());
  }
  return verdict.ToStatus();
}

absl::StatusOr<std::vector<RunArtifact>> MakeOutputs(
    const v1::JobSpec& spec, Param& param, const std::string& checkpoint,
    const std::stop_token& stop) {
  const std::vector<v1::Output> outputs = OutputsOf(spec);
  const std::vector<std::string> names = NamesOf(outputs);
  std::vector<RunArtifact> artifacts;
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto artifact = MakeOutput(spec, outputs[i], param, checkpoint, stop);
    if (absl::IsCancelled(artifact.status())) return artifact.status();
    if (!artifact.ok()) {
      return Annotate(artifact.status(), absl::StrCat("spec.outputs[", i, "]"));
    }
    artifact->info.set_name(names[i]);
    artifact->info.set_size_bytes(static_cast<int64_t>(artifact->bytes.size()));
    artifacts.push_back(*std::move(artifact));
  }
  return artifacts;
}

Image8 MakeFrame(const v1::JobSpec& spec, Param& param) {
  const int max_size = spec.frames().max_size() > 0 ? spec.frames().max_size()
                                                    : kDefaultFrameSize;
  const Canvas canvas = CanvasOf(spec.parameterization());
  const int columns = NearSquareColumns(static_cast<int>(canvas.rows));
  const int lines = (static_cast<int>(canvas.rows) + columns - 1) / columns;
  // Each cell gets its share, so that a large batch is not rendered in full.
  const ImageSize whole =
      FitWithin(static_cast<int>(canvas.width) * columns,
                static_cast<int>(canvas.height) * lines, max_size);
  const int width = std::max(1, whole.width / columns),
            height = std::max(1, whole.height / lines);
  return Grid(ToImages(param.Render(height, width)));
}

}  // namespace phosphene
