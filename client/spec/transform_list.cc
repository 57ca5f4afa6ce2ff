// Transforms as text.

#include "client/spec/transform_list.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/base/failure.h"
#include "client/base/units.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

const std::vector<std::string>& Names() {
  static const std::vector<std::string> names = {
      "standard",   "none",   "transparent", "pad",  "jitter", "scale",
      "rotate",     "crop",   "flip",        "blur", "noise",  "color",
      "background", "resize", "roll",        "fit"};
  return names;
}

// A part of the list, split: name and values.
struct Part {
  std::string text;
  std::string name;
  std::vector<std::string> values;
};

absl::Status Count(const Part& part, size_t least, size_t most) {
  if (part.values.size() >= least && part.values.size() <= most)
    return absl::OkStatus();
  return UsageError(
      absl::StrCat("\"", part.text, "\" has ", part.values.size(),
                   " values behind ':'; ", part.name, " takes ", least,
                   least == most ? "" : absl::StrCat("..", most)));
}

absl::StatusOr<double> Number(const Part& part, size_t i) {
  double value = 0;
  if (!absl::SimpleAtod(part.values[i], &value) || !std::isfinite(value)) {
    return UsageError(absl::StrCat("\"", part.values[i], "\" in \"", part.text,
                                   "\" is no finite number"));
  }
  return value;
}

absl::StatusOr<int> Pixels(const Part& part) {
  int value = 0;
  if (!absl::SimpleAtoi(part.values[0], &value) || value < 0) {
    return UsageError(absl::StrCat("\"", part.values[0], "\" in \"", part.text,
                                   "\" is no number of pixels"));
  }
  return value;
}

// Without a size the network's own.
absl::Status FillFit(const Part& part, v1::FitTransform* fit) {
  RETURN_IF_ERROR(Count(part, 0, 1));
  if (part.values.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Size size, ParseSize(part.values[0]));
  fit->set_height(size.height);
  fit->set_width(size.width);
  return absl::OkStatus();
}

absl::Status FillGeometry(const Part& part, v1::Transform& out) {
  if (part.name == "fit") return FillFit(part, out.mutable_fit());
  if (part.name == "scale" || part.name == "rotate") {
    RETURN_IF_ERROR(Count(part, 1, 1024));
    for (size_t i = 0; i < part.values.size(); ++i) {
      ASSIGN_OR_RETURN(const double value, Number(part, i));
      if (part.name == "scale") {
        out.mutable_scale()->add_factors(value);
      } else {
        out.mutable_rotate()->add_angles(value);
      }
    }
    return absl::OkStatus();
  }
  if (part.name == "crop" || part.name == "resize") {
    RETURN_IF_ERROR(Count(part, 1, 1));
    ASSIGN_OR_RETURN(const Size size, ParseSize(part.values[0]));
    if (part.name == "crop") {
      out.mutable_crop()->set_height(size.height);
      out.mutable_crop()->set_width(size.width);
    } else {
      out.mutable_resize()->set_height(size.height);
      out.mutable_resize()->set_width(size.width);
    }
    return absl::OkStatus();
  }
  const bool optional = part.name == "roll";
  RETURN_IF_ERROR(Count(part, optional ? 0 : 1, 1));
  int pixels = 0;
  if (!part.values.empty()) {
    ASSIGN_OR_RETURN(pixels, Pixels(part));
  }
  if (part.name == "pad") out.mutable_pad()->set_pixels(pixels);
  if (part.name == "jitter") out.mutable_jitter()->set_pixels(pixels);
  if (part.name == "roll") out.mutable_roll()->set_pixels(pixels);
  return absl::OkStatus();
}

absl::Status FillColour(const Part& part, v1::Transform& out) {
  RETURN_IF_ERROR(Count(part, 0, 1));
  double value = 0;
  const bool given = !part.values.empty();
  if (given) {
    ASSIGN_OR_RETURN(value, Number(part, 0));
  }
  if (part.name == "flip") {
    out.mutable_flip();
    if (given) out.mutable_flip()->set_horizontal(value);
  } else if (part.name == "blur") {
    out.mutable_blur();
    if (given) out.mutable_blur()->set_max_sigma(value);
  } else if (part.name == "noise") {
    out.mutable_noise();
    if (given) out.mutable_noise()->set_sd(value);
  } else {
    out.mutable_color_noise();
    if (given) {
      out.mutable_color_noise()->set_gain_sd(value);
      out.mutable_color_noise()->set_offset_sd(value);
    }
  }
  return absl::OkStatus();
}

absl::Status Fill(const Part& part, v1::Transform& out) {
  using Preset = v1::PresetTransform;
  const bool plain = part.name == "standard" || part.name == "none" ||
                     part.name == "transparent" || part.name == "background";
  if (plain) RETURN_IF_ERROR(Count(part, 0, 0));
  if (part.name == "standard") {
    out.mutable_preset()->set_name(Preset::STANDARD);
  } else if (part.name == "none") {
    out.mutable_preset()->set_name(Preset::NONE);
  } else if (part.name == "transparent") {
    out.mutable_preset()->set_name(Preset::TRANSPARENT);
  } else if (part.name == "background") {
    out.mutable_random_background();
  } else if (part.name == "flip" || part.name == "blur" ||
             part.name == "noise" || part.name == "color") {
    return FillColour(part, out);
  } else {
    return FillGeometry(part, out);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Transform>>
ParseTransforms(absl::string_view text) {
  google::protobuf::RepeatedPtrField<v1::Transform> out;
  for (absl::string_view piece : absl::StrSplit(text, ',')) {
    Part part;
    part.text = std::string(piece);
    const bool per_row = absl::ConsumeSuffix(&piece, "/row");
    part.values = absl::StrSplit(piece, ':');
    part.name = part.values.front();
    part.values.erase(part.values.begin());
    bool known = false;
    for (const std::string& name : Names()) known |= name == part.name;
    if (!known) {
      const std::string hint = NearestHint(part.name, Names());
      return UsageError(absl::StrCat("no transform \"", part.name, "\"", hint,
                                     "; allowed ", QuotedList(Names())));
    }
    v1::Transform transform;
    RETURN_IF_ERROR(Fill(part, transform));
    if (per_row) transform.set_per_row(true);
    // `none` says so by adding nothing.
    if (part.name != "none") *out.Add() = std::move(transform);
  }
  return out;
}

}  // namespace phosphene::client
