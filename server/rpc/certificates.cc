// TLS files: read, checked with OpenSSL, and handed to gRPC at each handshake.
#include "server/rpc/certificates.h"

#include <fcntl.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/posix_file.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

// A chain of certificates is a few KB.
constexpr int64_t kMaxPemBytes = 1 << 20;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;

Bio Reader(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
             BIO_free);
}

absl::StatusOr<std::string> ReadPem(const std::string& path,
                                    absl::string_view field) {
  const auto file = OpenFile(path, O_RDONLY);
  if (!file.ok())
    return FieldError(field, std::string(file.status().message()));
  // Not mapped: a file that is cut while it is read would end the server.
  const auto text = ReadAt(*file, 0, kMaxPemBytes, path);
  if (!text.ok())
    return FieldError(field, std::string(text.status().message()));
  if (!absl::StrContains(*text, "-----BEGIN ")) {
    return FieldError(field,
                      absl::StrCat(path, " holds no PEM (-----BEGIN ...)"));
  }
  return *text;
}

// All certificates of a PEM text; at least one.
absl::StatusOr<std::vector<X509Pointer>> ParseCertificates(
    const std::string& pem, const std::string& path, absl::string_view field) {
  std::vector<X509Pointer> out;
  const Bio reader = Reader(pem);
  while (X509* const one =
             PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)) {
    out.emplace_back(one, X509_free);
  }
  // The last read found no further block, or a damaged one.
  const unsigned long end = ERR_peek_last_error();
  ERR_clear_error();
  if (out.empty() || ERR_GET_REASON(end) != PEM_R_NO_START_LINE) {
    return FieldError(field,
                      absl::StrCat("certificate ", out.size() + 1, " of ", path,
                                   " is damaged, or is no certificate"));
  }
  return out;
}

// Never asks on the terminal for the password of an encrypted key.
int NoPassword(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return 0;
}

absl::StatusOr<Key> ParseKey(const std::string& pem, const std::string& path) {
  bool encrypted = false;
  Key key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassword,
                                  &encrypted),
          EVP_PKEY_free);
  ERR_clear_error();
  if (key == nullptr) {
    return FieldError(
        "--tls-key",
        absl::StrCat(path, encrypted
                               ? " is encrypted; allowed: a key without a "
                                 "password (openssl pkey removes it)"
                               : " is damaged, or is no private key"));
  }
  return key;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return absl::FromTimeT(::timegm(&parts));
}

// What gRPC asks for at each handshake; it has asked before for what Current
// was then, or not yet.
class ReloadedCredentials : public grpc::ServerCredentials {
 public:
  explicit ReloadedCredentials(const TlsFiles& files)
      : files_(files),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                files.Current()->client_ca.empty()
                    ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                    : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
                Fetch, this))) {}
  ~ReloadedCredentials() override {
    grpc_server_credentials_release(credentials_);
  }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<ReloadedCredentials*>(self)->FetchInto(config);
  }
  grpc_ssl_certificate_config_reload_status FetchInto(
      grpc_ssl_server_certificate_config** config) {
    const auto current = files_.Current();
    {
      const MutexLock lock(&mu_);
      if (std::exchange(given_, current) == current)
        return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    }
    const grpc_ssl_pem_key_cert_pair pair = {current->key.c_str(),
                                             current->certificate.c_str()};
    // gRPC ends the process where there are no roots, also when it asks clients
    // for no certificate and so never looks at them.
    const char* const roots = current->client_ca.empty()
                                  ? current->certificate.c_str()
                                  : current->client_ca.c_str();
    *config = grpc_ssl_server_certificate_config_create(roots, &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const TlsFiles& files_;
  Mutex mu_;
  std::shared_ptr<const TlsMaterial> given_ ABSL_GUARDED_BY(mu_);
  grpc_server_credentials* const credentials_;
};

}  // namespace

absl::StatusOr<TlsMaterial> LoadTls(const v1::ServerConfig& config) {
  TlsMaterial out;
  ASSIGN_OR_RETURN(out.certificate, ReadPem(config.tls_cert(), "--tls-cert"));
  ASSIGN_OR_RETURN(out.key, ReadPem(config.tls_key(), "--tls-key"));
  ASSIGN_OR_RETURN(
      const std::vector<X509Pointer> chain,
      ParseCertificates(out.certificate, config.tls_cert(), "--tls-cert"));
  ASSIGN_OR_RETURN(const Key key, ParseKey(out.key, config.tls_key()));
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    return FieldError("--tls-key",
                      absl::StrCat(config.tls_key(),
                                   " is not the key of the first certificate "
                                   "of ",
                                   config.tls_cert()));
  }
  if (!config.tls_client_ca().empty()) {
    ASSIGN_OR_RETURN(out.client_ca,
                     ReadPem(config.tls_client_ca(), "--tls-client-ca"));
    RETURN_IF_ERROR(ParseCertificates(out.client_ca, config.tls_client_ca(),
                                      "--tls-client-ca")
                        .status());
  }
  out.not_before = absl::InfinitePast();
  out.not_after = absl::InfiniteFuture();
  for (const X509Pointer& one : chain) {
    out.not_before =
        std::max(out.not_before, TimeOf(X509_get0_notBefore(one.get())));
    out.not_after =
        std::min(out.not_after, TimeOf(X509_get0_notAfter(one.get())));
  }
  return out;
}

std::string ValidityFault(const TlsMaterial& material, absl::Time now) {
  if (now > material.not_after) {
    return absl::StrCat("the server's certificate expired at ",
                        absl::FormatTime(material.not_after),
                        "; clients refuse it");
  }
  if (now < material.not_before) {
    return absl::StrCat(
        "the server's certificate is not valid before ",
        absl::FormatTime(material.not_before),
        "; clients refuse it, or this machine's clock is wrong");
  }
  return "";
}

absl::StatusOr<std::unique_ptr<TlsFiles>> TlsFiles::Open(
    const v1::ServerConfig& config) {
  FileChanges before(
      {config.tls_cert(), config.tls_key(), config.tls_client_ca()});
  ASSIGN_OR_RETURN(TlsMaterial material, LoadTls(config));
  return std::unique_ptr<TlsFiles>(
      new TlsFiles(config, std::move(before), std::move(material)));
}

TlsFiles::TlsFiles(const v1::ServerConfig& config, FileChanges changes,
                   TlsMaterial material)
    : config_(config),
      changes_(std::move(changes)),
      current_(std::make_shared<const TlsMaterial>(std::move(material))) {}

std::shared_ptr<const TlsMaterial> TlsFiles::Current() const {
  const MutexLock lock(&mu_);
  return current_;
}

bool TlsFiles::Refresh() {
  if (!changes_.Take()) return false;
  auto loaded = LoadTls(config_);
  if (!loaded.ok()) {
    LogWarn("the changed TLS files are not taken; the former stay in use",
            {{"error", std::string(loaded.status().message())}});
    return false;
  }
  LogInfo("the changed TLS files are in use",
          {{"certificate_expires", absl::FormatTime(loaded->not_after)}});
  auto fresh = std::make_shared<const TlsMaterial>(*std::move(loaded));
  const MutexLock lock(&mu_);
  current_ = std::move(fresh);
  return true;
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const TlsFiles* files) {
  if (files == nullptr) return grpc::InsecureServerCredentials();
  return std::make_shared<ReloadedCredentials>(*files);
}

}  // namespace phosphene
