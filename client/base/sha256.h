#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

struct evp_md_ctx_st;

namespace phosphene::client {

// Sha256 of a stream of bytes. Thread-compatible.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Add(absl::string_view bytes);
  // 64 lower-case hex digits; call once, last.
  std::string Hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace phosphene::client
