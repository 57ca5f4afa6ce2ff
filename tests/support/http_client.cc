#include "tests/support/http_client.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

// A context that trusts `ca` alone.
Context Trusting(const std::string& ca) {
  Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const Bio pem(BIO_new_mem_buf(ca.data(), static_cast<int>(ca.size())),
                BIO_free_all);
  X509* const root = PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), root);
  X509_free(root);
  return context;
}

HttpAnswer Parse(const std::string& text) {
  HttpAnswer answer;
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.head = text.substr(0, end + 2);
  answer.body = text.substr(end + 4);
  if (!absl::SimpleAtoi(answer.head.substr(9, 3), &answer.status))
    answer.status = 0;
  return answer;
}

}  // namespace

HttpAnswer HttpExchange(const std::string& address, const std::string& request,
                        const std::string& ca) {
  const Context context =
      ca.empty() ? Context(nullptr, SSL_CTX_free) : Trusting(ca);
  const Bio connection(ca.empty() ? BIO_new_connect(address.c_str())
                                  : BIO_new_ssl_connect(context.get()),
                       BIO_free_all);
  if (!ca.empty()) BIO_set_conn_hostname(connection.get(), address.c_str());
  if (BIO_do_connect(connection.get()) <= 0) return {};
  BIO_write(connection.get(), request.data(), static_cast<int>(request.size()));
  std::string text;
  char piece[4096];
  for (int n; (n = BIO_read(connection.get(), piece, sizeof(piece))) > 0;)
    text.append(piece, n);
  return Parse(text);
}

HttpAnswer HttpGet(const std::string& address, const std::string& path,
                   const std::string& headers, const std::string& ca) {
  return HttpExchange(
      address,
      absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ", address,
                   "\r\nConnection: close\r\n", headers, "\r\n"),
      ca);
}

}  // namespace phosphene
