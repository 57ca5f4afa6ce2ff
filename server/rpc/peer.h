#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace phosphene {

// Whose call it is, for what is counted per peer: the address without its
// port, and before it the tenant of the token, "" when there is none. `uri` is
// grpc::ServerContext::peer():
//   PeerOf("ipv4:10.0.0.7:4711", "") is "ipv4:10.0.0.7",
//   PeerOf("ipv6:%5B::1%5D:4711", "lab") is "lab@ipv6:%5B::1%5D".
// Callers at Unix sockets are one peer, as are all behind one proxy.
std::string PeerOf(absl::string_view uri, absl::string_view tenant);

}  // namespace phosphene
