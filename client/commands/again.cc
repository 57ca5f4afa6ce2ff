// `again`: a picture that Phosphene wrote, made anew.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/base/files.h"
#include "client/commands/commands.h"
#include "client/commands/follow.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/presets/options.h"
#include "client/spec/file_refs.h"
#include "client/spec/picture_spec.h"
#include "client/spec/set_path.h"
#include "client/spec/spec_file.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

struct Flags {
  std::string picture;
  std::optional<uint64_t> seed;
  std::optional<int> steps;
  std::vector<std::string> sets;
  std::vector<std::string> outputs;
  bool show = false;
  SubmitFlags submit;
  WatchFlags view;
};

// Puts the flags over the spec. The command that made the picture made another
// spec than a changed one, so the new picture tells the line typed now.
absl::Status Change(const Flags& flags, v1::JobSpec* spec) {
  if (!flags.seed && !flags.steps && flags.sets.empty())
    return absl::OkStatus();
  spec->clear_command();
  if (flags.seed) spec->set_seed(*flags.seed);
  if (flags.steps) {
    RETURN_IF_ERROR(CheckFlag("--steps", *flags.steps, "spec.steps"));
    spec->set_steps(*flags.steps);
  }
  for (const std::string& assignment : flags.sets) {
    const absl::Status status = SetPath(spec, assignment);
    if (!status.ok()) return FlagError("--set", status.message());
  }
  return absl::OkStatus();
}

// The kinds of outputs that files of this name are for, as Output.kind_case.
std::set<int> KindsFor(const std::string& path) {
  std::set<int> kinds;
  for (OutputStyle style : {OutputStyle::kImage, OutputStyle::kAnimation,
                            OutputStyle::kSheet, OutputStyle::kMesh}) {
    v1::JobSpec scratch;
    if (AddOutputs({path}, style, &scratch).ok())
      kinds.insert(scratch.outputs(0).kind_case());
  }
  return kinds;
}

// The output of the spec that each file is for: the first of its format that no
// other file has; where the spec has none it is added.
absl::StatusOr<std::vector<int>> OutputsFor(
    const std::vector<std::string>& files, v1::JobSpec* spec) {
  std::vector<int> out;
  std::set<int> taken;
  for (const std::string& file : files) {
    const std::set<int> kinds = KindsFor(file);
    int at = 0;
    while (at < spec->outputs_size() &&
           (taken.count(at) > 0 ||
            kinds.count(spec->outputs(at).kind_case()) == 0)) {
      ++at;
    }
    if (at == spec->outputs_size()) {
      const bool object = spec->parameterization().has_texture();
      RETURN_IF_ERROR(AddOutputs(
          {file}, object ? OutputStyle::kMesh : OutputStyle::kImage, spec));
    }
    taken.insert(at);
    out.push_back(at);
  }
  return out;
}

absl::StatusOr<std::vector<BlobRef>> Missing(Session& session,
                                             const v1::JobSpec& spec) {
  std::vector<BlobRef> refs = BlobsIn(spec, "spec");
  if (refs.empty()) return refs;
  std::set<std::string> names;
  for (const BlobRef& ref : refs) names.insert(ref.name);
  v1::StatBlobsRequest request;
  request.mutable_names()->Add(names.begin(), names.end());
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  ASSIGN_OR_RETURN(
      const v1::StatBlobsResponse response,
      connection->Call(connection->blobs(), &v1::BlobService::Stub::StatBlobs,
                       request));
  const std::set<std::string> missing(response.missing().begin(),
                                      response.missing().end());
  refs.erase(std::remove_if(refs.begin(), refs.end(),
                            [&](const BlobRef& ref) {
                              return missing.count(ref.name) == 0;
                            }),
             refs.end());
  return refs;
}

// What the spec names and the server lacks is sent again where the files still
// lie where the picture's command has them.
absl::Status SendMissing(Session& session, const Flags& flags,
                         const v1::JobSpec& original, const v1::JobSpec& spec) {
  ASSIGN_OR_RETURN(const std::vector<BlobRef> missing, Missing(session, spec));
  std::set<std::string> names;
  for (const BlobRef& ref : missing) names.insert(ref.name);
  const std::string folder =
      std::filesystem::path(flags.picture).parent_path().string();
  ASSIGN_OR_RETURN(
      const std::vector<std::string> left,
      FindFilesAgain(original, {names.begin(), names.end()}, folder,
                     [&](const std::string& path) {
                       session.Note(absl::StrCat("sends ", path, " again"));
                       return SendFile(session, path).status();
                     }));
  if (left.empty()) return absl::OkStatus();
  const auto ref =
      std::find_if(missing.begin(), missing.end(),
                   [&](const BlobRef& blob) { return blob.name == left[0]; });
  const std::string made = original.command().empty()
                               ? ""
                               : absl::StrCat(". The picture was made by `",
                                              original.command(), "`");
  return UsageError(absl::StrCat(ref->field, ": this server has no ", ref->name,
                                 made, "; name the file by --set ",
                                 absl::StripPrefix(ref->field, "spec."),
                                 "=file:PATH"));
}

absl::Status Show(Session& session, const v1::JobSpec& spec) {
  v1::JobSpec bare = spec;
  bare.clear_command();
  const std::string line =
      spec.command().empty()
          ? ""
          : absl::StrCat("# ",
                         absl::StrReplaceAll(spec.command(), {{"\n", "\n# "}}),
                         "\n");
  session.Answer(spec, absl::StrCat(line, SpecToText(bare)));
  return absl::OkStatus();
}

// A job without outputs makes one file all the same.
std::vector<WantedFile> WantedOf(const v1::Job& job, const v1::JobSpec& spec,
                                 const std::vector<int>& outputs,
                                 const std::vector<std::string>& files) {
  std::vector<WantedFile> wanted;
  for (size_t i = 0; i < files.size(); ++i) {
    std::string name =
        outputs[i] < spec.outputs_size() ? spec.outputs(outputs[i]).name() : "";
    if (name.empty() && outputs[i] < job.artifacts_size())
      name = job.artifacts(outputs[i]).name();
    wanted.push_back({std::move(name), files[i]});
  }
  return wanted;
}

absl::Status Run(Session& session, Flags& flags) {
  ASSIGN_OR_RETURN(const SpecFile file, LoadSpec(flags.picture));
  if (!file.is_picture) {
    return UsageError(absl::StrCat(
        flags.picture, " is a spec, not a picture; `phosphene submit ",
        flags.picture, "` runs it"));
  }
  if (flags.show) return Show(session, file.spec);
  v1::JobSpec spec = file.spec;
  RETURN_IF_ERROR(Change(flags, &spec));
  if (flags.outputs.empty()) {
    flags.outputs = {
        FreeName(std::filesystem::path(flags.picture).stem().string(), "png")};
  }
  std::vector<int> outputs = {0};
  if (!spec.outputs().empty() || flags.outputs.size() > 1 ||
      ExtensionOf(flags.outputs[0]) != "png") {
    ASSIGN_OR_RETURN(outputs, OutputsFor(flags.outputs, &spec));
  }
  if (flags.submit.spec_only) {
    session.Answer(spec, SpecToText(spec));
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(SendMissing(session, flags, file.spec, spec));
  ASSIGN_OR_RETURN(const v1::Job job,
                   CreateJob(session, spec, flags.submit, ""));
  if (flags.submit.detach) {
    session.Answer(job, job.name());
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Followed followed,
                   Follow(session, job.name(), flags.view));
  if (followed.detached) return absl::OkStatus();
  RETURN_IF_ERROR(
      SaveArtifacts(session, followed.job,
                    WantedOf(followed.job, spec, outputs, flags.outputs)));
  if (followed.job.state() == v1::Job::SUCCEEDED)
    TellRun(session, followed.job);
  return StatusOf(followed.job);
}

void AddChanges(CLI::App* command, Flags* flags) {
  command->add_option("--seed", flags->seed, "another seed: another picture")
      ->check([](const std::string& text) -> std::string {
        if (text.empty() || text[0] != '-') return "";
        return absl::StrCat("\"", text,
                            "\" is not allowed; a whole number >= 0 is");
      });
  command->add_option("--steps", flags->steps,
                      absl::StrCat("steps, ", AllowedFor("spec.steps")));
  command
      ->add_option("--set", flags->sets,
                   "change a field: PATH=VALUE; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option("-o,--output", flags->outputs,
                   "file (png, jpg, webp, ...); may be repeated [the "
                   "picture's name, with a number]")
      ->allow_extra_args(false);
  command->add_flag("--show", flags->show,
                    "print the command and the spec that made it, and stop");
  command->add_flag("--detach", flags->submit.detach,
                    "print the job's name and return");
  command->add_flag("--spec-only", flags->submit.spec_only,
                    "print the changed spec and stop");
}

}  // namespace

void AddAgain(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "again", "Make a picture anew from the spec it carries, changed or not");
  command
      ->add_option("picture", flags->picture,
                   "PNG that Phosphene wrote; other formats keep no spec")
      ->required()
      ->type_name("FILE.png");
  AddChanges(command, flags.get());
  AddSubmitFlags(command, &flags->submit);
  AddWatchFlags(command, &flags->view);
  command->footer(
      "Example:\n  phosphene again feature.png --seed 7 -o another.png\n"
      "  phosphene again feature.png --show");
  dispatch.TellSpecByPath(command);
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
