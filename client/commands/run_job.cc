// From a spec to the files it makes: upload, create, watch, fetch.

#include "client/commands/run_job.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/base/byte_source.h"
#include "client/base/failure.h"
#include "client/base/json.h"
#include "client/base/units.h"
#include "client/commands/follow.h"
#include "client/mesh/joined_mesh.h"
#include "client/spec/file_refs.h"
#include "client/spec/spec_file.h"
#include "server/base/status_macros.h"
#include "server/base/utf8.h"

namespace phosphene::client {
namespace {

using google::protobuf::util::TimeUtil;

// Of JobSpec.command; a longer line is not kept.
constexpr size_t kMaxCommand = 4096;

absl::Status PrintSpec(Session& session, const v1::JobSpec& spec) {
  session.Answer(spec, SpecToText(spec));
  return absl::OkStatus();
}

// That every file is there, before a server is asked and others are sent.
absl::Status CheckFiles(v1::JobSpec spec, const std::string& folder) {
  return ResolveFileRefs(
      &spec, "spec", folder,
      [](const std::string& path) -> absl::StatusOr<std::string> {
        RETURN_IF_ERROR(ByteSource::OfFile(path).status());
        return path;
      });
}

}  // namespace

absl::StatusOr<std::string> SendFile(Session& session,
                                     const std::string& path) {
  std::vector<std::string> notes;
  ASSIGN_OR_RETURN(const ByteSource file, OpenMeshFile(path, &notes));
  for (const std::string& note : notes) session.Warn(note);
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  return Upload(*connection, file, session.TransferView(path));
}

absl::StatusOr<v1::Job> CreateJob(Session& session, v1::JobSpec spec,
                                  const SubmitFlags& flags,
                                  const std::string& folder) {
  ASSIGN_OR_RETURN(const auto labels, ParseLabels(flags.labels));
  RETURN_IF_ERROR(CheckFiles(spec, folder));
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  RETURN_IF_ERROR(ResolveFileRefs(
      &spec, "spec", folder,
      [&](const std::string& path) { return SendFile(session, path); }));
  const std::string& line = session.globals().command_line;
  if (spec.command().empty() && line.size() <= kMaxCommand && IsUtf8(line))
    spec.set_command(line);
  v1::CreateJobRequest request;
  request.set_request_id(NewUuid());
  *request.mutable_job()->mutable_spec() = std::move(spec);
  request.mutable_job()->set_priority(flags.priority);
  request.mutable_job()->mutable_labels()->insert(labels.begin(), labels.end());
  return connection->Call(connection->jobs(), &v1::JobService::Stub::CreateJob,
                          request);
}

absl::Status RunJob(Session& session, const v1::JobSpec& spec,
                    const JobFlags& flags, const AfterJob& after) {
  if (flags.submit.spec_only) return PrintSpec(session, spec);
  ASSIGN_OR_RETURN(const v1::Job job,
                   CreateJob(session, spec, flags.submit, ""));
  if (flags.submit.detach) {
    session.Answer(job, job.name());
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Followed followed,
                   Follow(session, job.name(), flags.watch));
  if (followed.detached) return absl::OkStatus();
  // A cancelled job leaves what there was.
  if (followed.job.state() == v1::Job::SUCCEEDED ||
      followed.job.artifacts_size() > 0) {
    std::vector<WantedFile> wanted;
    for (size_t i = 0; i < flags.spec.outputs.size(); ++i) {
      wanted.push_back(
          {spec.outputs(static_cast<int>(i)).name(), flags.spec.outputs[i]});
    }
    RETURN_IF_ERROR(SaveArtifacts(session, followed.job, wanted));
    TellRun(session, followed.job);
  }
  if (after && followed.job.state() == v1::Job::SUCCEEDED)
    RETURN_IF_ERROR(after(followed.job));
  return StatusOf(followed.job);
}

absl::Status SaveArtifact(Session& session, const v1::Artifact& artifact,
                          const std::string& path) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  ASSIGN_OR_RETURN(
      const int64_t bytes,
      DownloadBlob(*connection, artifact.blob(), path, artifact.size_bytes(),
                   session.TransferView(path)));
  session.Emit(
      JsonObject()
          .AddJson("saved", JsonObject()
                                .Add("file", path)
                                .Add("artifact", artifact.name())
                                .Add("blob", artifact.blob())
                                .Add("media_type", artifact.media_type())
                                .Add("bytes", bytes)
                                .Add("width", artifact.width())
                                .Add("height", artifact.height())
                                .Text())
          .Text());
  const std::string size =
      artifact.width() > 0
          ? absl::StrCat(artifact.width(), " x ", artifact.height(), ", ")
          : "";
  session.Print(absl::StrCat(path == "-" ? "standard output" : path, "  (",
                             size, FormatBytes(bytes), ")"));
  return absl::OkStatus();
}

absl::Status SaveArtifacts(Session& session, const v1::Job& job,
                           const std::vector<WantedFile>& wanted) {
  for (const WantedFile& file : wanted) {
    const auto found =
        std::find_if(job.artifacts().begin(), job.artifacts().end(),
                     [&](const v1::Artifact& artifact) {
                       return artifact.name() == file.artifact;
                     });
    if (found == job.artifacts().end()) {
      session.Note(absl::StrCat(job.name(), " made nothing for ", file.path));
      continue;
    }
    RETURN_IF_ERROR(SaveArtifact(session, *found, file.path));
    // An OBJ is followed by its material and that by its texture.
    absl::string_view before = found->media_type();
    for (auto beside = found + 1;
         file.path != "-" && beside != job.artifacts().end() &&
         (before == "model/obj" || before == "model/mtl");
         ++beside) {
      const std::string folder = file.path.substr(0, file.path.rfind('/') + 1);
      RETURN_IF_ERROR(SaveArtifact(session, *beside, folder + beside->name()));
      before = beside->media_type();
    }
  }
  return absl::OkStatus();
}

void TellRun(Session& session, const v1::Job& job) {
  const double seconds = static_cast<double>(TimeUtil::DurationToMilliseconds(
                             job.run_duration())) /
                         1000;
  if (seconds > 0 && job.step() > 0) {
    session.Note(absl::StrCat(
        job.name(), ": ", job.step(), " steps in ", FormatClock(seconds), " (",
        FormatNumber(static_cast<double>(job.step()) / seconds),
        " steps/s), objective ", FormatNumber(job.objective_value())));
  }
  for (const std::string& warning : job.warnings()) {
    session.Note(absl::StrCat("warning: ", warning));
  }
}

}  // namespace phosphene::client
