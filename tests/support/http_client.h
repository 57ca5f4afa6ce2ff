#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace phosphene {

// What came back.
struct HttpAnswer {
  int status = 0;    // 0: no answer
  std::string head;  // status line and headers
  std::string body;
};

// Sends `request` as it is to HOST:PORT and reads until the other end closes:
// ask for `Connection: close`. With `ca` (PEM) over TLS, to a server whose
// certificate must come from it.
HttpAnswer HttpExchange(const std::string& address, const std::string& request,
                        const std::string& ca = "");

// A GET with headers, each "Name: value\r\n". The header Host is `address`.
HttpAnswer HttpGet(const std::string& address, const std::string& path,
                   const std::string& headers = "", const std::string& ca = "");

}  // namespace phosphene
