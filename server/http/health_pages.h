#pragma once

#include <functional>

#include "server/http/message.h"

namespace phosphene {

// /healthz: 200 while the process answers at all. For liveness probes.
HttpRoute HealthPage();

// /readyz: 200 while calls are served, 503 while the server starts or drains.
// For readiness probes and load balancers.
HttpRoute ReadyPage(std::function<bool()> serving);

}  // namespace phosphene
