// One verdict on the range of a network's pictures, from all that was seen.

#include "server/engine/onnx/info/range_verdict.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace phosphene::onnx {
namespace {

// Below this median contrast a network hardly sees the picture. Measured on
// Caffe's GoogLeNet and VGG19: 0.8 to 1.0 with the right range, 0.2 to 0.6
// when 0..255 is taken for 0..1.
constexpr double kLeastContrast = 0.65;
// Factor by which a channel's variance may differ from that of training before
// it counts as strange; networks differ by less than 10 on ordinary pictures.
constexpr double kVarianceFactor = 30;
// White above this is a range of bytes.
constexpr double kLargeRange = 100;

std::string Advice(bool too_small, const v1::ModelConfig& config) {
  const bool large = config.range_hi() > kLargeRange;
  if (too_small && !large)
    return "; does it expect larger values, such as --range 0,255?";
  if (!too_small && large)
    return "; does it expect smaller ones, such as --range 0,1 with --mean and "
           "--std?";
  return "; --range, --mean and --std state it";
}

}  // namespace

std::string RangeVerdict(const RangeEvidence& evidence,
                         const v1::ModelConfig& config) {
  if (evidence.variance) {
    const double ratio = *evidence.variance;
    const bool strange =
        ratio >= kVarianceFactor || ratio <= 1 / kVarianceFactor;
    if (!strange) return "";
    return absl::StrFormat(
        "activations vary %.3g times as much as in training (batch "
        "statistics): the range is probably too %s%s",
        ratio, ratio > 1 ? "large" : "small", Advice(ratio < 1, config));
  }
  const bool blind = evidence.contrast && *evidence.contrast < kLeastContrast;
  if (blind && evidence.certain) {
    return "the network answers grey, noise and a picture alike and is certain "
           "of it; are the weights trained and the range right?";
  }
  if (blind) {
    return absl::StrFormat(
        "the network hardly tells a picture from plain grey (contrast %.2f, "
        "usual are 0.8 to 1)%s",
        *evidence.contrast, Advice(true, config));
  }
  if (!evidence.certain) return "";
  return absl::StrCat(
      "the classifier is certain of grey, noise and a picture alike: the range "
      "is probably too large",
      Advice(false, config));
}

}  // namespace phosphene::onnx
