// `render` and `morph`: pictures of jobs that have ended.

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/field_rules.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

absl::StatusOr<FinishedJob> FetchFinished(Session& session,
                                          const std::string& name) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::GetJobRequest request;
  request.set_name(
      absl::StartsWith(name, "jobs/") ? name : absl::StrCat("jobs/", name));
  ASSIGN_OR_RETURN(const v1::Job job,
                   connection->Call(connection->jobs(),
                                    &v1::JobService::Stub::GetJob, request));
  return FinishedJobOf(job);
}

// Flags of commands that draw from finished jobs.
void AddDrawFlags(CLI::App* command, JobFlags* flags, std::string* size,
                  const std::string& extensions) {
  command->add_option(
      "--size", *size,
      absl::StrCat("size of the picture, N or WxH, ",
                   AllowedFor("spec.outputs.width", 1), " [the canvas]"));
  command
      ->add_option("-o,--output", flags->spec.outputs,
                   absl::StrCat("file to write, format by extension (",
                                extensions, "); may be repeated"))
      ->allow_extra_args(false);
  AddSubmitFlags(command, &flags->submit);
  command->add_flag("--detach", flags->submit.detach,
                    "print the job's name and return");
  command->add_flag("--spec-only", flags->submit.spec_only,
                    "print the JobSpec and stop; `submit` takes it");
}

}  // namespace

void AddRender(CLI::App& app, Dispatch& dispatch) {
  struct Flags : JobFlags {
    RenderOptions options;
    std::string job;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "render", "The picture of a finished job at another size");
  command->add_option("job", flags->job, "the job, with or without jobs/")
      ->required();
  AddDrawFlags(command, flags.get(), &flags->options.size,
               "png, jpg, webp, tif, ckpt; of several rows webp, gif, apng "
               "animated");
  command->add_flag("--sixteen-bits", flags->spec.sixteen_bits,
                    "PNGs of 16 bits a channel instead of 8, for editing");
  command->add_option("--over", flags->options.over,
                      "what shows through: black, white, checkerboard, or "
                      "board for all of them [keeps alpha]");
  command->footer("Example:\n  phosphene render a1b2c3 --size 4096 -o big.png");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    SetDefaultOutput(flags.get(), "render", "png");
    flags->options.outputs = flags->spec.outputs;
    ASSIGN_OR_RETURN(const FinishedJob job, FetchFinished(session, flags->job));
    ASSIGN_OR_RETURN(v1::JobSpec spec, RenderSpec(job, flags->options));
    if (flags->spec.sixteen_bits) RETURN_IF_ERROR(SetSixteenBits(&spec));
    return RunJob(session, spec, *flags);
  });
}

void AddMorph(CLI::App& app, Dispatch& dispatch) {
  struct Flags : JobFlags {
    MorphOptions options;
    std::vector<std::string> jobs;
  };
  auto flags = std::make_shared<Flags>();
  MorphOptions& options = flags->options;
  CLI::App* command = app.add_subcommand(
      "morph", "A loop of pictures through the weights of finished jobs");
  command->add_option("jobs", flags->jobs, "2..16 jobs of one kind")
      ->required()
      ->expected(2, 16);
  command
      ->add_option("--frames", options.frames,
                   absl::StrCat("of the whole loop, ",
                                AllowedFor("spec.parameterization.rows", 2)))
      ->capture_default_str();
  command
      ->add_option(
          "--fps", options.frames_per_second,
          absl::StrCat(
              "frames a second, ",
              AllowedFor("spec.outputs.animated_webp.frames_per_second")))
      ->capture_default_str();
  command
      ->add_option(
          "--exaggerate", options.exaggerate,
          absl::StrCat(
              "how much the weights grow between the jobs, ",
              AllowedFor("spec.parameterization.init.morph.exaggeration")))
      ->capture_default_str();
  AddDrawFlags(command, flags.get(), &options.size,
               "webp, gif, apng animated; png, jpg frames side by side; ckpt");
  command->footer(
      "Example:\n  phosphene morph a1b2c3 d4e5f6 --size 256 -o loop.webp");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    SetDefaultOutput(flags.get(), "morph", "webp");
    flags->options.outputs = flags->spec.outputs;
    std::vector<FinishedJob> jobs;
    for (const std::string& name : flags->jobs) {
      ASSIGN_OR_RETURN(FinishedJob job, FetchFinished(session, name));
      jobs.push_back(std::move(job));
    }
    ASSIGN_OR_RETURN(const v1::JobSpec spec, MorphSpec(jobs, flags->options));
    return RunJob(session, spec, *flags);
  });
}

}  // namespace phosphene::client
