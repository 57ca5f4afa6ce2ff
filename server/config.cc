// The command line, environment and file of phosphened, as one message.
#include "server/config.h"

#include <google/protobuf/descriptor.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/base/faults.h"
#include "server/base/mapped_file.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/models/text_proto.h"
#include "server/rpc/listen.h"

namespace phosphene {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// The manual of each field: what stands for its value, and what it means.
struct FlagHelp {
  const char* field;
  const char* value;
  const char* text;
};
constexpr FlagHelp kFlags[] = {
    {"listen", "ADDRESS",
     "HOST:PORT or unix:PATH; port 0 takes a free one. Default "
     "127.0.0.1:50051"},
    {"data", "DIR",
     "Folder of jobs, blobs and models. Default $XDG_DATA_HOME/phosphene or "
     "~/.local/share/phosphene"},
    {"store", "STORE", "Where jobs are kept: sqlite (default)"},
    {"blobs", "BLOBS", "Where files are kept: file (default) or memory"},
    {"http", "ADDRESS",
     "HOST:PORT of /metrics, /healthz and /readyz, or off. Default "
     "127.0.0.1:8080, or nothing where that is taken"},
    {"metrics", "ADDRESS",
     "HOST:PORT for /metrics alone, beside --http, or off (default)"},
    {"role", "ROLE", "all (default)"},
    {"insecure", "", "Allow listening off loopback without TLS"},
    {"tls_cert", "FILE",
     "PEM certificate chain of this server; needs --tls-key"},
    {"tls_key", "FILE", "PEM private key of --tls-cert"},
    {"tls_client_ca", "FILE",
     "PEM certificates that clients' certificates must come from (mTLS)"},
    {"tokens", "FILE",
     "Bearer tokens that may call, a line each: TOKEN TENANT"},
    {"devices", "LIST",
     "auto (default: all), or some of those ListDevices names, such as cpu or "
     "cuda:0,cuda:1"},
    {"threads", "N",
     "Compute threads of the CPU device; 0 (default): all cores"},
    {"lanes", "N",
     "Steps that run side by side on a device; 0 (default): one for each "
     "thread of the CPU, 8 on a GPU. No job's result depends on it"},
    {"jobs_per_device", "N",
     "Jobs on a device at once, taking turns on its lanes, as memory allows; "
     "1: one after the other. Default 64"},
    {"log_level", "LEVEL", "trace, debug, info (default), warn or error"},
    {"log_format", "FORMAT", "text (default) or json; the log goes to stderr"},
    {"max_blob_bytes", "BYTES", "Largest file. Default 2147483648"},
    {"max_queued_jobs", "N", "Jobs that may wait. Default 10000"},
    {"drain_seconds", "N",
     "How long SIGTERM waits for running steps. Default 30"},
};

constexpr const char* kDescription =
    "Serves image optimization through neural networks over gRPC.\n"
    "Jobs are kept in --data and go on after a restart. SIGTERM ends it well:\n"
    "running jobs are checkpointed and continue at the next start.";
constexpr const char* kFooter =
    "Every option can also be set in the environment (PHOSPHENE_LISTEN for\n"
    "--listen) or in the file of --config, in protobuf text format with the "
    "same\n"
    "names (`listen: \"unix:/run/phosphene.sock\"`). The command line wins "
    "over the\n"
    "environment, and that over the file.";

std::string FlagOf(absl::string_view field) {
  return absl::StrCat("--", absl::StrReplaceAll(field, {{"_", "-"}}));
}

std::string EnvironmentOf(absl::string_view field) {
  return absl::StrCat("PHOSPHENE_", absl::AsciiStrToUpper(field));
}

// Sets a field from text; INVALID_ARGUMENT names the flag.
absl::Status SetField(const FlagHelp& flag, const std::string& text,
                      v1::ServerConfig& config) {
  const FieldDescriptor& field =
      *v1::ServerConfig::descriptor()->FindFieldByName(flag.field);
  const google::protobuf::Reflection& reflection = *config.GetReflection();
  int32_t small = 0;
  int64_t large = 0;
  bool yes = false;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(&config, &field, text);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!absl::SimpleAtob(text, &yes)) break;
      reflection.SetBool(&config, &field, yes);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT32:
      if (!absl::SimpleAtoi(text, &small)) break;
      reflection.SetInt32(&config, &field, small);
      return absl::OkStatus();
    default:
      if (!absl::SimpleAtoi(text, &large)) break;
      reflection.SetInt64(&config, &field, large);
      return absl::OkStatus();
  }
  return FieldError(
      FlagOf(flag.field),
      absl::StrCat("\"", text, "\" is no ",
                   field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL
                       ? "true or false"
                       : "whole number in range"));
}

// The flags of kFlags as CLI11 sees them; values come as text.
class Flags {
 public:
  Flags() : app_(kDescription, "phosphened") {
    app_.footer(kFooter);
    app_.set_version_flag("--version", absl::StrCat("phosphened ", Version()));
    app_.add_option("--config", config_file_, "Options in a file, see below")
        ->type_name("FILE");
    for (const FlagHelp& flag : kFlags) {
      CLI::Option* option =
          *flag.value == '\0' ? app_.add_flag(FlagOf(flag.field),
                                              values_[flag.field], flag.text)
                              : app_.add_option(FlagOf(flag.field),
                                                values_[flag.field], flag.text)
                                    ->type_name(flag.value);
      options_[flag.field] = option->envname(EnvironmentOf(flag.field));
    }
    app_.allow_extras();  // they are refused below, with the nearest names
  }

  // What is to be printed instead of serving, "" for nothing.
  absl::StatusOr<std::string> Parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return app_.help();
    } catch (const CLI::CallForVersion& version) {
      return absl::StrCat(version.what(), "\n");
    } catch (const CLI::Error& error) {
      return absl::InvalidArgumentError(error.what());
    }
    const std::vector<std::string> extras = app_.remaining();
    if (extras.empty()) return std::string();
    const std::string name = extras[0].substr(0, extras[0].find('='));
    std::vector<std::string> known = {"--config", "--help", "--version"};
    for (const FlagHelp& flag : kFlags) known.push_back(FlagOf(flag.field));
    return absl::InvalidArgumentError(
        absl::StrCat("unknown option \"", name, "\"", NearestHint(name, known),
                     "; phosphened --help lists all"));
  }

  absl::StatusOr<v1::ServerConfig> Config() const {
    v1::ServerConfig config;
    if (!config_file_.empty()) {
      ASSIGN_OR_RETURN(const auto file, MappedFile::Open(config_file_));
      RETURN_IF_ERROR(ParseTextProto(file->data(), config_file_, &config));
    }
    for (const FlagHelp& flag : kFlags) {
      if (options_.at(flag.field)->count() == 0) continue;
      RETURN_IF_ERROR(SetField(flag, values_.at(flag.field), config));
    }
    return config;
  }

 private:
  CLI::App app_;
  std::string config_file_;
  std::map<std::string, std::string> values_;
  std::map<std::string, CLI::Option*> options_;
};

std::string DefaultDataFolder() {
  const char* const data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home != '\0')
    return absl::StrCat(data_home, "/phosphene");
  const char* const home = std::getenv("HOME");
  return absl::StrCat(home != nullptr && *home != '\0' ? home : ".",
                      "/.local/share/phosphene");
}

void SetDefault(std::string* field, const std::string& value) {
  if (field->empty()) *field = value;
}

void CheckNumbers(const v1::ServerConfig& config, Faults& faults) {
  const auto check = [&](const char* field, int64_t value, int64_t most) {
    if (value >= 0 && value <= most) return;
    faults.Add(FlagOf(field),
               absl::StrCat(value, " is out of range 0..", most));
  };
  check("threads", config.threads(), 1024);
  check("lanes", config.lanes(), 256);
  check("jobs_per_device", config.jobs_per_device(), 1000);
  check("max_blob_bytes", config.max_blob_bytes(), int64_t{1} << 40);
  check("max_queued_jobs", config.max_queued_jobs(), 10'000'000);
  check("drain_seconds", config.drain_seconds(), 86'400);
}

// Choices that are planned (design of the cluster) but not in this build.
absl::Status CheckBuilt(const v1::ServerConfig& config) {
  if (config.role() == "api" || config.role() == "worker") {
    return absl::UnimplementedError(absl::StrCat(
        "--role: ", config.role(), " is not built yet; allowed: all"));
  }
  if (config.role() != "all") {
    return FieldError("--role",
                      absl::StrCat("\"", config.role(), "\"; allowed: all"));
  }
  if (absl::StartsWith(config.store(), "postgres")) {
    return absl::UnimplementedError(
        "--store: PostgreSQL is not built yet; allowed: sqlite");
  }
  if (config.store() != "sqlite") {
    return FieldError(
        "--store", absl::StrCat("\"", config.store(), "\"; allowed: sqlite"));
  }
  return absl::OkStatus();
}

void CheckTls(const v1::ServerConfig& config, Faults& faults) {
  if (config.tls_cert().empty() != config.tls_key().empty()) {
    faults.Add(config.tls_cert().empty() ? "--tls-cert" : "--tls-key",
               "missing; --tls-cert and --tls-key go together");
  }
  if (!config.tls_client_ca().empty() && config.tls_cert().empty()) {
    faults.Add("--tls-client-ca", "needs --tls-cert and --tls-key");
  }
}

absl::Status CheckListen(const v1::ServerConfig& config) {
  ASSIGN_OR_RETURN(const ListenAddress address,
                   ParseListenAddress(config.listen(), "--listen"));
  if (address.loopback || !config.tls_cert().empty() || config.insecure())
    return absl::OkStatus();
  return WithReason(
      FieldError(
          "--listen",
          absl::StrCat(
              config.listen(),
              " can be reached from other machines: give --tls-cert and "
              "--tls-key "
              "(and --tls-client-ca or --tokens), or say --insecure to let "
              "anybody there use this server")),
      "INSECURE_LISTEN");
}

// A browser or a scraper shows no client certificate, so off loopback HTTP
// wants a token, and TLS to carry it.
absl::Status CheckHttp(const v1::ServerConfig& config, absl::string_view flag,
                       const std::string& value) {
  if (value.empty() || value == "off") return absl::OkStatus();
  ASSIGN_OR_RETURN(const ListenAddress address,
                   ParseListenAddress(value, flag));
  if (!address.unix_path.empty()) {
    return FieldError(
        flag, absl::StrCat("\"", value, "\"; allowed: HOST:PORT, or off"));
  }
  if (address.loopback || config.insecure() ||
      (!config.tls_cert().empty() && !config.tokens().empty())) {
    return absl::OkStatus();
  }
  return WithReason(
      FieldError(flag,
                 absl::StrCat(value,
                              " can be reached from other machines: give "
                              "--tls-cert, --tls-key and --tokens, or say "
                              "--insecure to let anybody there read it")),
      "INSECURE_LISTEN");
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc,
                                             const char* const* argv) {
  const auto flags = std::make_unique<Flags>();
  CommandLine line;
  ASSIGN_OR_RETURN(line.print, flags->Parse(argc, argv));
  if (!line.print.empty()) return line;
  ASSIGN_OR_RETURN(line.config, flags->Config());
  FillDefaults(line.config);
  RETURN_IF_ERROR(CheckConfig(line.config));
  return line;
}

void FillDefaults(v1::ServerConfig& config) {
  SetDefault(config.mutable_listen(), "127.0.0.1:50051");
  if (config.data().empty()) config.set_data(DefaultDataFolder());
  SetDefault(config.mutable_store(), "sqlite");
  SetDefault(config.mutable_blobs(), "file");
  SetDefault(config.mutable_metrics(), "off");
  SetDefault(config.mutable_role(), "all");
  SetDefault(config.mutable_devices(), "auto");
  SetDefault(config.mutable_log_level(), "info");
  SetDefault(config.mutable_log_format(), "text");
  if (config.max_blob_bytes() == 0) config.set_max_blob_bytes(int64_t{2} << 30);
  if (config.max_queued_jobs() == 0) config.set_max_queued_jobs(10'000);
  if (config.jobs_per_device() == 0) config.set_jobs_per_device(64);
  if (config.drain_seconds() == 0) config.set_drain_seconds(30);
}

absl::Status CheckConfig(const v1::ServerConfig& config) {
  RETURN_IF_ERROR(CheckBuilt(config));
  Faults faults;
  CheckNumbers(config, faults);
  CheckTls(config, faults);
  RETURN_IF_ERROR(faults.ToStatus());
  RETURN_IF_ERROR(CheckListen(config));
  RETURN_IF_ERROR(CheckHttp(config, "--http", config.http()));
  return CheckHttp(config, "--metrics", config.metrics());
}

std::string Version() { return PHOSPHENE_VERSION; }

}  // namespace phosphene
