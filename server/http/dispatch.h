#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "server/http/message.h"
#include "server/rpc/authorize.h"

namespace phosphene {

// Decides what a request gets, in this order: 403 for a Host or an Origin that
// is not ours, 413 for a body, 404 with the nearest path, 405, 401 without a
// token where one is asked for, and then what its route answers. HEAD is
// answered as GET; the server leaves the body out.
struct HttpRules {
  std::vector<HttpRoute> routes;
  const Authorizer* authorizer = nullptr;  // borrowed
  // Only names of this machine are taken as Host: a page of elsewhere whose
  // name its owner points at 127.0.0.1 must not get through a browser.
  bool loopback_only = true;
};
HttpResponse Dispatch(const HttpRules& rules, const HttpRequest& request);

// "example.org" of "example.org:80", "[::1]" of "[::1]:80".
absl::string_view HostOf(absl::string_view authority);

}  // namespace phosphene
