// `devices`, `capabilities` and `top`: what a server is and does.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "client/base/failure.h"
#include "client/base/interrupt.h"
#include "client/base/json.h"
#include "client/base/units.h"
#include "client/commands/commands.h"
#include "client/commands/job_table.h"
#include "client/view/table.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

absl::StatusOr<v1::ListDevicesResponse> FetchDevices(Session& session) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  return connection->Call(connection->system(),
                          &v1::SystemService::Stub::ListDevices,
                          v1::ListDevicesRequest());
}

// The job on a device, or how many there are.
std::string JobsOn(const v1::Device& device) {
  // A server of before tells one alone.
  const std::string one = device.current_jobs_size() == 1
                              ? device.current_jobs(0)
                              : device.current_job();
  if (device.current_jobs_size() <= 1) return one.empty() ? "-" : one;
  return absl::StrCat(device.current_jobs_size(), " jobs");
}

std::string DeviceTable(const v1::ListDevicesResponse& devices) {
  Table table({"DEVICE", "KIND", ">MEMORY", ">USED", ">THREADS", ">LANES",
               "JOBS", "DESCRIPTION"});
  for (const v1::Device& device : devices.devices()) {
    table.Add({std::string(absl::StripPrefix(device.name(), "devices/")),
               device.kind() == v1::Device::CUDA ? "cuda" : "cpu",
               FormatBytes(device.memory_bytes()),
               FormatBytes(device.memory_used_bytes()),
               device.threads() > 0 ? absl::StrCat(device.threads()) : "-",
               device.lanes() > 0 ? absl::StrCat(device.lanes()) : "-",
               JobsOn(device), device.description()});
  }
  return table.Text();
}

std::string CapabilitiesText(const v1::Capabilities& all) {
  std::string out =
      absl::StrCat("phosphened ", all.version(), ", libtorch ",
                   all.libtorch_version(), all.cuda() ? ", with CUDA\n" : "\n");
  const auto line = [&](const char* name, const auto& values) {
    absl::StrAppend(&out, name, ": ", absl::StrJoin(values, ", "), "\n");
  };
  line("parameterizations", all.parameterizations());
  line("objectives", all.objectives());
  line("transforms", all.transforms());
  line("optimizers", all.optimizers());
  line("outputs", all.outputs());
  line("precisions", all.precisions());
  line("onnx operators", all.onnx_ops());
  const v1::Limits& limits = all.limits();
  absl::StrAppend(&out, "limits: spec ", FormatBytes(limits.max_spec_bytes()),
                  ", blob ", FormatBytes(limits.max_blob_bytes()), ", model ",
                  FormatBytes(limits.max_model_bytes()), ", canvas ",
                  limits.max_canvas_pixels(), " pixels, rows ",
                  limits.max_rows(), ", steps ", limits.max_steps(),
                  ", priority ", limits.min_priority(), "..",
                  limits.max_priority(), "\n");
  return out;
}

// Everything that waits or runs, and the devices.
absl::Status ShowOnce(Session& session, bool clear) {
  ASSIGN_OR_RETURN(const v1::ListDevicesResponse devices,
                   FetchDevices(session));
  constexpr int kLines = 30;
  std::vector<v1::Job> jobs;
  int64_t running = 0, queued = 0;
  for (const char* state : {"RUNNING", "PAUSING", "CANCELLING", "QUEUED"}) {
    const absl::StatusOr<JobPage> page =
        FetchJobs(session, absl::StrCat("state = ", state), kLines);
    // An older server does not know every state.
    if (absl::IsInvalidArgument(page.status())) continue;
    RETURN_IF_ERROR(page.status());
    jobs.insert(jobs.end(), page->jobs.begin(), page->jobs.end());
    (absl::string_view(state) == "QUEUED" ? queued : running) += page->total;
  }
  if (session.globals().json) {
    session.Emit(ToJson(devices));
    for (const v1::Job& job : jobs) session.Emit(ToJson(job));
    return absl::OkStatus();
  }
  std::string out = clear ? "\x1b[H\x1b[2J" : "";
  absl::StrAppend(&out, running, " running, ", queued, " queued\n\n",
                  DeviceTable(devices), "\n",
                  jobs.empty() ? "no jobs\n" : JobTable(jobs));
  session.Print(out);
  return absl::OkStatus();
}

absl::Status RunTop(Session& session, double interval, bool once) {
  if (!(interval >= 0.1 && interval <= 3600)) {
    return FlagError("--interval",
                     absl::StrCat(FormatNumber(interval),
                                  " is not allowed; allowed 0.1..3600"));
  }
  if (once || !session.IsLive()) return ShowOnce(session, /*clear=*/false);
  const Interrupts interrupts(/*swallow=*/1);
  while (Interrupts::Count() == 0) {
    RETURN_IF_ERROR(ShowOnce(session, /*clear=*/true));
    const absl::Time next = absl::Now() + absl::Seconds(interval);
    while (absl::Now() < next && Interrupts::Count() == 0) {
      absl::SleepFor(absl::Milliseconds(50));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddDevices(CLI::App& app, Dispatch& dispatch) {
  CLI::App* command = app.add_subcommand("devices", "Processors that run jobs");
  command->footer("Example:\n  phosphene devices");
  dispatch.On(command, [](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::ListDevicesResponse devices,
                     FetchDevices(session));
    for (const v1::Device& device : devices.devices())
      session.Emit(ToJson(device));
    session.Print(DeviceTable(devices));
    return absl::OkStatus();
  });
}

void AddCapabilities(CLI::App& app, Dispatch& dispatch) {
  CLI::App* command = app.add_subcommand(
      "capabilities", "What the server can do, and the limits it holds to");
  command->footer("Example:\n  phosphene --json capabilities");
  dispatch.On(command, [](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    ASSIGN_OR_RETURN(const v1::Capabilities all,
                     connection->Call(connection->system(),
                                      &v1::SystemService::Stub::GetCapabilities,
                                      v1::GetCapabilitiesRequest()));
    session.Answer(all, CapabilitiesText(all));
    return absl::OkStatus();
  });
}

void AddTop(CLI::App& app, Dispatch& dispatch) {
  struct Flags {
    double interval = 2;
    bool once = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("top", "Devices and unfinished jobs, live");
  command
      ->add_option("--interval", flags->interval,
                   "seconds between looks, 0.1..3600")
      ->capture_default_str();
  command->add_flag("--once", flags->once, "look once and stop");
  command->footer("Example:\n  phosphene top --interval 1");
  dispatch.On(command, [flags](Session& session) {
    return RunTop(session, flags->interval, flags->once);
  });
}

}  // namespace phosphene::client
