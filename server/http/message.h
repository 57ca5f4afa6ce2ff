#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace phosphene {

// A request as handlers see it: admitted, of a method its route allows, and
// without a body. Valid during the handler's call.
struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // decoded, without the query: "/metrics"
  // The value of a header, of any case; "" when there is none.
  std::function<std::string(const char* name)> header;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// A line of the table of what a server answers. A new page is a new line in
// server.cc; what it does stands in a function of this folder.
struct HttpRoute {
  std::string path;  // whole: "/metrics"
  // Whoever asks must show a token where the server has tokens. Only what
  // tells nothing about jobs goes without: probes cannot send one.
  bool needs_token = true;
  // Runs on a thread of the server; may block for milliseconds.
  std::function<HttpResponse(const HttpRequest&)> answer;
};

}  // namespace phosphene
