// The pages of probes, which say no more than a word.
#include "server/http/health_pages.h"

#include <utility>

namespace phosphene {

HttpRoute HealthPage() {
  return {.path = "/healthz",
          .needs_token = false,
          .answer = [](const HttpRequest&) {
            return HttpResponse{.body = "ok\n"};
          }};
}

HttpRoute ReadyPage(std::function<bool()> serving) {
  return {.path = "/readyz",
          .needs_token = false,
          .answer = [serving = std::move(serving)](const HttpRequest&) {
            if (serving()) return HttpResponse{.body = "ready\n"};
            return HttpResponse{.status = 503,
                                .body = "not ready: starting or draining\n"};
          }};
}

}  // namespace phosphene
