#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/presets/options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace phosphene::client {

// How a job is watched.
struct WatchFlags {
  bool preview = false;      // show frames
  std::string preview_file;  // in this file instead of the terminal
  std::string history_file;  // step and values of what is seen, as CSV
};

// What becomes of a job that a command makes.
struct SubmitFlags {
  int priority = 0;
  std::vector<std::string> labels;  // k=v
  bool detach = false;
  bool spec_only = false;
};

struct JobFlags {
  SpecOptions spec;
  SubmitFlags submit;
  WatchFlags watch;
};

// Which of the shared flags a command has besides those all have.
struct JobFlagSet {
  bool param = true;      // --param
  bool objective = true;  // --objective
  bool start = true;      // --start-from, --start-noise, --mask, --colors
  const char* size = "224";
  const char* steps = "512";
  const char* lr = "0.05";
  const char* transforms = "standard";
  const char* output = "";      // stem.extension of the default file
  const char* extensions = "";  // allowed for -o
};

// Adds the flags of design: --model --size --steps --seed --lr --transforms
// ... -o --detach --spec-only --preview.
void AddJobFlags(CLI::App* command, JobFlags* flags, const JobFlagSet& which);

// --seed, a whole number >= 0.
void AddSeedFlag(CLI::App* command, uint64_t* seed, const std::string& help);

// --priority and --label.
void AddSubmitFlags(CLI::App* command, SubmitFlags* flags);

// --preview[=FILE] and --history FILE.
void AddWatchFlags(CLI::App* command, WatchFlags* flags);

// Puts the default file where no -o was given; a file that is there already
// is not overwritten by a default, the next free name is taken.
void SetDefaultOutput(JobFlags* flags, const std::string& stem,
                      const std::string& extension);

// "a=b" labels as a map; an error names the label.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& labels);

}  // namespace phosphene::client
