// The formats a job's result is written in: a line per kind at the end.

#include "server/engine/optimize/output_kinds.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "server/imaging/encode.h"
#include "server/imaging/layout.h"

namespace phosphene {
namespace {

using Pictures = std::vector<Image8>;

constexpr int kDefaultGap = 4;

Pictures Alone(Image8 image) {
  Pictures pictures;
  pictures.push_back(std::move(image));
  return pictures;
}

// The row asked for, or all of them in a near-square grid.
Pictures OnePicture(const v1::Output& output, Pictures rows) {
  const int row = output.has_row() ? output.row() : rows.size() == 1 ? 0 : -1;
  return Alone(row < 0 ? Grid(rows) : std::move(rows[row]));
}

Pictures Sheet(const v1::Output& output, Pictures rows) {
  const v1::ContactSheetOutput& sheet = output.contact_sheet();
  return Alone(Grid(
      rows, {sheet.columns(), sheet.has_gap() ? sheet.gap() : kDefaultGap}));
}

Pictures EachRow(const v1::Output& output, Pictures rows) { return rows; }

// With what tells how the image was made: spec, seed and version.
absl::StatusOr<std::string> EncodePngWith(const v1::JobSpec& spec,
                                          bool metadata, const Image8& image) {
  PngOptions options;
  if (metadata) {
    std::string text;
    google::protobuf::TextFormat::PrintToString(spec, &text);
    options.text = {{"Software", "Phosphene " PHOSPHENE_VERSION},
                    {"phosphene.seed", absl::StrCat(spec.seed())},
                    {"phosphene.spec", text}};
  }
  return EncodePng(image, options);
}

absl::StatusOr<std::string> Png(const v1::JobSpec& spec,
                                const v1::Output& output,
                                const Pictures& pictures) {
  const bool metadata = !output.png().has_metadata() || output.png().metadata();
  return EncodePngWith(spec, metadata, pictures[0]);
}

absl::StatusOr<std::string> SheetPng(const v1::JobSpec& spec,
                                     const v1::Output& output,
                                     const Pictures& pictures) {
  return EncodePngWith(spec, /*metadata=*/true, pictures[0]);
}

absl::StatusOr<std::string> Jpeg(const v1::JobSpec& spec,
                                 const v1::Output& output,
                                 const Pictures& pictures) {
  JpegOptions options;
  if (output.jpeg().quality() > 0) options.quality = output.jpeg().quality();
  return EncodeJpeg(pictures[0], options);
}

absl::StatusOr<std::string> Webp(const v1::JobSpec& spec,
                                 const v1::Output& output,
                                 const Pictures& pictures) {
  WebpOptions options;
  if (output.webp().quality() > 0) options.quality = output.webp().quality();
  options.lossless = output.webp().lossless();
  return EncodeWebp(pictures[0], options);
}

absl::StatusOr<std::string> AnimatedWebp(const v1::JobSpec& spec,
                                         const v1::Output& output,
                                         const Pictures& pictures) {
  AnimatedWebpOptions options;
  const v1::AnimatedWebpOutput& arm = output.animated_webp();
  if (arm.quality() > 0) options.quality = arm.quality();
  if (arm.frames_per_second() > 0)
    options.frames_per_second = arm.frames_per_second();
  options.ping_pong = arm.ping_pong();
  return EncodeAnimatedWebp(pictures, options);
}

}  // namespace

const std::vector<OutputKind>& OutputKinds() {
  static const auto* const kinds = new std::vector<OutputKind>{
      {"png", "image.png", "image/png", Png, OnePicture},
      {"jpeg", "image.jpg", "image/jpeg", Jpeg, OnePicture},
      {"webp", "image.webp", "image/webp", Webp, OnePicture},
      {"animated_webp", "animation.webp", "image/webp", AnimatedWebp, EachRow},
      {"checkpoint", "state.checkpoint", "application/x-phosphene-checkpoint"},
      {"contact_sheet", "sheet.png", "image/png", SheetPng, Sheet},
  };
  return *kinds;
}

const OutputKind* FindOutputKind(const v1::Output& output) {
  const auto* arm = output.GetReflection()->GetOneofFieldDescriptor(
      output, v1::Output::descriptor()->FindOneofByName("kind"));
  if (arm == nullptr) return nullptr;
  for (const OutputKind& kind : OutputKinds()) {
    if (arm->name() == kind.arm) return &kind;
  }
  return nullptr;
}

bool KeepsState(const v1::JobSpec& spec) {
  return std::any_of(spec.outputs().begin(), spec.outputs().end(),
                     [](const v1::Output& output) {
                       const OutputKind* kind = FindOutputKind(output);
                       return kind != nullptr && kind->encode == nullptr;
                     });
}

}  // namespace phosphene
