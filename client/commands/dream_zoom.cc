// `dream --zoom`: a flight into the dream, a job a frame.

#include "client/commands/dream_zoom.h"

#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/base/files.h"
#include "client/base/json.h"
#include "client/base/units.h"
#include "client/commands/follow.h"
#include "client/commands/run_job.h"
#include "client/remote/blobs.h"
#include "client/view/animation.h"
#include "client/view/pixels.h"
#include "client/view/zoom.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int kMaxFrames = 1000;
constexpr int64_t kMaxFrame = 1 << 28;
constexpr char kRate[] = "spec.outputs.animated_webp.frames_per_second";
constexpr char kGifRate[] = "spec.outputs.gif.frames_per_second";

// A folder that goes with the object.
class TemporaryFolder {
 public:
  static absl::StatusOr<TemporaryFolder> Make() {
    std::error_code error;
    std::string path =
        (std::filesystem::temp_directory_path(error) / "phosphene-XXXXXX")
            .string();
    if (error || mkdtemp(path.data()) == nullptr) {
      return absl::FailedPreconditionError(
          "--zoom: cannot make a folder in the temporary folder");
    }
    return TemporaryFolder(std::move(path));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept
      : path_(std::exchange(other.path_, "")) {}
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Standard output has no extension.
std::string FormatOf(const std::string& path) {
  return path == "-" ? "webp" : ExtensionOf(path);
}

absl::Status Check(const ZoomFlags& zoom, const JobFlags& flags) {
  if (zoom.frames < 2 || zoom.frames > kMaxFrames) {
    return FlagError(
        "--zoom",
        absl::StrCat(zoom.frames, " is not allowed; allowed 2..", kMaxFrames));
  }
  if (!(zoom.factor >= 1 && zoom.factor <= 2)) {
    return FlagError("--zoom-factor",
                     absl::StrCat(FormatNumber(zoom.factor),
                                  " is not allowed; allowed 1..2"));
  }
  RETURN_IF_ERROR(CheckFlag("--fps", zoom.frames_per_second, kRate));
  if (flags.submit.detach) {
    return FlagError("--detach",
                     "does not go with --zoom: each frame waits for the last");
  }
  for (const std::string& path : flags.spec.outputs) {
    if (FormatOf(path) == "gif")
      RETURN_IF_ERROR(CheckFlag("--fps", zoom.frames_per_second, kGifRate));
    if (IsAnimationExtension(FormatOf(path))) continue;
    return FlagError("-o", absl::StrCat("\"", path,
                                        "\" is not allowed with --zoom; a "
                                        ".webp, .gif or .apng file is"));
  }
  return absl::OkStatus();
}

// Runs one job to its end: its picture.
absl::StatusOr<Pixels> Picture(Session& session, const v1::JobSpec& spec,
                               const JobFlags& flags) {
  ASSIGN_OR_RETURN(const v1::Job job,
                   CreateJob(session, spec, flags.submit, ""));
  ASSIGN_OR_RETURN(const Followed followed,
                   Follow(session, job.name(), flags.watch));
  if (followed.detached)
    return absl::CancelledError("the flight ends where it was left");
  RETURN_IF_ERROR(StatusOf(followed.job));
  if (followed.job.artifacts_size() == 0) {
    return absl::InternalError(absl::StrCat(job.name(), " made no picture"));
  }
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  ASSIGN_OR_RETURN(
      const std::string bytes,
      ReadBlob(*connection, followed.job.artifacts(0).blob(), kMaxFrame));
  return DecodePixels(bytes);
}

absl::Status Write(Session& session, const std::vector<Image8>& frames,
                   const ZoomFlags& zoom, const std::string& path) {
  ASSIGN_OR_RETURN(
      const std::string bytes,
      EncodeAnimation(FormatOf(path), frames, zoom.frames_per_second));
  RETURN_IF_ERROR(WriteFileAtomically(path, bytes));
  session.Emit(
      JsonObject()
          .AddJson("saved",
                   JsonObject()
                       .Add("file", path)
                       .Add("media_type", "image/" + FormatOf(path))
                       .Add("bytes", static_cast<int64_t>(bytes.size()))
                       .Add("width", frames[0].width)
                       .Add("height", frames[0].height)
                       .Text())
          .Text());
  session.Print(absl::StrCat(path, "  (", frames[0].width, " x ",
                             frames[0].height, ", ", frames.size(), " frames, ",
                             FormatBytes(static_cast<int64_t>(bytes.size())),
                             ")"));
  return absl::OkStatus();
}

}  // namespace

void AddZoomFlags(CLI::App* command, ZoomFlags* flags) {
  command->add_option(
      "--zoom", flags->frames,
      absl::StrCat(
          "fly into the dream: frames of an animated webp, gif or apng, 2..",
          kMaxFrames));
  command
      ->add_option("--zoom-factor", flags->factor,
                   "with --zoom: enlargement a frame, 1..2")
      ->capture_default_str();
  command
      ->add_option(
          "--fps", flags->frames_per_second,
          absl::StrCat("with --zoom: frames a second, ", AllowedFor(kRate)))
      ->capture_default_str();
}

absl::Status RunZoom(Session& session, const DreamOptions& options,
                     const ZoomFlags& zoom, const JobFlags& flags) {
  RETURN_IF_ERROR(Check(zoom, flags));
  SpecOptions common = flags.spec;
  common.outputs = {"frame.png"};
  ASSIGN_OR_RETURN(v1::JobSpec spec, DreamSpec(options, common));
  if (flags.submit.spec_only) return RunJob(session, spec, flags);
  ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Make());
  const std::string start = absl::StrCat(folder.path(), "/frame.png");
  std::vector<Image8> frames;
  for (int i = 0; i < zoom.frames; ++i) {
    ASSIGN_OR_RETURN(Pixels frame, Picture(session, spec, flags));
    session.Note(absl::StrCat("frame ", i + 1, " of ", zoom.frames));
    RETURN_IF_ERROR(
        WriteFileAtomically(start, PngOf(ZoomIn(frame, zoom.factor))));
    frames.push_back(std::move(frame));
    common.start_from = start;
    common.start_noise.reset();
    ASSIGN_OR_RETURN(spec, DreamSpec(options, common));
  }
  for (const std::string& path : flags.spec.outputs)
    RETURN_IF_ERROR(Write(session, frames, zoom, path));
  return absl::OkStatus();
}

}  // namespace phosphene::client
