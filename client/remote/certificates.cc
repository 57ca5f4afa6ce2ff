// The PEM files of a TLS connection: read, checked, made a context of OpenSSL.

#include "client/remote/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/files.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int64_t kMaxPem = 4 << 20;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio Reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
             BIO_free);
}

Cert NextCertificate(BIO* bio) {
  return Cert(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr), X509_free);
}

// Answers no password, where OpenSSL would ask the terminal for one.
int NoPassword(char*, int, int, void*) { return 0; }

absl::StatusOr<std::string> ReadPem(const Access& access, const char* key,
                                    const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path, kMaxPem);
  if (text.ok()) return text;
  return FlagError(access.Origin(key), text.status().message());
}

// Where distributions keep the certificates a machine trusts.
absl::StatusOr<std::string> ReadMachineAuthorities() {
  const char* said = std::getenv(X509_get_default_cert_file_env());
  const char* const candidates[] = {
      said == nullptr ? "" : said,
      "/etc/ssl/certs/ca-certificates.crt",
      "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/ca-bundle.pem",
      "/etc/ssl/cert.pem",
      X509_get_default_cert_file(),
  };
  for (const char* path : candidates) {
    if (*path != '\0' && access(path, R_OK) == 0)
      return ReadFile(path, kMaxPem);
  }
  return FlagError("--tls",
                   "this machine has no list of authorities it trusts; name "
                   "the server's with --tls-ca FILE, or install the package "
                   "ca-certificates");
}

}  // namespace

void FreeSslContext::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}

absl::StatusOr<SslContext> MakeSslContext(const Certificates& certificates) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return absl::InternalError("OpenSSL: no context");
  const Bio authorities = Reader(certificates.authorities);
  int count = 0;
  while (const Cert cert = NextCertificate(authorities.get())) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), cert.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return absl::InvalidArgumentError("authorities");
  if (certificates.chain.empty()) return context;
  const Bio chain = Reader(certificates.chain);
  const Cert first = NextCertificate(chain.get());
  if (first == nullptr ||
      SSL_CTX_use_certificate(context.get(), first.get()) != 1) {
    return absl::InvalidArgumentError("chain");
  }
  while (Cert next = NextCertificate(chain.get())) {
    if (SSL_CTX_add_extra_chain_cert(context.get(), next.get()) == 1)
      next.release();
  }
  ERR_clear_error();
  const Bio key_text = Reader(certificates.private_key);
  const Key key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, NoPassword, nullptr),
      EVP_PKEY_free);
  if (key == nullptr) return absl::InvalidArgumentError("private_key");
  if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return absl::FailedPreconditionError("private_key");
  }
  return context;
}

absl::StatusOr<Certificates> LoadCertificates(const Access& access) {
  Certificates out;
  if (access.tls_ca.empty()) {
    ASSIGN_OR_RETURN(out.authorities, ReadMachineAuthorities());
  } else {
    ASSIGN_OR_RETURN(out.authorities, ReadPem(access, "tls-ca", access.tls_ca));
  }
  if (!access.tls_cert.empty()) {
    ASSIGN_OR_RETURN(out.chain, ReadPem(access, "tls-cert", access.tls_cert));
    ASSIGN_OR_RETURN(out.private_key,
                     ReadPem(access, "tls-key", access.tls_key));
  }
  const absl::Status status = MakeSslContext(out).status();
  ERR_clear_error();
  if (status.ok()) return out;
  if (absl::IsFailedPrecondition(status)) {
    return FlagError(access.Origin("tls-key"),
                     absl::StrCat("\"", access.tls_key,
                                  "\" is not the key of the certificate \"",
                                  access.tls_cert, "\""));
  }
  if (status.message() == "chain") {
    return FlagError(
        access.Origin("tls-cert"),
        absl::StrCat("\"", access.tls_cert, "\" holds no certificate in PEM"));
  }
  if (status.message() == "private_key") {
    return FlagError(access.Origin("tls-key"),
                     absl::StrCat("\"", access.tls_key,
                                  "\" holds no private key in PEM, or one "
                                  "with a password"));
  }
  return FlagError(
      access.Origin("tls-ca"),
      absl::StrCat("\"",
                   access.tls_ca.empty() ? "the machine's list" : access.tls_ca,
                   "\" holds no certificate in PEM"));
}

}  // namespace phosphene::client
