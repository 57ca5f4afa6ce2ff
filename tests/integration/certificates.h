#pragma once

#include <string>

#include "absl/time/time.h"

namespace phosphene {

// A fresh P-256 key and a certificate for localhost and 127.0.0.1 that signs
// itself, in PEM; valid from `from` to `until`, counted from now. Serves as its
// own CA.
struct Certificate {
  std::string key;
  std::string certificate;
};
Certificate MakeCertificate(const std::string& common_name,
                            absl::Duration from = -absl::Minutes(1),
                            absl::Duration until = absl::Hours(1));

}  // namespace phosphene
