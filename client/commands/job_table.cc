// Jobs as a table and one of them in full, for people.

#include "client/commands/job_table.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "client/base/units.h"
#include "client/view/progress.h"
#include "client/view/table.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int kPage = 1000;

std::string Age(const google::protobuf::Timestamp& time) {
  const double then = static_cast<double>(time.seconds());
  return time.seconds() == 0 ? ""
                             : FormatAge(absl::ToDoubleSeconds(
                                             absl::Now() - absl::UnixEpoch()) -
                                         then);
}

std::string Labels(const v1::Job& job) {
  const std::map<std::string, std::string> sorted(job.labels().begin(),
                                                  job.labels().end());
  return absl::StrJoin(sorted, ",", absl::PairFormatter("="));
}

void AddLine(std::string* out, absl::string_view name,
             const std::string& value) {
  if (value.empty()) return;
  absl::StrAppend(
      out, name,
      std::string(std::max<size_t>(12, name.size() + 1) - name.size(), ' '),
      value, "\n");
}

std::string Time(const google::protobuf::Timestamp& time) {
  return time.seconds() == 0 ? ""
                             : absl::StrCat(TimeUtil::ToString(time), "  (",
                                            Age(time), " ago)");
}

}  // namespace

absl::StatusOr<JobPage> FetchJobs(Session& session, const std::string& filter,
                                  int limit, bool full) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ListJobsRequest request;
  request.set_filter(filter);
  request.set_view(full ? v1::ListJobsRequest::FULL
                        : v1::ListJobsRequest::BASIC);
  JobPage page;
  do {
    const int left = limit - static_cast<int>(page.jobs.size());
    request.set_page_size(limit == 0 ? kPage : std::min(left, kPage));
    ASSIGN_OR_RETURN(
        const v1::ListJobsResponse response,
        connection->Call(connection->jobs(), &v1::JobService::Stub::ListJobs,
                         request));
    page.jobs.insert(page.jobs.end(), response.jobs().begin(),
                     response.jobs().end());
    page.total = response.total_size();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() &&
           (limit == 0 || static_cast<int>(page.jobs.size()) < limit));
  return page;
}

std::string JobTable(const std::vector<v1::Job>& jobs) {
  Table table(
      {"NAME", "STATE", ">STEP", ">PRIORITY", "MODEL", ">AGE", "LABELS"});
  for (const v1::Job& job : jobs) {
    table.Add({job.name(), StateName(job.state()),
               absl::StrCat(job.step(), "/", job.total_steps()),
               absl::StrCat(job.priority()),
               std::string(absl::StripPrefix(job.spec().model(), "models/")),
               Age(job.create_time()), Labels(job)});
  }
  return table.Text();
}

std::string JobDetails(const v1::Job& job) {
  std::string out;
  AddLine(&out, "name", job.name());
  AddLine(&out, "state", StateName(job.state()));
  if (job.has_error()) AddLine(&out, "error", job.error().message());
  AddLine(&out, "step", absl::StrCat(job.step(), " of ", job.total_steps()));
  AddLine(&out, "objective", FormatNumber(job.objective_value()));
  AddLine(&out, "model", job.spec().model());
  AddLine(&out, "priority", absl::StrCat(job.priority()));
  AddLine(&out, "labels", Labels(job));
  AddLine(&out, "device", job.device());
  AddLine(&out, "attempt",
          job.attempt() > 0 ? absl::StrCat(job.attempt()) : "");
  AddLine(&out, "created", Time(job.create_time()));
  AddLine(&out, "started", Time(job.start_time()));
  AddLine(&out, "ended", Time(job.end_time()));
  const int64_t ran = TimeUtil::DurationToMilliseconds(job.run_duration());
  if (ran > 0)
    AddLine(&out, "ran", FormatClock(static_cast<double>(ran) / 1000));
  if (!job.checkpoint().empty()) {
    AddLine(&out, "checkpoint",
            absl::StrCat(job.checkpoint(), " of step ", job.checkpoint_step()));
  }
  for (const v1::Artifact& artifact : job.artifacts()) {
    AddLine(&out, "artifact",
            absl::StrCat(
                artifact.name(), "  ",
                artifact.width() > 0 ? absl::StrCat(artifact.width(), " x ",
                                                    artifact.height(), "  ")
                                     : "",
                FormatBytes(artifact.size_bytes()), "  ", artifact.blob()));
  }
  for (const std::string& warning : job.warnings())
    AddLine(&out, "warning", warning);
  return out;
}

}  // namespace phosphene::client
