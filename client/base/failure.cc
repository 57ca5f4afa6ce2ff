#include "client/base/failure.h"

#include <grpcpp/support/status.h>

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/rpc/code.pb.h"

namespace phosphene::client {
namespace {

constexpr absl::string_view kDetailsUrl = "google.rpc.Status";
constexpr absl::string_view kJobUrl = "phosphene/job-error";

// First match wins, so the particular stands before the general. Commands
// differ in flags; those a command lacks are passed over.
constexpr FlagOfField kFlags[] = {
    {"spec.model", "--model"},
    {"model_id", "--name"},
    {"model.config.mean", "--mean"},
    {"model.config.std", "--std"},
    {"model.config.range_lo", "--range"},
    {"model.config.range_hi", "--range"},
    {"model.config.labels", "--labels"},
    {"spec.steps", "--steps"},
    {"spec.seed", "--seed"},
    {"spec.precision", "--precision"},
    {"spec.checkpoint_every", "--checkpoint-every"},
    {"spec.optimizer.learning_rate", "--lr"},
    {"spec.optimizer.octaves", "--octaves"},
    {"spec.optimizer", "--optimizer"},
    {"spec.transforms", "--transforms"},
    {"spec.frames.every", "--frame-every"},
    {"spec.parameterization.texture.mesh", "--mesh"},
    {"spec.parameterization.texture.atlas_size", "--atlas"},
    {"spec.parameterization.width", "--size"},
    {"spec.parameterization.height", "--size"},
    {"spec.parameterization.rows", "--frames"},
    {"spec.parameterization.rows", "--count"},
    {"spec.parameterization.init", "--start-from"},
    {"spec.parameterization.init", "--init"},
    {"spec.parameterization.mask", "--mask"},
    {"spec.parameterization.color", "--colors"},
    {"spec.parameterization.cppn.depth", "--depth"},
    {"spec.parameterization.cppn.hidden_channels", "--hidden"},
    {"spec.parameterization.cppn.activation", "--activation"},
    {"spec.parameterization", "--param"},
    {"spec.objectives[*].channel_interpolate.from_layer", "--from"},
    {"spec.objectives[*].channel_interpolate.from_channel", "--from"},
    {"spec.objectives[*].channel_interpolate.to_layer", "--to"},
    {"spec.objectives[*].channel_interpolate.to_channel", "--to"},
    {"spec.objectives[*].alignment.layer", "--align"},
    {"spec.objectives[*].channel.layer", "--layer"},
    {"spec.objectives[*].channel.channel", "--channel"},
    {"spec.objectives[*].channel.channel", "--channels"},
    {"spec.objectives[*].neuron.layer", "--layer"},
    {"spec.objectives[*].neuron.channel", "--channel"},
    {"spec.objectives[*].deepdream.layer", "--layer"},
    {"spec.objectives[*].product.factors[*].channel.layer", "--layer"},
    {"spec.objectives[*].product.factors[*].channel.channel", "--channel"},
    {"spec.objectives[*].content.layers", "--content-layer"},
    {"spec.objectives[*].content.image", "--content"},
    {"spec.objectives[*].gram_style.layers", "--style-layer"},
    {"spec.objectives[*].gram_style.styles", "--style"},
    {"spec.objectives[*].gram_style.distance", "--distance"},
    {"spec.objectives", "--objective"},
    {"spec.objectives", "--layer"},
    {"spec.outputs[*].contact_sheet.columns", "--columns"},
    {"spec.outputs[*].animated_webp.frames_per_second", "--fps"},
    {"spec.outputs[*].width", "--render"},
    {"spec.outputs[*].height", "--render"},
    {"spec.outputs", "-o"},
    {"priority", "--priority"},
    {"labels", "--label"},
};

// Whether `field` is what the pattern names or lies below it.
bool Matches(absl::string_view field, absl::string_view pattern) {
  size_t i = 0;
  for (size_t j = 0; j < pattern.size(); ++j) {
    if (pattern[j] == '*') {
      const size_t start = i;
      while (i < field.size() && field[i] >= '0' && field[i] <= '9') ++i;
      if (i == start) return false;
    } else {
      if (i == field.size() || field[i] != pattern[j]) return false;
      ++i;
    }
  }
  return i == field.size() || field[i] == '.' || field[i] == '[';
}

google::rpc::Status DetailsOf(const absl::Status& status) {
  google::rpc::Status details;
  const absl::optional<absl::Cord> payload = status.GetPayload(kDetailsUrl);
  if (payload.has_value()) details.ParseFromString(std::string(*payload));
  return details;
}

template <typename Message>
Message DetailOf(const absl::Status& status) {
  Message message;
  const google::rpc::Status details = DetailsOf(status);
  for (const google::protobuf::Any& any : details.details()) {
    if (any.Is<Message>()) any.UnpackTo(&message);
  }
  return message;
}

// gRPC tells all it tried; the last part is the cause.
std::string UnreachableMessage(absl::string_view server,
                               absl::string_view why) {
  const size_t colon = why.rfind(": ");
  if (absl::StartsWith(why, "failed to connect") &&
      colon != absl::string_view::npos) {
    why = why.substr(colon + 2);
  }
  return absl::StrCat(
      "no server answers at ", server, " (", why,
      "); start `phosphened`, name another with --server ADDR, or put --local "
      "before the command to start a private one for it");
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

absl::Status FlagError(absl::string_view flag, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", message));
}

absl::Status FromGrpc(const grpc::Status& status, absl::string_view server) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  std::string message = status.error_message();
  // Details tell an answer of the server from a failure of the transport.
  const bool answered = !status.error_details().empty();
  if (!answered && code == absl::StatusCode::kUnavailable) {
    message = UnreachableMessage(server, message);
  } else if (!answered && code == absl::StatusCode::kDeadlineExceeded) {
    message = absl::StrCat("the server at ", server, " did not answer in time");
  }
  absl::Status out(code, message);
  if (answered) out.SetPayload(kDetailsUrl, absl::Cord(status.error_details()));
  return out;
}

absl::Status FromJobError(const google::rpc::Status& error) {
  const auto code = static_cast<absl::StatusCode>(error.code());
  absl::Status out(
      code == absl::StatusCode::kOk ? absl::StatusCode::kUnknown : code,
      error.message());
  out.SetPayload(kDetailsUrl, absl::Cord(error.SerializeAsString()));
  out.SetPayload(kJobUrl, absl::Cord("1"));
  return out;
}

google::rpc::BadRequest BadRequestOf(const absl::Status& status) {
  return DetailOf<google::rpc::BadRequest>(status);
}

google::rpc::ErrorInfo ErrorInfoOf(const absl::Status& status) {
  return DetailOf<google::rpc::ErrorInfo>(status);
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  if (status.GetPayload(kJobUrl).has_value()) return kExitJobFailed;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return kExitUsage;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kCancelled:
      return kExitCancelled;
    default:
      return kExitJobFailed;
  }
}

std::string CodeName(absl::StatusCode code) {
  return absl::StatusCodeToString(code);
}

std::string FlagFor(absl::string_view field,
                    const std::vector<std::string>& available) {
  // CreateJob names fields from the request on: "job.priority".
  absl::string_view path = field;
  if (absl::StartsWith(path, "job.")) path.remove_prefix(4);
  for (const FlagOfField& row : kFlags) {
    const bool known = std::find(available.begin(), available.end(),
                                 row.flag) != available.end();
    if (known && Matches(path, row.field)) return row.flag;
  }
  return "";
}

std::string FlagFor(absl::string_view field, const CommandFlags& flags) {
  const std::string given = FlagFor(field, flags.given);
  return given.empty() ? FlagFor(field, flags.available) : given;
}

std::vector<std::string> Explain(const absl::Status& status,
                                 const CommandFlags& flags) {
  std::vector<std::string> lines;
  const google::rpc::BadRequest bad = BadRequestOf(status);
  for (const auto& violation : bad.field_violations()) {
    const std::string flag = FlagFor(violation.field(), flags);
    const std::string& where = flag.empty() ? violation.field() : flag;
    lines.push_back(absl::StrCat("error: ", where, where.empty() ? "" : ": ",
                                 violation.description()));
  }
  if (lines.empty()) lines.push_back(absl::StrCat("error: ", status.message()));
  return lines;
}

}  // namespace phosphene::client
