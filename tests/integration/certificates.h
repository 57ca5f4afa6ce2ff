#pragma once

#include <string>

namespace phosphene {

// A fresh P-256 key and a certificate for localhost and 127.0.0.1 that signs
// itself, in PEM; good for an hour. Serves as its own CA.
struct Certificate {
  std::string key;
  std::string certificate;
};
Certificate MakeCertificate(const std::string& common_name);

}  // namespace phosphene
