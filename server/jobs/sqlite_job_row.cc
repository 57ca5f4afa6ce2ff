// A job between its message and the columns that hold it.

#include "server/jobs/sqlite_job_row.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/faults.h"
#include "server/base/sha256.h"
#include "server/jobs/job_error.h"
#include "server/jobs/proto_time.h"

namespace phosphene {
namespace {

constexpr char kDamaged[] = "JOB_DAMAGED";

}  // namespace

const char kJobColumns[] =
    "job.id, name, state, attempt, priority, model, create_time, changes, "
    "revision, crashes, proto, outcome";

JobRow RowOf(const SqlRow& from) {
  JobRow row;
  const std::string name = from.Text(1);
  row.id = from.Int(0);
  row.stored_state = static_cast<v1::Job::State>(from.Int(2));
  row.stored_attempt = static_cast<int>(from.Int(3));
  row.changes = from.Int(7);
  row.revision = from.Int(8);
  row.crashes = static_cast<int>(from.Int(9));
  // Bytes that are no message may parse as an empty one.
  if (!row.job.ParseFromString(from.Text(10)) || row.job.name() != name ||
      row.job.state() != row.stored_state) {
    row.damage = "its row does not parse";
    row.job.Clear();
    row.job.set_name(name);
    row.job.set_state(row.stored_state);
    row.job.set_attempt(row.stored_attempt);
    row.job.set_priority(static_cast<int>(from.Int(4)));
    row.job.mutable_spec()->set_model(from.Text(5));
    *row.job.mutable_create_time() =
        ToProtoTime(absl::FromUnixMicros(from.Int(6)));
    row.job.set_etag(EtagOf(row));
  }
  row.stored_outcome = from.Text(11);
  v1::Job outcome;
  if (!outcome.ParseFromString(row.stored_outcome)) {
    row.damage = "what came out of it does not parse";
    return row;
  }
  if (outcome.has_error())
    row.job.mutable_error()->Swap(outcome.mutable_error());
  row.job.mutable_artifacts()->Swap(outcome.mutable_artifacts());
  row.job.mutable_warnings()->Swap(outcome.mutable_warnings());
  return row;
}

std::string NarrowBytes(const v1::Job& job) {
  v1::Job narrow = job;
  narrow.clear_error();
  narrow.clear_artifacts();
  narrow.clear_warnings();
  return narrow.SerializeAsString();
}

std::string OutcomeBytes(const v1::Job& job) {
  v1::Job outcome;
  if (job.has_error()) *outcome.mutable_error() = job.error();
  *outcome.mutable_artifacts() = job.artifacts();
  *outcome.mutable_warnings() = job.warnings();
  return outcome.SerializeAsString();
}

absl::string_view ModelOf(const v1::JobSpec& spec) {
  return absl::StripPrefix(spec.model(), "models/");
}

std::string EtagOf(const JobRow& row) {
  return Sha256Hex(absl::StrCat(row.id, " ", row.job.name(), " ",
                                row.job.create_time().SerializeAsString(), " ",
                                row.revision))
      .substr(0, 16);
}

StoredJob ToStoredWithoutSpec(const JobRow& row) {
  StoredJob stored;
  stored.job = row.job;
  stored.job.clear_spec();
  stored.sequence = row.sequence();
  return stored;
}

absl::Status DamagedJob(absl::string_view name, absl::string_view what) {
  return WithReason(
      absl::DataLossError(absl::StrCat(name, " cannot be read: ", what)),
      kDamaged);
}

bool IsDamagedJob(const absl::Status& status) {
  return absl::IsDataLoss(status) && ReasonOf(status) == kDamaged;
}

v1::Job CondemnedJob(const JobRow& row, const absl::Status& why) {
  v1::Job job = row.job;
  job.set_state(v1::Job::FAILED);
  *job.mutable_error() = ToJobError(why);
  return job;
}

absl::Status MissingJob(absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("no job ", name));
}

absl::Status Fenced(absl::string_view name, int attempt) {
  return absl::AbortedError(
      absl::StrCat("attempt ", attempt, " of ", name,
                   " is over: its result does not count"));
}

}  // namespace phosphene
