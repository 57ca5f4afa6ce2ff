// Watching a job to its end: bar, pictures, Ctrl-C.

#include "client/commands/follow.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/base/failure.h"
#include "client/base/files.h"
#include "client/base/interrupt.h"
#include "client/base/json.h"
#include "client/remote/job_watch.h"
#include "client/view/history.h"
#include "client/view/preview.h"
#include "client/view/progress.h"
#include "client/view/terminal.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);
// Between lines of progress where there is no terminal to draw on.
constexpr absl::Duration kBetweenLines = absl::Seconds(10);
constexpr int kPreviewRows = 24;

// Shows what happens to a job.
class JobView {
 public:
  JobView(Session& session, const WatchFlags& flags)
      : session_(session),
        flags_(flags),
        protocol_(DetectProtocol(
            [](const char* name) { return std::getenv(name); })) {}

  absl::Status Show(const v1::JobEvent& event) {
    if (session_.globals().json && !event.has_frame())
      session_.Emit(ToJson(event));
    if (event.has_job()) ShowState(event.job());
    if (event.has_progress()) {
      ShowProgress(event.progress());
      history_.Add(event.progress());
    }
    if (event.has_frame()) return ShowFrame(event.frame());
    return absl::OkStatus();
  }

  // Writes --history, if asked for.
  absl::Status WriteHistory() const {
    if (flags_.history_file.empty()) return absl::OkStatus();
    return WriteFileAtomically(flags_.history_file, history_.Csv());
  }

 private:
  void ShowState(const v1::Job& job) {
    if (job.state() == state_) return;
    state_ = job.state();
    if (job.state() == v1::Job::QUEUED)
      session_.ShowStatus(absl::StrCat(job.name(), " queued"));
    if (!session_.IsLive() || job.state() == v1::Job::PAUSING ||
        job.state() == v1::Job::PAUSED || job.state() == v1::Job::CANCELLING) {
      session_.Note(absl::StrCat(job.name(), " ", StateName(job.state())));
    }
  }

  void ShowProgress(const v1::Progress& progress) {
    if (session_.IsLive()) {
      session_.ShowStatus(ProgressBar(progress, TerminalColumns()));
      bar_ = progress;
      return;
    }
    const absl::Time now = absl::Now();
    if (now - last_line_ < kBetweenLines &&
        progress.step() < progress.total_steps())
      return;
    last_line_ = now;
    session_.Note(ProgressText(progress));
  }

  absl::Status ShowFrame(const v1::Frame& frame) {
    if (!flags_.preview_file.empty()) return WriteFrame(frame);
    if (!session_.IsLive()) return absl::OkStatus();
    const absl::StatusOr<Pixels> pixels = DecodePixels(frame.image());
    // A frame that cannot be shown is no reason to leave the job.
    if (!pixels.ok()) return absl::OkStatus();
    const auto [columns, rows] = FitCells(pixels->width, pixels->height,
                                          TerminalColumns() - 1, kPreviewRows);
    const bool again = !session_.drawn_over() && rows == rows_;
    rows_ = rows;
    session_.Draw(PictureBlock(protocol_, *pixels, columns, rows, again));
    session_.ShowStatus(ProgressBar(bar_, TerminalColumns()));
    return absl::OkStatus();
  }

  // As it came where the extension agrees, else as PNG.
  absl::Status WriteFrame(const v1::Frame& frame) {
    const std::string extension = ExtensionOf(flags_.preview_file);
    const bool jpeg = frame.media_type() == "image/jpeg";
    if (extension != "png" || !jpeg)
      return WriteFileAtomically(flags_.preview_file, frame.image());
    ASSIGN_OR_RETURN(const Pixels pixels, DecodePixels(frame.image()));
    return WriteFileAtomically(flags_.preview_file, PngOf(pixels));
  }

  Session& session_;
  const WatchFlags& flags_;
  const PictureProtocol protocol_;
  v1::Job::State state_ = v1::Job::STATE_UNSPECIFIED;
  v1::Progress bar_;
  History history_;
  absl::Time last_line_ = absl::InfinitePast();
  int rows_ = 0;
};

enum class Choice { kGoOn, kDetach, kCancel };

// Ctrl-C was pressed: what now?
Choice Ask(Session& session) {
  if (!CanAsk() || session.globals().json) return Choice::kDetach;
  session.ClearStatus();
  session.Draw(
      "\nStop watching: detach, the job goes on (d); cancel the job (c); "
      "any other key watches on. ");
  const int before = Interrupts::Count();
  KeyReader keys;
  std::optional<char> key;
  while (!key.has_value()) {
    key = keys.Read(kTick);
    if (Interrupts::Count() > before) key = 'd';
  }
  session.Note("");
  if (*key == 'd' || *key == 'D') return Choice::kDetach;
  if (*key == 'c' || *key == 'C') return Choice::kCancel;
  return Choice::kGoOn;
}

void TellDetached(Session& session, const std::string& name) {
  session.Emit(JsonObject().Add("detached", name).Text());
  if (session.globals().local) {
    session.Note(absl::StrCat(
        name, " waits in the data folder until a server runs on it"));
  } else {
    session.Note(absl::StrCat(name, " goes on; `phosphene jobs watch ", name,
                              " -o FILE` looks again"));
  }
}

absl::Status Cancel(Connection& connection, const std::string& name) {
  v1::CancelJobRequest request;
  request.set_name(name);
  return connection
      .Call(connection.jobs(), &v1::JobService::Stub::CancelJob, request)
      .status();
}

}  // namespace

absl::Status StatusOf(const v1::Job& job) {
  if (job.state() == v1::Job::FAILED) return FromJobError(job.error());
  if (job.state() == v1::Job::CANCELLED) {
    return absl::CancelledError(absl::StrCat(job.name(), " was cancelled"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Followed> Follow(Session& session, const std::string& name,
                                const WatchFlags& flags,
                                int64_t after_sequence) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  // The fourth Ctrl-C ends us whatever happens.
  const Interrupts interrupts(/*swallow=*/3);
  JobWatch::Options options;
  options.name = name;
  options.after_sequence = after_sequence;
  options.omit_frames = !flags.preview;
  JobWatch watch(connection, options);
  JobView view(session, flags);
  Followed out;
  for (int answered = 0;;) {
    if (Interrupts::Count() > answered) {
      const Choice choice = Ask(session);
      answered = Interrupts::Count();
      if (choice == Choice::kCancel) RETURN_IF_ERROR(Cancel(*connection, name));
      if (choice == Choice::kDetach) {
        TellDetached(session, name);
        out.detached = true;
        return out;
      }
    }
    v1::JobEvent event;
    switch (watch.Next(kTick, &event)) {
      case JobWatch::Got::kEvent:
        RETURN_IF_ERROR(view.Show(event));
        if (event.has_job()) out.job = event.job();
        break;
      case JobWatch::Got::kLost:
        session.Note("connection lost; trying again (Ctrl-C to leave)");
        break;
      case JobWatch::Got::kNothing:
        break;
      case JobWatch::Got::kEnd:
        session.ClearStatus();
        RETURN_IF_ERROR(view.WriteHistory());
        RETURN_IF_ERROR(watch.status());
        return out;
    }
  }
}

}  // namespace phosphene::client
