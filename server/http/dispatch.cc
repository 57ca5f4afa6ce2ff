// Who may ask, for what, and which handler answers: no sockets here.
#include "server/http/dispatch.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/nearest.h"
#include "server/rpc/listen.h"

namespace phosphene {
namespace {

HttpResponse Refused(int status, absl::string_view why) {
  return {.status = status, .body = absl::StrCat(why, "\n")};
}

bool IsThisMachine(absl::string_view host) {
  // A name of a host and any port: what ParseListenAddress calls loopback.
  const auto address = ParseListenAddress(absl::StrCat(host, ":0"), "host");
  return address.ok() && address->loopback && address->unix_path.empty();
}

// A body is announced; none of our pages reads one.
bool HasBody(const HttpRequest& request) {
  const std::string length = request.header("Content-Length");
  return (!length.empty() && length != "0") ||
         !request.header("Transfer-Encoding").empty();
}

const HttpRoute* Find(const HttpRules& rules, absl::string_view path) {
  const auto found =
      std::find_if(rules.routes.begin(), rules.routes.end(),
                   [&](const HttpRoute& route) { return route.path == path; });
  return found == rules.routes.end() ? nullptr : &*found;
}

HttpResponse NotFound(const HttpRules& rules, const std::string& path) {
  std::vector<std::string> paths;
  for (const HttpRoute& route : rules.routes) paths.push_back(route.path);
  return Refused(404, absl::StrCat("no page ", path, NearestHint(path, paths)));
}

}  // namespace

absl::string_view HostOf(absl::string_view authority) {
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != absl::string_view::npos &&
                        authority.find(']', colon) == absl::string_view::npos;
  return has_port ? authority.substr(0, colon) : authority;
}

HttpResponse Dispatch(const HttpRules& rules, const HttpRequest& request) {
  const std::string host = request.header("Host");
  // Browsers always send one; probes that speak HTTP/1.0 may not.
  if (rules.loopback_only && !host.empty() && !IsThisMachine(HostOf(host))) {
    return Refused(403, absl::StrCat("host \"", host,
                                     "\" is not this machine; allowed: "
                                     "localhost, 127.0.0.1, [::1]"));
  }
  const std::string origin = request.header("Origin");
  if (!origin.empty() && origin != "http://" + host &&
      origin != "https://" + host) {
    return Refused(
        403, absl::StrCat("pages of ", origin, " may not call this server"));
  }
  if (HasBody(request)) return Refused(413, "no page here takes a body");
  const HttpRoute* const route = Find(rules, request.path);
  if (route == nullptr) return NotFound(rules, request.path);
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = Refused(
        405,
        absl::StrCat(request.method, " is not allowed; allowed: GET, HEAD"));
    response.headers = {{"Allow", "GET, HEAD"}};
    return response;
  }
  if (route->needs_token) {
    const auto tenant =
        rules.authorizer->AuthorizeHeader(request.header("Authorization"));
    if (!tenant.ok()) {
      HttpResponse response = Refused(401, tenant.status().message());
      response.headers = {{"WWW-Authenticate", "Bearer"}};
      return response;
    }
  }
  return route->answer(request);
}

}  // namespace phosphene
