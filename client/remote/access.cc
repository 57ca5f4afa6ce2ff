// How a server is reached, put together from flags, environment and a file.

#include "client/remote/access.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/base/failure.h"
#include "client/base/files.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int64_t kMaxFile = 64 << 10;
constexpr size_t kMaxToken = 8 << 10;

std::vector<std::string> KeyNames() {
  std::vector<std::string> names;
  for (const AccessKey& key : AccessKeys()) names.push_back(key.name);
  return names;
}

// The first layer that has one of the keys; null for none.
const AccessLayer* LayerWith(const std::vector<const AccessLayer*>& layers,
                             const std::vector<std::string>& keys) {
  for (const AccessLayer* layer : layers) {
    for (const std::string& key : keys) {
      if (layer->values.count(key) > 0) return layer;
    }
  }
  return nullptr;
}

std::string ValueIn(const AccessLayer* layer, const std::string& key) {
  if (layer == nullptr) return "";
  const auto found = layer->values.find(key);
  return found == layer->values.end() ? "" : found->second;
}

std::optional<bool> ParseBool(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  for (const char* yes : {"true", "1", "yes", "on"}) {
    if (lower == yes) return true;
  }
  for (const char* no : {"false", "0", "no", "off"}) {
    if (lower == no) return false;
  }
  return std::nullopt;
}

// A token travels in a header: printable, without spaces.
absl::Status CheckToken(absl::string_view token, absl::string_view origin) {
  const bool printable = std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (printable && token.size() <= kMaxToken) return absl::OkStatus();
  // The value is a secret: it is not shown.
  return FlagError(origin,
                   absl::StrCat("a token is one word of at most ", kMaxToken,
                                " printable ASCII characters"));
}

absl::StatusOr<std::string> ReadToken(const std::string& path,
                                      const std::string& origin) {
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxFile);
  if (!text.ok()) return FlagError(origin, text.status().message());
  const absl::string_view token = absl::StripAsciiWhitespace(*text);
  if (token.empty())
    return FlagError(origin, absl::StrCat("\"", path, "\" is empty"));
  RETURN_IF_ERROR(CheckToken(token, absl::StrCat(origin, ": \"", path, "\"")));
  return std::string(token);
}

// Takes `key` of the layer over, with what set it.
void Take(const AccessLayer* layer, const std::string& key, std::string* value,
          Access* access) {
  if (layer == nullptr || layer->values.count(key) == 0) return;
  *value = layer->values.at(key);
  access->origins[key] = layer->origins.at(key);
}

absl::Status CombineTls(const std::vector<const AccessLayer*>& layers,
                        Access* access) {
  const AccessLayer* const said = LayerWith(layers, {"tls"});
  std::optional<bool> tls;
  std::vector<const AccessLayer*> counted = layers;
  if (said != nullptr) {
    std::string text;
    Take(said, "tls", &text, access);
    tls = ParseBool(text);
    if (!tls.has_value()) {
      return FlagError(
          access->Origin("tls"),
          absl::StrCat("\"", text, "\" is not allowed; allowed true, false"));
    }
    // What stands below a "no TLS" is overruled with it.
    if (!*tls) {
      counted.erase(std::find(counted.begin(), counted.end(), said) + 1,
                    counted.end());
    }
  }
  const AccessLayer* const pair = LayerWith(counted, {"tls-cert", "tls-key"});
  Take(LayerWith(counted, {"tls-ca"}), "tls-ca", &access->tls_ca, access);
  Take(LayerWith(counted, {"tls-name"}), "tls-name", &access->tls_name, access);
  Take(pair, "tls-cert", &access->tls_cert, access);
  Take(pair, "tls-key", &access->tls_key, access);
  if (access->tls_cert.empty() != access->tls_key.empty()) {
    const char* there = access->tls_cert.empty() ? "tls-key" : "tls-cert";
    const char* missing = access->tls_cert.empty() ? "--tls-cert" : "--tls-key";
    return FlagError(access->Origin(there), absl::StrCat("needs ", missing));
  }
  const std::string* const files[] = {&access->tls_ca, &access->tls_cert,
                                      &access->tls_name};
  const char* const names[] = {"tls-ca", "tls-cert", "tls-name"};
  access->tls = tls.value_or(false);
  for (int i = 0; i < 3; ++i) {
    if (files[i]->empty()) continue;
    if (tls.has_value() && !*tls) {
      return FlagError(
          access->Origin(names[i]),
          absl::StrCat("needs TLS, which ", access->Origin("tls"), " forbids"));
    }
    access->tls = true;
  }
  return absl::OkStatus();
}

absl::Status CombineToken(const std::vector<const AccessLayer*>& layers,
                          Access* access) {
  const AccessLayer* const layer = LayerWith(layers, {"token", "token-file"});
  std::string token, file;
  Take(layer, "token", &token, access);
  Take(layer, "token-file", &file, access);
  if (!token.empty() && !file.empty()) {
    return FlagError(access->Origin("token"),
                     absl::StrCat("and ", access->Origin("token-file"),
                                  " exclude each other; give one of them"));
  }
  if (!file.empty()) {
    ASSIGN_OR_RETURN(access->token,
                     ReadToken(file, access->Origin("token-file")));
  } else {
    RETURN_IF_ERROR(CheckToken(token, access->Origin("token")));
    access->token = token;
  }
  return absl::OkStatus();
}

// A path of a file starts at that file's folder, or, with ~/, at home.
std::string PathIn(const std::string& file, const std::string& path) {
  const char* home = std::getenv("HOME");
  if (home != nullptr && absl::StartsWith(path, "~/"))
    return absl::StrCat(home, path.substr(1));
  if (path.empty()) return path;
  return (std::filesystem::path(file).parent_path() / path).string();
}

}  // namespace

const std::vector<AccessKey>& AccessKeys() {
  static const std::vector<AccessKey> keys = {
      {"server", "PHOSPHENE_SERVER", "ADDR",
       "address of the server, HOST:PORT or unix:PATH [127.0.0.1:50051]"},
      {"tls", "PHOSPHENE_TLS", "",
       "encrypt; its certificate must be one this machine trusts"},
      {"tls-ca", "PHOSPHENE_TLS_CA", "FILE",
       "PEM certificates the server's must come from, instead of this "
       "machine's"},
      {"tls-cert", "PHOSPHENE_CLIENT_CERT", "FILE",
       "PEM certificate chain to show the server"},
      {"tls-key", "PHOSPHENE_CLIENT_KEY", "FILE",
       "PEM private key of --tls-cert"},
      {"tls-name", "PHOSPHENE_TLS_NAME", "NAME",
       "name the server's certificate is for, where --server says another"},
      {"token", "PHOSPHENE_TOKEN", "TOKEN",
       "bearer token to call with; others on this machine see flags, so "
       "rather use --token-file"},
      {"token-file", "PHOSPHENE_TOKEN_FILE", "FILE",
       "file that holds the token"},
  };
  return keys;
}

std::string Access::Origin(absl::string_view key) const {
  const auto found = origins.find(std::string(key));
  return found == origins.end() ? absl::StrCat("--", key) : found->second;
}

AccessLayer EnvironmentLayer(const Getenv& get) {
  AccessLayer layer;
  for (const AccessKey& key : AccessKeys()) {
    const char* value = get(key.variable);
    if (value == nullptr || *value == '\0') continue;
    layer.values[key.name] = value;
    layer.origins[key.name] = key.variable;
  }
  return layer;
}

absl::StatusOr<AccessLayer> ReadAccessFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFile));
  AccessLayer layer;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::string here = absl::StrCat(path, ":", ++number);
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const size_t equals = line.find('=');
    if (equals == absl::string_view::npos) {
      return UsageError(absl::StrCat(here, ": a line is KEY = VALUE; allowed ",
                                     QuotedList(KeyNames())));
    }
    const std::string key = absl::StrReplaceAll(
        absl::StripAsciiWhitespace(line.substr(0, equals)), {{"_", "-"}});
    const std::vector<std::string> names = KeyNames();
    const auto found = std::find(names.begin(), names.end(), key);
    if (found == names.end()) {
      std::string hint = NearestHint(key, names);
      if (hint.empty()) hint = absl::StrCat("; allowed ", QuotedList(names));
      return UsageError(absl::StrCat(here, ": no setting \"", key, "\"", hint));
    }
    if (layer.values.count(key) > 0) {
      return UsageError(
          absl::StrCat(here, ": \"", key, "\" stands here a second time"));
    }
    const std::string value(
        absl::StripAsciiWhitespace(line.substr(equals + 1)));
    const AccessKey& known =
        AccessKeys()[static_cast<size_t>(found - names.begin())];
    layer.values[key] =
        absl::string_view(known.value) == "FILE" ? PathIn(path, value) : value;
    layer.origins[key] = absl::StrCat(here, ": ", key);
  }
  return layer;
}

std::string DefaultAccessFile(const Getenv& get) {
  const auto value = [&](const char* name) {
    const char* text = get(name);
    return std::string(text == nullptr ? "" : text);
  };
  const std::string config = value("XDG_CONFIG_HOME");
  if (!config.empty()) return absl::StrCat(config, "/phosphene/client.conf");
  const std::string home = value("HOME");
  return home.empty() ? ""
                      : absl::StrCat(home, "/.config/phosphene/client.conf");
}

absl::StatusOr<Access> CombineAccess(const std::vector<AccessLayer>& layers) {
  Access access;
  std::vector<const AccessLayer*> all;
  for (const AccessLayer& layer : layers) all.push_back(&layer);
  Take(LayerWith(all, {"server"}), "server", &access.server, &access);
  if (access.server.empty())
    return FlagError(access.Origin("server"), "the address is empty");
  std::vector<const AccessLayer*> counted;
  for (const AccessLayer* layer : all) {
    const bool other = layer->values.count("server") > 0 &&
                       ValueIn(layer, "server") != access.server;
    if (!other) counted.push_back(layer);
  }
  RETURN_IF_ERROR(CombineTls(counted, &access));
  RETURN_IF_ERROR(CombineToken(counted, &access));
  return access;
}

bool IsLoopback(absl::string_view server) {
  if (absl::StartsWith(server, "unix:")) return true;
  const absl::string_view host = server.substr(0, server.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  return parts.size() == 4 && parts[0] == "127" &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return c == '.' ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c));
         });
}

}  // namespace phosphene::client
