// Whose call it is: tenant and address.
#include "server/rpc/peer.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace phosphene {

std::string PeerOf(absl::string_view uri, absl::string_view tenant) {
  absl::string_view address = uri;
  if (absl::StartsWith(uri, "unix")) {
    address = "unix";
  } else if (const size_t colon = uri.rfind(':');
             colon != absl::string_view::npos && colon > uri.find(':')) {
    address = uri.substr(0, colon);
  }
  return tenant.empty() ? std::string(address)
                        : absl::StrCat(tenant, "@", address);
}

}  // namespace phosphene
