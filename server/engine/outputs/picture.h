#pragma once

#include <string>
#include <utility>
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
// The frames of an animation: of an object in space `turn` views of a whole
// turn (0: 36), else every row.
absl::StatusOr<std::vector<Image8>> RenderFrames(const OutputSource& source,
                                                 const v1::Output& output,
                                                 int turn);
// The row asked for, or all of them in a near-square grid; with 8 or 16 bits.
absl::StatusOr<Image8> RenderOne(const OutputSource& source,
                                 const v1::Output& output);
absl::StatusOr<Image16> RenderOne16(const OutputSource& source,
                                    const v1::Output& output);

// What a PNG tells of how it was made, as text chunks: version, seed, spec, and
// the command line where there is one.
std::vector<std::pair<std::string, std::string>> PngTextOf(
    const v1::JobSpec& spec);
// PNG with that text, or without.
absl::StatusOr<std::string> EncodePngOf(const v1::JobSpec& spec, bool metadata,
                                        const Image8& image);
absl::StatusOr<std::string> EncodePngOf(const v1::JobSpec& spec, bool metadata,
                                        const Image16& image);
// "Phosphene 1.2, seed 3": what formats hold that have no room for a spec.
std::string CommentOf(const v1::JobSpec& spec);

// One file of a picture's size (0 for what is none).
std::vector<RunArtifact> OneFile(absl::string_view name,
                                 absl::string_view media_type,
                                 std::string bytes, int width = 0,
                                 int height = 0);

}  // namespace phosphene
