// `submit`: a job of any spec in a file.

#include <CLI/CLI.hpp>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/commands/commands.h"
#include "client/commands/follow.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/spec/picture_spec.h"
#include "client/spec/set_path.h"
#include "client/spec/spec_file.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

struct Flags {
  std::string path;
  std::vector<std::string> sets;
  std::vector<std::string> outputs;
  bool watch = false;
  bool spec_only = false;
  SubmitFlags submit;
  WatchFlags view;
};

absl::StatusOr<v1::JobSpec> SpecOf(const Flags& flags) {
  ASSIGN_OR_RETURN(SpecFile file, LoadSpec(flags.path));
  // The command of a picture made another spec than a changed one.
  if (!flags.sets.empty()) file.spec.clear_command();
  for (const std::string& assignment : flags.sets) {
    const absl::Status status = SetPath(&file.spec, assignment);
    if (!status.ok()) return FlagError("--set", status.message());
  }
  return std::move(file.spec);
}

// -o names files for the spec's outputs, in order; where the spec has none,
// it says the formats as well.
absl::Status FitOutputs(const Flags& flags, v1::JobSpec* spec) {
  if (flags.outputs.empty()) return absl::OkStatus();
  if (spec->outputs().empty())
    return AddOutputs(flags.outputs, OutputStyle::kImage, spec);
  if (static_cast<int>(flags.outputs.size()) > spec->outputs_size()) {
    return FlagError(
        "-o", absl::StrCat(flags.outputs.size(), " files for ",
                           spec->outputs_size(), " outputs of the spec"));
  }
  return absl::OkStatus();
}

// The file that each -o is for: of its output's name, else the next.
std::vector<WantedFile> WantedOf(const v1::Job& job, const Flags& flags) {
  std::vector<WantedFile> wanted;
  for (size_t i = 0; i < flags.outputs.size(); ++i) {
    const int at = static_cast<int>(i);
    std::string name =
        at < job.spec().outputs_size() ? job.spec().outputs(at).name() : "";
    if (name.empty() && at < job.artifacts_size())
      name = job.artifacts(at).name();
    if (!name.empty() && job.artifacts_size() > 0)
      wanted.push_back({std::move(name), flags.outputs[i]});
  }
  return wanted;
}

absl::Status Watch(Session& session, const v1::Job& job, const Flags& flags) {
  ASSIGN_OR_RETURN(const Followed followed,
                   Follow(session, job.name(), flags.view));
  if (followed.detached) return absl::OkStatus();
  const int made = followed.job.artifacts_size();
  RETURN_IF_ERROR(
      SaveArtifacts(session, followed.job, WantedOf(followed.job, flags)));
  if (followed.job.state() == v1::Job::SUCCEEDED)
    TellRun(session, followed.job);
  if (flags.outputs.empty() && made > 0) {
    session.Note(absl::StrCat("`phosphene jobs result ", job.name(),
                              " -o FILE` fetches ",
                              followed.job.artifacts(0).name()));
  }
  return StatusOf(followed.job);
}

absl::Status Run(Session& session, const Flags& flags) {
  ASSIGN_OR_RETURN(v1::JobSpec spec, SpecOf(flags));
  RETURN_IF_ERROR(FitOutputs(flags, &spec));
  if (flags.spec_only) {
    session.Answer(spec, SpecToText(spec));
    return absl::OkStatus();
  }
  const std::string folder =
      flags.path == "-"
          ? ""
          : std::filesystem::path(flags.path).parent_path().string();
  ASSIGN_OR_RETURN(const v1::Job job,
                   CreateJob(session, std::move(spec), flags.submit, folder));
  if (flags.watch || flags.view.preview || !flags.outputs.empty()) {
    return Watch(session, job, flags);
  }
  session.Answer(job, job.name());
  return absl::OkStatus();
}

}  // namespace

void AddSubmit(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("submit", "Make a job of a JobSpec file or a picture");
  command
      ->add_option("spec", flags->path,
                   "JobSpec in text format or JSON, or a PNG that Phosphene "
                   "wrote; - for standard input")
      ->required()
      ->type_name("SPEC");
  command
      ->add_option("--set", flags->sets,
                   "change a field: PATH=VALUE; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option("-o,--output", flags->outputs,
                   "file for the spec's next output; may be repeated; watches")
      ->allow_extra_args(false);
  command->add_flag("--watch", flags->watch,
                    "watch to the end instead of returning at once");
  command->add_flag("--spec-only", flags->spec_only,
                    "print the spec with --set applied and stop");
  AddSubmitFlags(command, &flags->submit);
  AddWatchFlags(command, &flags->view);
  command->footer(
      "A blob field of the spec may say file:PATH; the file is uploaded first. "
      "Relative paths "
      "start at the spec's folder.\n\n"
      "Example:\n  phosphene submit feature.textproto --set "
      "objectives[0].channel.channel=5 "
      "-o five.png\n"
      "  phosphene submit five.png --set steps=1024 -o longer.png");
  dispatch.TellSpecByPath(command);
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
