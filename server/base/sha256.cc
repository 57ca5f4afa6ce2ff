// SHA-256 by OpenSSL.

#include "server/base/sha256.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "server/base/log.h"

namespace phosphene {

struct Sha256::Context {
  EVP_MD_CTX* const evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  PHOSPHENE_CHECK(EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(absl::string_view bytes) {
  PHOSPHENE_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) ==
                  1);
}

std::string Sha256::HexDigest() {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  PHOSPHENE_CHECK(
      EVP_DigestFinal_ex(context_->evp,
                         reinterpret_cast<unsigned char*>(digest.data()),
                         &size) == 1);
  return absl::BytesToHexString(absl::string_view(digest.data(), size));
}

std::string Sha256Hex(absl::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.HexDigest();
}

}  // namespace phosphene
