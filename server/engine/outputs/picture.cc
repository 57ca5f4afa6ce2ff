// Renders the pictures of outputs: rows of the canvas, or views of an object.
#include "server/engine/outputs/picture.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "server/base/status_macros.h"
#include "server/engine/params/surface.h"
#include "server/engine/tensor/image_tensor.h"
#include "server/imaging/encode.h"
#include "server/imaging/layout.h"

namespace phosphene {
namespace {

// Held as floats at a time: 50 MB of RGB.
constexpr int64_t kPartPixels = int64_t{1} << 22;
constexpr double kWholeTurn = 360;
constexpr int64_t kTurnFrames = 36;

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

absl::Status Stopped() {
  return absl::CancelledError("stopped while a large picture was made");
}

// A batch as pictures.
template <typename Image>
std::vector<Image> ImagesOf(const at::Tensor& batch) {
  if constexpr (std::is_same_v<Image, Image8>) {
    return ToImages(batch);
  } else {
    return ToImages16(batch);
  }
}

template <typename Image>
absl::StatusOr<std::vector<Image>> RenderCanvas(const OutputSource& source,
                                                const Canvas& size) {
  Param& param = source.param;
  const int64_t line_pixels = size.rows * size.width;
  if (!param.renders_in_parts() || size.height * line_pixels <= kPartPixels)
    return ImagesOf<Image>(param.Render(size.height, size.width));
  const int64_t lines = std::max<int64_t>(1, kPartPixels / line_pixels);
  std::vector<Image> images(size.rows);
  for (int64_t begin = 0; begin < size.height; begin += lines) {
    if (source.stop.stop_requested()) return Stopped();
    const int64_t end = std::min(begin + lines, size.height);
    const std::vector<Image> parts =
        ImagesOf<Image>(param.RenderLines(size.height, size.width, begin, end));
    for (int64_t row = 0; row < size.rows; ++row) {
      Image& image = images[row];
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

// `count` views of the object round a whole turn.
template <typename Image>
absl::StatusOr<std::vector<Image>> RenderTurn(const OutputSource& source,
                                              const v1::Output& output,
                                              int64_t count) {
  const Canvas size =
      RenderSize(output, CanvasOf(source.spec.parameterization()));
  ViewAngles view;
  if (output.viewpoint().has_azimuth())
    view.azimuth = output.viewpoint().azimuth();
  if (output.viewpoint().has_elevation())
    view.elevation = output.viewpoint().elevation();
  const double begin = view.azimuth;
  std::vector<Image> images;
  for (int64_t i = 0; i < count; ++i) {
    if (source.stop.stop_requested()) return Stopped();
    view.azimuth = begin + kWholeTurn * static_cast<double>(i) /
                               static_cast<double>(count);
    images.push_back(std::move(ImagesOf<Image>(
        source.param.surface()->RenderFrom(view, size.height, size.width))[0]));
  }
  return images;
}

// Rows of the canvas, or `turn` views of an object in space.
template <typename Image>
absl::StatusOr<std::vector<Image>> RenderAll(const OutputSource& source,
                                             const v1::Output& output,
                                             int64_t turn) {
  ASSIGN_OR_RETURN(
      std::vector<Image> images,
      source.param.surface() != nullptr
          ? RenderTurn<Image>(source, output, turn)
          : RenderCanvas<Image>(
                source,
                RenderSize(output, CanvasOf(source.spec.parameterization()))));
  if (BackdropOf(output) == Backdrop::kKeep) return images;
  for (Image& image : images) image = OverBackdrop(image, BackdropOf(output));
  return images;
}

int64_t RowsOf(const OutputSource& source) {
  return CanvasOf(source.spec.parameterization()).rows;
}

template <typename Image>
absl::StatusOr<Image> RenderShown(const OutputSource& source,
                                  const v1::Output& output) {
  ASSIGN_OR_RETURN(std::vector<Image> rows,
                   RenderAll<Image>(source, output, RowsOf(source)));
  const int row = output.has_row() ? output.row() : rows.size() == 1 ? 0 : -1;
  return row < 0 ? Grid(rows) : std::move(rows[row]);
}

template <typename Image>
absl::StatusOr<std::string> EncodeOf(const v1::JobSpec& spec, bool metadata,
                                     const Image& image) {
  PngOptions options;
  if (metadata) options.text = PngTextOf(spec);
  return EncodePng(image, options);
}

}  // namespace

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

absl::StatusOr<std::vector<Image8>> RenderRows(const OutputSource& source,
                                               const v1::Output& output) {
  return RenderAll<Image8>(source, output, RowsOf(source));
}

absl::StatusOr<std::vector<Image8>> RenderFrames(const OutputSource& source,
                                                 const v1::Output& output,
                                                 int turn) {
  return RenderAll<Image8>(source, output, turn > 0 ? turn : kTurnFrames);
}

absl::StatusOr<Image8> RenderOne(const OutputSource& source,
                                 const v1::Output& output) {
  return RenderShown<Image8>(source, output);
}

absl::StatusOr<Image16> RenderOne16(const OutputSource& source,
                                    const v1::Output& output) {
  return RenderShown<Image16>(source, output);
}

std::vector<std::pair<std::string, std::string>> PngTextOf(
    const v1::JobSpec& spec) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(spec, &text);
  std::vector<std::pair<std::string, std::string>> out = {
      {"Software", "Phosphene " PHOSPHENE_VERSION},
      {"phosphene.seed", absl::StrCat(spec.seed())},
      {"phosphene.spec", text}};
  if (!spec.command().empty())
    out.emplace_back("phosphene.command", spec.command());
  return out;
}

absl::StatusOr<std::string> EncodePngOf(const v1::JobSpec& spec, bool metadata,
                                        const Image8& image) {
  return EncodeOf(spec, metadata, image);
}

absl::StatusOr<std::string> EncodePngOf(const v1::JobSpec& spec, bool metadata,
                                        const Image16& image) {
  return EncodeOf(spec, metadata, image);
}

std::string CommentOf(const v1::JobSpec& spec) {
  return absl::StrCat("Phosphene " PHOSPHENE_VERSION ", seed ", spec.seed());
}

std::vector<RunArtifact> OneFile(absl::string_view name,
                                 absl::string_view media_type,
                                 std::string bytes, int width, int height) {
  RunArtifact artifact;
  artifact.info.set_name(std::string(name));
  artifact.info.set_media_type(std::string(media_type));
  artifact.info.set_size_bytes(static_cast<int64_t>(bytes.size()));
  artifact.info.set_width(width);
  artifact.info.set_height(height);
  artifact.bytes = std::move(bytes);
  std::vector<RunArtifact> files;
  files.push_back(std::move(artifact));
  return files;
}

}  // namespace phosphene
