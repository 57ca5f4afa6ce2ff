#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// How a server is reached: where, encrypted or not, and who calls.
struct Access {
  std::string server = "127.0.0.1:50051";  // HOST:PORT or unix:PATH
  bool tls = false;
  // PEM files; "" is this machine's own authorities, and no client certificate.
  std::string tls_ca, tls_cert, tls_key;
  // The name the server's certificate must be for; "": the host of `server`.
  std::string tls_name;
  std::string token;  // "": none
  // What said so, for messages: {"tls", "PHOSPHENE_TLS"}, {"token-file", ...}.
  std::map<std::string, std::string> origins;

  // The flag, variable or line of a file that set `key`; "--key" for none.
  std::string Origin(absl::string_view key) const;
};

// One setting: the flag `--name`, a variable of the environment, and
// `name = ...` in the file.
struct AccessKey {
  const char* name;
  // Never one that phosphened reads: both may run in one environment.
  const char* variable;
  const char* value;  // what stands for its value in help; "" for tls
  const char* help;
};
// In the order of help.
const std::vector<AccessKey>& AccessKeys();

// What the flags, the environment or a file say.
struct AccessLayer {
  std::map<std::string, std::string> values;   // by AccessKey.name
  std::map<std::string, std::string> origins;  // as Access.origins
};

// PHOSPHENE_SERVER, PHOSPHENE_TLS, ...; a variable that is empty counts as not
// set. `get` answers a variable, or null.
using Getenv = std::function<const char*(const char*)>;
AccessLayer EnvironmentLayer(const Getenv& get);

// Lines `key = value`; '#' begins a comment at the start of a line. Paths of
// files start at the folder of this one, or with ~/ at home. An unknown key, a
// doubled one and a line of another form are errors that name the file and the
// line. NOT_FOUND: no such file.
absl::StatusOr<AccessLayer> ReadAccessFile(const std::string& path);

// ${XDG_CONFIG_HOME:-~/.config}/phosphene/client.conf; "" where neither
// variable is set.
std::string DefaultAccessFile(const Getenv& get);

// Puts the layers together, the first wins. What belongs together (token and
// token-file; tls-cert and tls-key) comes from one layer. A layer that names
// another server than the one chosen is passed over: its token is not for
// this one. Reads the token file. INVALID_ARGUMENT names the setting.
absl::StatusOr<Access> CombineAccess(const std::vector<AccessLayer>& layers);

// Whether only this machine can be at the address: unix:, localhost,
// 127.0.0.0/8, [::1].
bool IsLoopback(absl::string_view server);

}  // namespace phosphene::client
