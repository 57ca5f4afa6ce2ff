#pragma once

#include <string>

namespace phosphene {

// A fresh P-256 key and a certificate that signs itself, in PEM. Serves as its
// own CA.
struct Certificate {
  std::string key;
  std::string certificate;
};

struct CertificateOptions {
  std::string names = "DNS:localhost,IP:127.0.0.1";  // as openssl.cnf has them
  long ends_in_seconds = 3600;  // counted from now; negative: it has expired
};

Certificate MakeCertificate(const std::string& common_name,
                            const CertificateOptions& options = {});

}  // namespace phosphene
