#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace phosphene {

// SHA-256 of bytes that come in pieces. Thread-compatible; moved-from objects
// may only be destroyed.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(absl::string_view bytes);
  // The digest in 64 lower-case hex digits. Ends the object: call it last.
  std::string HexDigest();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The digest of `bytes` in 64 lower-case hex digits.
std::string Sha256Hex(absl::string_view bytes);

}  // namespace phosphene
