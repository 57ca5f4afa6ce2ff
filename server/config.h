#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "phosphene/v1/config.pb.h"

namespace phosphene {

// What the command line of phosphened asks for.
struct CommandLine {
  // Complete: from flags, else environment (PHOSPHENE_LISTEN for --listen and
  // so on), else the file of --config, else defaults. Checked.
  v1::ServerConfig config;
  // Of --help and --version: print this and end well.
  std::string print;
};

// Flags are the fields of v1::ServerConfig with '-' for '_', and --config,
// --help, --version. INVALID_ARGUMENT names the option and its value; an
// unknown option is answered with the nearest names.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

// Where HTTP listens when `http` is not set.
inline constexpr char kDefaultHttpAddress[] = "127.0.0.1:8080";

// Fills in what is unset; but `http` stays "": a server goes on without when
// kDefaultHttpAddress is taken, and fails when an address that was asked for
// is.
void FillDefaults(v1::ServerConfig& config);

// Everything that can be known wrong without trying: numbers out of range,
// half of a TLS pair, a role or store that is not built (UNIMPLEMENTED), and
// listening off loopback without TLS or --insecure; HTTP there needs tokens
// too. REQUIRES: complete.
absl::Status CheckConfig(const v1::ServerConfig& config);

// Version of this build, such as "0.1.0".
std::string Version();

}  // namespace phosphene
