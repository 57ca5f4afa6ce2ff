// Finds out why no connection to a server comes about, by trying.

#include "client/remote/probe.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/remote/certificates.h"
#include "server/base/posix_file.h"

namespace phosphene::client {
namespace {

// A connected socket, or why there is none.
struct Socket {
  FileDescriptor fd;
  std::string error;
};

void SetTimeouts(int fd, absl::Duration timeout) {
  const timeval limit = absl::ToTimeval(timeout);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  // Holds for connect as well.
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

std::string ConnectError(int error) {
  return error == EINPROGRESS || error == EAGAIN ? "no answer in time"
                                                 : std::strerror(error);
}

Socket ConnectTo(int family, const sockaddr* address, socklen_t size,
                 absl::Duration timeout) {
  Socket out;
  out.fd = FileDescriptor(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SetTimeouts(out.fd.get(), timeout);
  if (!out.fd.open() || connect(out.fd.get(), address, size) != 0) {
    out.error = ConnectError(errno);
    out.fd.Close();
  }
  return out;
}

Socket ConnectUnix(absl::string_view path, absl::Duration timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  absl::ConsumePrefix(&path, "//");
  if (path.size() >= sizeof(address.sun_path))
    return {{}, "the path is too long for a socket"};
  std::memcpy(address.sun_path, path.data(), path.size());
  return ConnectTo(AF_UNIX, reinterpret_cast<sockaddr*>(&address),
                   sizeof(address), timeout);
}

// HOST and PORT of an address, without the brackets of IPv6.
std::pair<std::string, std::string> HostAndPort(absl::string_view server) {
  const size_t colon = server.rfind(':');
  if (colon == absl::string_view::npos) return {std::string(server), ""};
  absl::string_view host = server.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  return {std::string(host), std::string(server.substr(colon + 1))};
}

Socket Connect(absl::string_view server, absl::Duration timeout) {
  if (absl::ConsumePrefix(&server, "unix:"))
    return ConnectUnix(server, timeout);
  const auto [host, port] = HostAndPort(server);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) return {{}, gai_strerror(failed)};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found,
                                                               freeaddrinfo);
  Socket out;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    out = ConnectTo(one->ai_family, one->ai_addr, one->ai_addrlen, timeout);
    if (out.fd.open()) break;
  }
  return out;
}

// Whether the other side answers HTTP/2 in plaintext with its SETTINGS.
bool SpeaksPlaintext(int fd) {
  // The client's preface and an empty SETTINGS frame (RFC 9113, 3.4).
  constexpr char kPreface[] =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
  if (send(fd, kPreface, sizeof(kPreface), MSG_NOSIGNAL) < 0) return false;
  constexpr int kSettings = 4;
  char head[9];
  size_t got = 0;
  while (got < sizeof(head)) {
    const ssize_t n = recv(fd, head + got, sizeof(head) - got, 0);
    if (n <= 0) return false;
    got += static_cast<size_t>(n);
  }
  return head[0] == 0 && head[3] == kSettings;
}

using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

// What a TLS handshake brought to light.
struct Handshake {
  bool done = false;   // to its end
  bool alive = false;  // and then the server spoke
  bool timed_out = false;
  bool certificate_seen = false;
  bool asked_for_ours = false;
  long verified = X509_V_OK;
  std::string detail;
};

std::string NamesOf(X509* cert) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && out.size() < 8; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      out.emplace_back(
          reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
          static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      char* const text = i2s_ASN1_OCTET_STRING(nullptr, name->d.iPAddress);
      const unsigned char* b = ASN1_STRING_get0_data(name->d.iPAddress);
      out.push_back(ASN1_STRING_length(name->d.iPAddress) == 4
                        ? absl::StrCat(b[0], ".", b[1], ".", b[2], ".", b[3])
                        : std::string(text == nullptr ? "" : text));
      OPENSSL_free(text);
    }
  }
  GENERAL_NAMES_free(names);
  return absl::StrJoin(out, ", ");
}

std::string TimeText(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()),
                                                      BIO_free);
  ASN1_TIME_print(bio.get(), time);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string IssuerOf(X509* cert) {
  char text[256];
  X509_NAME_oneline(X509_get_issuer_name(cert), text, sizeof(text));
  return text;
}

// What is to be said of a certificate that was not taken.
std::string CertificateDetail(X509* cert, long verified) {
  switch (verified) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return absl::StrCat("expired on ", TimeText(X509_get0_notAfter(cert)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return absl::StrCat("is not valid before ",
                          TimeText(X509_get0_notBefore(cert)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return NamesOf(cert);
    default:
      return absl::StrCat(X509_verify_cert_error_string(verified),
                          "; issued by ", IssuerOf(cert));
  }
}

// The certificate the check stopped at: kept for what is to be said of it.
int KeepBadCertificate(int ok, X509_STORE_CTX* store) {
  auto* const ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const out = static_cast<Handshake*>(SSL_get_app_data(ssl));
  out->certificate_seen = true;
  X509* const cert = X509_STORE_CTX_get_current_cert(store);
  if (ok == 0 && out->verified == X509_V_OK) {
    out->verified = X509_STORE_CTX_get_error(store);
    if (cert != nullptr) out->detail = CertificateDetail(cert, out->verified);
  }
  return ok;
}

int NoteCertificateRequest(SSL* ssl, void*) {
  static_cast<Handshake*>(SSL_get_app_data(ssl))->asked_for_ours = true;
  return 1;
}

void ExpectName(SSL* ssl, const Access& access) {
  std::string name = access.tls_name;
  if (name.empty()) {
    name = absl::StartsWith(access.server, "unix:")
               ? "localhost"
               : HostAndPort(access.server).first;
  }
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1)
    return;
  ERR_clear_error();
  SSL_set_tlsext_host_name(ssl, name.c_str());
  SSL_set1_host(ssl, name.c_str());
}

Handshake TryTls(int fd, SSL_CTX* context, const Access& access, bool verify) {
  Handshake out;
  const Ssl ssl(SSL_new(context), SSL_free);
  SSL_set_app_data(ssl.get(), &out);
  SSL_set_fd(ssl.get(), fd);
  SSL_set_verify(ssl.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                 verify ? KeepBadCertificate : nullptr);
  SSL_set_cert_cb(ssl.get(), NoteCertificateRequest, nullptr);
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2));
  if (verify) ExpectName(ssl.get(), access);
  errno = 0;
  out.done = SSL_connect(ssl.get()) == 1;
  out.timed_out = !out.done && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (out.done) {
    out.certificate_seen = true;
    // A server that refuses our certificate says so, or hangs up, now; one
    // that takes it sends its SETTINGS.
    char byte;
    out.alive = SSL_read(ssl.get(), &byte, 1) == 1;
  }
  ERR_clear_error();
  return out;
}

Probe ProbeTls(const Access& access, int fd, absl::Duration timeout) {
  const auto certificates = LoadCertificates(access);
  if (!certificates.ok()) return {Obstacle::kNone, ""};
  const auto context = MakeSslContext(*certificates);
  if (!context.ok()) return {Obstacle::kNone, ""};
  const Handshake tls = TryTls(fd, context->get(), access, /*verify=*/true);
  switch (tls.verified) {
    case X509_V_OK:
      break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {Obstacle::kExpired, tls.detail};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {Obstacle::kWrongName, tls.detail};
    default:
      return {Obstacle::kUntrusted, tls.detail};
  }
  if (tls.alive) return {};
  if (tls.asked_for_ours) {
    return {access.tls_cert.empty() ? Obstacle::kCertificateMissing
                                    : Obstacle::kCertificateRefused,
            ""};
  }
  if (tls.done || tls.certificate_seen) return {};
  const Socket again = Connect(access.server, timeout);
  if (again.fd.open() && SpeaksPlaintext(again.fd.get()))
    return {Obstacle::kPlaintextPort, ""};
  return {Obstacle::kStranger, tls.timed_out ? "no answer in time" : ""};
}

Probe ProbePlaintext(const Access& access, int fd, absl::Duration timeout) {
  if (SpeaksPlaintext(fd)) return {};
  const Socket again = Connect(access.server, timeout);
  const SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!again.fd.open() || context == nullptr) return {};
  const Handshake tls =
      TryTls(again.fd.get(), context.get(), access, /*verify=*/false);
  if (tls.done || tls.asked_for_ours) return {Obstacle::kTlsPort, ""};
  return {Obstacle::kStranger, ""};
}

// gRPC tells all it tried; the last part is the cause.
absl::string_view LastPart(absl::string_view why) {
  const size_t colon = why.rfind(": ");
  if (absl::StartsWith(why, "failed to connect") &&
      colon != absl::string_view::npos) {
    return why.substr(colon + 2);
  }
  return why;
}

}  // namespace

Probe ProbeServer(const Access& access, absl::Duration timeout) {
  const Socket socket = Connect(access.server, timeout);
  if (!socket.fd.open()) return {Obstacle::kNobody, socket.error};
  return access.tls ? ProbeTls(access, socket.fd.get(), timeout)
                    : ProbePlaintext(access, socket.fd.get(), timeout);
}

std::string ExplainProbe(const Probe& probe, const Access& access,
                         absl::string_view why) {
  const std::string server = absl::StrCat("the server at ", access.server);
  switch (probe.obstacle) {
    case Obstacle::kPlaintextPort: {
      // Files of certificates ask for TLS, too.
      std::string origin = access.Origin("tls");
      for (const char* key : {"tls-ca", "tls-cert", "tls-name"}) {
        if (access.origins.count("tls") == 0 && access.origins.count(key) > 0)
          origin = access.Origin(key);
      }
      return absl::StrCat(server, " speaks plaintext, and ", origin,
                          " asks for TLS; leave that away, or say "
                          "--tls=false, if the way there is safe");
    }
    case Obstacle::kTlsPort:
      return absl::StrCat(
          server,
          " speaks TLS; add --tls, with --tls-ca FILE where its certificate "
          "does not come from an authority this machine knows");
    case Obstacle::kUntrusted:
      return absl::StrCat("the certificate of ", server, " is not trusted (",
                          probe.detail,
                          "); name the certificate of who signed it with "
                          "--tls-ca FILE");
    case Obstacle::kExpired:
      return absl::StrCat("the certificate of ", server, " ", probe.detail,
                          "; who runs it must renew it (or this machine's "
                          "clock is wrong)");
    case Obstacle::kWrongName:
      return absl::StrCat("the certificate of ", server, " is for ",
                          probe.detail.empty() ? "no name" : probe.detail,
                          "; call it so with --server, or say --tls-name NAME");
    case Obstacle::kCertificateMissing:
      return absl::StrCat(server,
                          " asks for a certificate of its clients; show one "
                          "with --tls-cert FILE and --tls-key FILE");
    case Obstacle::kCertificateRefused:
      return absl::StrCat(server, " refuses the certificate of ",
                          access.Origin("tls-cert"), " (\"", access.tls_cert,
                          "\"): not signed by an authority it knows, or out "
                          "of date");
    case Obstacle::kStranger:
      return absl::StrCat("what listens at ", access.server,
                          " is not a phosphened",
                          probe.detail.empty() ? "" : " (", probe.detail,
                          probe.detail.empty() ? "" : ")",
                          "; name its address with --server ADDR");
    case Obstacle::kNone:
      return absl::StrCat(server, " is there, but the call broke off (",
                          LastPart(why), "); try again");
    case Obstacle::kNobody:
      break;
  }
  return absl::StrCat(
      "no server answers at ", access.server, " (", probe.detail,
      "); start `phosphened`, name another with --server ADDR, or put --local "
      "before the command to start a private one for it");
}

}  // namespace phosphene::client
