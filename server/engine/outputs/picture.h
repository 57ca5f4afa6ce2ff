#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/outputs/interface.h"
#include "server/imaging/image.h"

namespace phosphene {

// What outputs that are pictures share.

// The size an output is rendered at: its own, the missing side by the aspect
// of the canvas, or the canvas.
Canvas RenderSize(const v1::Output& output, const Canvas& canvas);

// Every row at the output's size, over its backdrop; of an object in space a
// view each, from the output's viewpoint on round it. Where the
// parameterization can, a large picture is made a few lines at a time, so that
// it is never held as floats: CANCELLED when `stop` comes between two parts.
absl::StatusOr<std::vector<Image8>> RenderRows(const OutputSource& source,
                                               const v1::Output& output);
// `count` views of the object round a whole turn, likewise.
absl::StatusOr<std::vector<Image8>> RenderTurn(const OutputSource& source,
                                               const v1::Output& output,
                                               int64_t count);
// The row asked for, or all of them in a near-square grid.
absl::StatusOr<Image8> RenderOne(const OutputSource& source,
                                 const v1::Output& output);

// PNG with what tells how the image was made: spec, seed and version.
absl::StatusOr<std::string> EncodePngOf(const v1::JobSpec& spec, bool metadata,
                                        const Image8& image);

// One file of a picture's size (0 for what is none).
std::vector<RunArtifact> OneFile(absl::string_view name,
                                 absl::string_view media_type,
                                 std::string bytes, int width = 0,
                                 int height = 0);

}  // namespace phosphene
