// `jobs`: list, get, watch, steer, fetch and delete.

#include <CLI/CLI.hpp>

#include <google/protobuf/util/time_util.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/base/failure.h"
#include "client/base/json.h"
#include "client/base/units.h"
#include "client/commands/commands.h"
#include "client/commands/follow.h"
#include "client/commands/job_flags.h"
#include "client/commands/job_table.h"
#include "client/commands/run_job.h"
#include "client/spec/spec_file.h"
#include "client/view/progress.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

std::string JobName(const std::string& name) {
  return absl::StartsWith(name, "jobs/") ? name : absl::StrCat("jobs/", name);
}

absl::StatusOr<v1::Job> GetJob(Session& session, const std::string& name) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::GetJobRequest request;
  request.set_name(JobName(name));
  return connection->Call(connection->jobs(), &v1::JobService::Stub::GetJob,
                          request);
}

CLI::Option* AddJobArgument(CLI::App* command, std::string* name) {
  return command
      ->add_option("job", *name, "name of the job, with or without jobs/")
      ->required()
      ->type_name("JOB");
}

void AddList(CLI::App* jobs, Dispatch& dispatch) {
  struct Flags {
    std::string filter;
    int limit = 20;
    bool full = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = jobs->add_subcommand("list", "Jobs, newest first");
  command->add_option(
      "--filter", flags->filter,
      "such as \"state = RUNNING AND labels.project = gallery\"");
  command->add_option("--limit", flags->limit, "at most so many, 0: all")
      ->capture_default_str();
  command->add_flag("--full", flags->full,
                    "with whole specs, for --json; slower");
  command->footer(
      "Example:\n  phosphene jobs list --filter \"state = RUNNING\"");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    if (flags->limit < 0) {
      return FlagError(
          "--limit",
          absl::StrCat(flags->limit, " is not allowed; 0 or more is"));
    }
    ASSIGN_OR_RETURN(const JobPage page, FetchJobs(session, flags->filter,
                                                   flags->limit, flags->full));
    for (const v1::Job& job : page.jobs) session.Emit(ToJson(job));
    session.Print(page.jobs.empty() ? "no jobs" : JobTable(page.jobs));
    if (page.total > static_cast<int64_t>(page.jobs.size())) {
      session.Note(absl::StrCat(page.jobs.size(), " of ", page.total,
                                "; --limit 0 lists all"));
    }
    return absl::OkStatus();
  });
}

void AddGet(CLI::App* jobs, Dispatch& dispatch) {
  struct Flags {
    std::string name;
    bool spec = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      jobs->add_subcommand("get", "One job: state, times, artifacts");
  AddJobArgument(command, &flags->name);
  command->add_flag("--spec", flags->spec,
                    "print its JobSpec alone, as `submit` takes it");
  command->footer(
      "Example:\n  phosphene jobs get a1b2c3 --spec > again.textproto");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Job job, GetJob(session, flags->name));
    if (flags->spec) {
      session.Answer(job.spec(), SpecToText(job.spec()));
    } else {
      session.Answer(job, JobDetails(job));
    }
    return absl::OkStatus();
  });
}

// The artifact asked for by name, or the first; an error lists them.
absl::StatusOr<v1::Artifact> PickArtifact(const v1::Job& job,
                                          const std::string& name) {
  std::vector<std::string> names;
  for (const v1::Artifact& artifact : job.artifacts()) {
    if (name.empty() || artifact.name() == name) return artifact;
    names.push_back(artifact.name());
  }
  if (names.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        job.name(), " is ", StateName(job.state()), " and has no artifacts"));
  }
  return FlagError("--artifact",
                   absl::StrCat("\"", name, "\" is none of ", job.name(),
                                "; allowed ", QuotedList(names)));
}

void AddResult(CLI::App* jobs, Dispatch& dispatch) {
  struct Flags {
    std::string name, artifact;
    std::string output;
    bool all = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = jobs->add_subcommand("result", "Fetch what a job made");
  AddJobArgument(command, &flags->name);
  command->add_option("-o,--output", flags->output,
                      "file to write [the artifact's name]");
  command->add_option("--artifact", flags->artifact,
                      "which, by name [the first]");
  command->add_flag("--all", flags->all, "all of them, under their own names");
  command->footer("Example:\n  phosphene jobs result a1b2c3 -o picture.png");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Job job, GetJob(session, flags->name));
    // What a failed job left is nothing: its error says more.
    if (job.artifacts().empty()) RETURN_IF_ERROR(StatusOf(job));
    if (flags->all) {
      std::vector<WantedFile> wanted;
      for (const v1::Artifact& artifact : job.artifacts()) {
        wanted.push_back({artifact.name(), artifact.name()});
      }
      return SaveArtifacts(session, job, wanted);
    }
    ASSIGN_OR_RETURN(const v1::Artifact artifact,
                     PickArtifact(job, flags->artifact));
    return SaveArtifact(
        session, artifact,
        flags->output.empty() ? artifact.name() : flags->output);
  });
}

void AddWatch(CLI::App* jobs, Dispatch& dispatch) {
  struct Flags {
    std::string name, output;
    int64_t after = 0;
    WatchFlags watch;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = jobs->add_subcommand("watch", "Follow a job to its end");
  AddJobArgument(command, &flags->name);
  command->add_option("-o,--output", flags->output,
                      "file for its first artifact");
  command->add_option("--after", flags->after,
                      "sequence of the last event seen, to go on from");
  AddWatchFlags(command, &flags->watch);
  command->footer(
      "Example:\n  phosphene jobs watch a1b2c3 -o picture.png --preview");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    const std::string name = JobName(flags->name);
    ASSIGN_OR_RETURN(const Followed followed,
                     Follow(session, name, flags->watch, flags->after));
    if (followed.detached) return absl::OkStatus();
    if (!flags->output.empty() && followed.job.artifacts_size() > 0) {
      RETURN_IF_ERROR(
          SaveArtifact(session, followed.job.artifacts(0), flags->output));
    }
    if (followed.job.state() == v1::Job::SUCCEEDED) {
      TellRun(session, followed.job);
    }
    return StatusOf(followed.job);
  });
}

// cancel, pause and resume: the same call on several jobs.
template <typename Request>
void AddSteering(CLI::App* jobs, Dispatch& dispatch, const char* verb,
                 const char* help,
                 grpc::Status (v1::JobService::Stub::*method)(
                     grpc::ClientContext*, const Request&, v1::Job*)) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = jobs->add_subcommand(verb, help);
  command->add_option("job", *names, "names of jobs, with or without jobs/")
      ->required()
      ->type_name("JOB");
  command->footer(absl::StrCat("Example:\n  phosphene jobs ", verb, " a1b2c3"));
  dispatch.On(command, [names, method](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    for (const std::string& name : *names) {
      Request request;
      request.set_name(JobName(name));
      ASSIGN_OR_RETURN(const v1::Job job,
                       connection->Call(connection->jobs(), method, request));
      session.Answer(job,
                     absl::StrCat(job.name(), " ", StateName(job.state())));
    }
    return absl::OkStatus();
  });
}

void AddDelete(CLI::App* jobs, Dispatch& dispatch) {
  struct Flags {
    std::vector<std::string> names;
    bool force = false;
    bool missing_ok = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      jobs->add_subcommand("delete", "Remove jobs that have ended");
  command
      ->add_option("job", flags->names, "names of jobs, with or without jobs/")
      ->required()
      ->type_name("JOB");
  command->add_flag("--force", flags->force,
                    "cancel it first when it has not ended");
  command->add_flag("--missing-ok", flags->missing_ok,
                    "no error when there is no such job");
  command->footer("Example:\n  phosphene jobs delete a1b2c3");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    for (const std::string& name : flags->names) {
      v1::DeleteJobRequest request;
      request.set_name(JobName(name));
      request.set_force(flags->force);
      request.set_allow_missing(flags->missing_ok);
      RETURN_IF_ERROR(connection
                          ->Call(connection->jobs(),
                                 &v1::JobService::Stub::DeleteJob, request)
                          .status());
      session.Emit(JsonObject().Add("deleted", request.name()).Text());
      session.Print(absl::StrCat(request.name(), " deleted"));
    }
    return absl::OkStatus();
  });
}

void AddUpdate(CLI::App* jobs, Dispatch& dispatch) {
  struct Flags {
    std::string name;
    SubmitFlags submit;
    CLI::App* command = nullptr;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      jobs->add_subcommand("update", "Change priority or labels");
  flags->command = command;
  AddJobArgument(command, &flags->name);
  AddSubmitFlags(command, &flags->submit);
  command->footer("Example:\n  phosphene jobs update a1b2c3 --priority 10");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    ASSIGN_OR_RETURN(const auto labels, ParseLabels(flags->submit.labels));
    v1::UpdateJobRequest request;
    request.mutable_job()->set_name(JobName(flags->name));
    if (flags->command->count("--priority") > 0) {
      request.mutable_job()->set_priority(flags->submit.priority);
      request.mutable_update_mask()->add_paths("priority");
    }
    if (!labels.empty()) {
      // Labels are one field: those not named again would be lost.
      ASSIGN_OR_RETURN(const v1::Job old, GetJob(session, flags->name));
      *request.mutable_job()->mutable_labels() = old.labels();
      for (const auto& [key, value] : labels)
        (*request.mutable_job()->mutable_labels())[key] = value;
      request.mutable_job()->set_etag(old.etag());
      request.mutable_update_mask()->add_paths("labels");
    }
    if (request.update_mask().paths().empty()) {
      return UsageError(
          "nothing to change; use --priority N or --label KEY=VALUE");
    }
    ASSIGN_OR_RETURN(
        const v1::Job job,
        connection->Call(connection->jobs(), &v1::JobService::Stub::UpdateJob,
                         request));
    session.Answer(job, JobDetails(job));
    return absl::OkStatus();
  });
}

}  // namespace

void AddJobs(CLI::App& app, Dispatch& dispatch) {
  CLI::App* jobs = app.add_subcommand("jobs", "Look at jobs and steer them");
  jobs->require_subcommand(1);
  AddList(jobs, dispatch);
  AddGet(jobs, dispatch);
  AddWatch(jobs, dispatch);
  AddResult(jobs, dispatch);
  AddSteering(jobs, dispatch, "cancel",
              "Stop jobs; a running one within two steps",
              &v1::JobService::Stub::CancelJob);
  AddSteering(jobs, dispatch, "pause",
              "Take jobs off their device, at a checkpoint",
              &v1::JobService::Stub::PauseJob);
  AddSteering(jobs, dispatch, "resume", "Queue paused jobs again",
              &v1::JobService::Stub::ResumeJob);
  AddUpdate(jobs, dispatch);
  AddDelete(jobs, dispatch);
}

}  // namespace phosphene::client
