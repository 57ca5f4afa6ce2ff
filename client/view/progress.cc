// Progress as a bar and as text.

#include "client/view/progress.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/base/units.h"

namespace phosphene::client {
namespace {

std::string Bar(double share, int cells) {
  const int full = std::clamp(static_cast<int>(share * cells + 0.5), 0, cells);
  return absl::StrCat("[", std::string(static_cast<size_t>(full), '#'),
                      std::string(static_cast<size_t>(cells - full), '-'), "]");
}

double Share(int64_t done, int64_t total) {
  if (total <= 0) return 0;
  return std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0,
                    1.0);
}

// Parts joined by two spaces as long as they fit.
std::string Join(const std::vector<std::string>& parts, int columns) {
  std::string out;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (static_cast<int>(out.size() + part.size()) + 2 >= columns) break;
    absl::StrAppend(&out, out.empty() ? "" : "  ", part);
  }
  return out;
}

// Of a step that goes in tiles: how far it is.
std::string Tiles(const v1::Progress& progress) {
  if (progress.tiles() == 0) return "";
  return absl::StrCat("tile ", progress.tiles_done(), "/", progress.tiles());
}

std::string Rate(const v1::Progress& progress) {
  const double rate = progress.steps_per_second();
  if (!(rate > 0)) return "";
  if (rate >= 1 || rate < 1e-3) return absl::StrFormat("%.3g steps/s", rate);
  return absl::StrFormat("%.3g s/step", 1 / rate);
}

std::string Eta(const v1::Progress& progress) {
  const double rate = progress.steps_per_second();
  const int64_t left = progress.total_steps() - progress.step();
  if (!(rate > 0) || left <= 0) return "";
  return absl::StrCat("ETA ", FormatClock(static_cast<double>(left) / rate));
}

// "channel mixed4a:3 12.4, diversity mixed4a -0.41": the terms, where there
// are a few of them.
std::string Terms(const v1::Progress& progress) {
  constexpr int kMaxTold = 4;
  const int count = progress.objectives_size();
  if (count < 2 || count > kMaxTold) return "";
  std::string out;
  for (const v1::ObjectiveValue& term : progress.objectives()) {
    absl::StrAppend(&out, out.empty() ? "" : ", ", term.label(), " ",
                    FormatNumber(term.value()));
  }
  return absl::StrCat("(", out, ")");
}

}  // namespace

std::string ProgressBar(const v1::Progress& progress, int columns) {
  const double share = Share(progress.step(), progress.total_steps());
  // Narrow terminals get a short bar, wide ones no endless one.
  const int cells = std::clamp(columns / 4, 8, 32);
  return Join(
      {Bar(share, cells),
       absl::StrCat(progress.step(), "/", progress.total_steps()),
       absl::StrFormat("%.0f%%", share * 100), Tiles(progress), Rate(progress),
       Eta(progress),
       absl::StrCat("objective ", FormatNumber(progress.objective_value())),
       Terms(progress)},
      columns);
}

std::string ProgressText(const v1::Progress& progress) {
  return Join(
      {absl::StrCat("step ", progress.step(), "/", progress.total_steps()),
       Tiles(progress), Rate(progress), Eta(progress),
       absl::StrCat("objective ", FormatNumber(progress.objective_value())),
       Terms(progress)},
      1000);
}

std::string TransferBar(const std::string& what, int64_t done, int64_t total,
                        int columns) {
  const double share = Share(done, total);
  return Join({what, Bar(share, std::clamp(columns / 4, 8, 32)),
               absl::StrCat(FormatBytes(done), " / ", FormatBytes(total)),
               absl::StrFormat("%.0f%%", share * 100)},
              columns);
}

std::string StateName(v1::Job::State state) {
  if (!v1::Job::State_IsValid(state) || state == v1::Job::STATE_UNSPECIFIED)
    return "unknown";
  return absl::AsciiStrToLower(v1::Job::State_Name(state));
}

}  // namespace phosphene::client
