// `sheet`: a contact sheet of many channels, of several jobs where it must.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/base/files.h"
#include "client/base/units.h"
#include "client/commands/commands.h"
#include "client/commands/follow.h"
#include "client/commands/job_flags.h"
#include "client/commands/layers.h"
#include "client/commands/run_job.h"
#include "client/presets/presets.h"
#include "client/view/pixels.h"
#include "server/base/status_macros.h"
#include "server/imaging/layout.h"

namespace phosphene::client {
namespace {

// Pixels between the parts of a sheet, as between its pictures (the default
// of ContactSheetOutput.gap).
constexpr int kGap = 4;
constexpr int64_t kMaxPart = 1 << 28;

// Rows of one job: as many as its objectives may be.
int MostRows() { return MostEntriesOf("spec.objectives"); }

struct Flags : JobFlags {
  std::string layer;
  std::string channels;
  int count = 0;
  int columns = 0;
};

absl::StatusOr<std::vector<int>> Channels(Session& session,
                                          const Flags& flags) {
  if (!flags.channels.empty()) {
    auto channels = ParseRanges(flags.channels);
    if (!channels.ok())
      return FlagError("--channels", channels.status().message());
    return channels;
  }
  int count = flags.count;
  if (count < 0)
    return FlagError("--count",
                     absl::StrCat(count, " is not allowed; 1 or more is"));
  if (count == 0) {
    ASSIGN_OR_RETURN(count,
                     FetchChannelCount(session, flags.spec.model, flags.layer));
  }
  std::vector<int> channels(static_cast<size_t>(count));
  std::iota(channels.begin(), channels.end(), 0);
  return channels;
}

// A part below another, with a gap like those between its pictures.
Pixels Join(const std::vector<Image8>& parts) {
  phosphene::GridOptions options;
  options.columns = 1;
  options.gap = kGap;
  return Pixels(Grid(parts, options));
}

// The last part of a sheet may be narrower: widen it with white.
Pixels Widen(const Pixels& part, int width) {
  if (part.width >= width) return part;
  Pixels out = Pixels::Make(width, part.height, part.channels);
  std::fill(out.pixels.begin(), out.pixels.end(), uint8_t{255});
  for (int y = 0; y < part.height; ++y) {
    std::copy_n(part.At(0, y), static_cast<size_t>(part.width) * part.channels,
                out.At(0, y));
  }
  return out;
}

absl::StatusOr<std::vector<v1::JobSpec>> Specs(
    const Flags& flags, const std::vector<int>& channels) {
  SheetOptions options;
  options.layer = flags.layer;
  const int count = static_cast<int>(channels.size());
  options.columns =
      flags.columns > 0
          ? flags.columns
          : static_cast<int>(std::ceil(std::sqrt(static_cast<double>(count))));
  options.columns = std::min(options.columns, MostRows());
  // Whole lines a job, so that the parts fit together.
  const int rows = MostRows() / options.columns * options.columns;
  const int columns = options.columns;
  std::vector<v1::JobSpec> specs;
  for (int first = 0; first < count; first += rows) {
    const auto begin = channels.begin() + first;
    const int part = std::min(rows, count - first);
    options.channels.assign(begin, begin + part);
    // A last line alone may be shorter than the others.
    options.columns = std::min(columns, part);
    ASSIGN_OR_RETURN(v1::JobSpec spec, SheetSpec(options, flags.spec));
    specs.push_back(std::move(spec));
  }
  return specs;
}

// Several jobs, queued at once, watched one after another, joined in a file.
absl::Status RunParts(Session& session, const std::vector<v1::JobSpec>& specs,
                      const Flags& flags) {
  std::vector<std::string> names;
  for (const v1::JobSpec& spec : specs) {
    ASSIGN_OR_RETURN(const v1::Job job,
                     CreateJob(session, spec, flags.submit, ""));
    names.push_back(job.name());
    if (flags.submit.detach) session.Answer(job, job.name());
  }
  if (flags.submit.detach) return absl::OkStatus();
  std::vector<Image8> parts;
  for (size_t i = 0; i < names.size(); ++i) {
    session.Note(absl::StrCat("part ", i + 1, " of ", names.size()));
    ASSIGN_OR_RETURN(const Followed followed,
                     Follow(session, names[i], flags.watch));
    if (followed.detached) return absl::OkStatus();
    RETURN_IF_ERROR(StatusOf(followed.job));
    TellRun(session, followed.job);
    if (followed.job.artifacts_size() == 0) {
      return absl::InternalError(absl::StrCat(names[i], " made no picture"));
    }
    ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    ASSIGN_OR_RETURN(
        const std::string bytes,
        ReadBlob(*connection, followed.job.artifacts(0).blob(), kMaxPart));
    ASSIGN_OR_RETURN(const Pixels part, DecodePixels(bytes));
    parts.push_back(parts.empty() ? part : Widen(part, parts[0].width));
  }
  const Pixels sheet = Join(parts);
  const std::string png =
      PngOf(sheet, {{"Software", "Phosphene " PHOSPHENE_VERSION},
                    {"phosphene.command", session.globals().command_line}});
  for (const std::string& path : flags.spec.outputs) {
    RETURN_IF_ERROR(WriteFileAtomically(path, png));
    session.Print(
        absl::StrCat(path, "  (", sheet.width, " x ", sheet.height, ")"));
  }
  return absl::OkStatus();
}

absl::Status Run(Session& session, Flags& flags) {
  if (flags.columns < 0 || flags.columns > MostRows()) {
    return FlagError("--columns",
                     absl::StrCat(flags.columns, " is not allowed; allowed 1..",
                                  MostRows()));
  }
  SetDefaultOutput(&flags, "sheet", "png");
  ASSIGN_OR_RETURN(const std::vector<int> channels, Channels(session, flags));
  ASSIGN_OR_RETURN(const std::vector<v1::JobSpec> specs,
                   Specs(flags, channels));
  if (flags.submit.spec_only || specs.size() == 1) {
    for (const v1::JobSpec& spec : specs)
      RETURN_IF_ERROR(RunJob(session, spec, flags));
    return absl::OkStatus();
  }
  return RunParts(session, specs, flags);
}

}  // namespace

void AddSheet(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "sheet", "Contact sheet: many channels of a layer at once");
  command->add_option("--layer", flags->layer, "layer, by name or alias")
      ->required();
  CLI::Option* channels = command->add_option("--channels", flags->channels,
                                              "channels such as 0-15,20 [all]");
  command->add_option("--count", flags->count, "the first N channels [all]")
      ->excludes(channels);
  command->add_option(
      "--columns", flags->columns,
      absl::StrCat("pictures in a line, 1..", MostRows(), " [near-square]"));
  JobFlagSet which;
  which.objective = false;
  which.size = "128";
  which.steps = "256";
  which.output = "sheet.png";
  which.extensions = "png";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "More than 64 channels run as several jobs, joined in one picture.\n\n"
      "Example:\n  phosphene sheet --layer mixed4a --channels 0-15 --columns 4 "
      "-o sheet.png");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
