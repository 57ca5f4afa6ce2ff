#pragma once

#include <string>

#include "absl/time/time.h"
#include "client/remote/access.h"

namespace phosphene::client {

// What stands between us and a server. gRPC says "connection failed" for all
// of these alike.
enum class Obstacle {
  kNone,                // the door is open: whatever it was, it has passed
  kNobody,              // nothing listens, or no way there
  kStranger,            // something else than a phosphened listens
  kPlaintextPort,       // TLS was tried, the server speaks plaintext
  kTlsPort,             // the other way around
  kUntrusted,           // its certificate is signed by somebody we do not know
  kExpired,             // its certificate is out of date, or not valid yet
  kWrongName,           // its certificate is for another name
  kCertificateMissing,  // it asks for a certificate of ours
  kCertificateRefused,  // it does not take ours
};

struct Probe {
  Obstacle obstacle = Obstacle::kNone;
  // Particulars for people: "Connection refused", "self-signed certificate",
  // "Nov 28 10:00:00 2026 GMT", the names a certificate is for.
  std::string detail;
};

// Knocks at `access.server` with a connection of its own, as gRPC would, and
// looks what comes back; at most about three times `timeout`. For the words of
// an error: call it when a call found no server.
Probe ProbeServer(const Access& access,
                  absl::Duration timeout = absl::Seconds(3));

// The error of that, with the way out: which setting to give or leave away.
// `why` is what gRPC said.
std::string ExplainProbe(const Probe& probe, const Access& access,
                         absl::string_view why);

}  // namespace phosphene::client
