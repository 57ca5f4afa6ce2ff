#pragma once

#include <string>

#include "absl/time/time.h"

namespace phosphene {

// A fresh P-256 key and a certificate that signs itself, in PEM. Serves as its
// own CA.
struct Certificate {
  std::string key;
  std::string certificate;
};

struct CertificateOptions {
  std::string names = "DNS:localhost,IP:127.0.0.1";  // as openssl.cnf has them
  // Valid from and until, counted from now.
  absl::Duration from = -absl::Minutes(1);
  absl::Duration until = absl::Hours(1);
};

Certificate MakeCertificate(const std::string& common_name,
                            const CertificateOptions& options = {});

}  // namespace phosphene
