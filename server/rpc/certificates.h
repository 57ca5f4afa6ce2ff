#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "phosphene/v1/config.pb.h"
#include "server/base/file_changes.h"
#include "server/base/mutex.h"

namespace grpc {
class ServerCredentials;
}

namespace phosphene {

// What a server shows and asks for over TLS, all in PEM and checked.
struct TlsMaterial {
  std::string certificate;  // the chain, the server's own first
  std::string key;
  std::string client_ca;  // "": clients need no certificate
  // When all of the chain is valid.
  absl::Time not_before;
  absl::Time not_after;
};

// Reads and checks what `config` names. INVALID_ARGUMENT on the option whose
// file cannot be read, holds no PEM, is damaged or encrypted; or on --tls-key
// when it is not the certificate's.
absl::StatusOr<TlsMaterial> LoadTls(const v1::ServerConfig& config);

// "" while the certificate is valid, else a sentence that says since or until
// when it is not: clients would refuse it.
std::string ValidityFault(const TlsMaterial& material, absl::Time now);

// The TLS files of a server, read again when they change: a renewed
// certificate needs no restart. Thread-safe.
class TlsFiles {
 public:
  // As LoadTls. REQUIRES: config.tls_cert is set.
  static absl::StatusOr<std::unique_ptr<TlsFiles>> Open(
      const v1::ServerConfig& config);

  std::shared_ptr<const TlsMaterial> Current() const;

  // Looks at the files, and reads them when they changed. True when there is
  // new material; files that LoadTls refuses are logged, and what was there
  // stays. Call it on a timer, on one thread.
  bool Refresh();

 private:
  TlsFiles(const v1::ServerConfig& config, FileChanges changes,
           TlsMaterial material);

  const v1::ServerConfig config_;
  FileChanges changes_;  // of the thread that refreshes

  mutable Mutex mu_;
  std::shared_ptr<const TlsMaterial> current_ ABSL_GUARDED_BY(mu_);
};

// TLS by `files`, whose present material each new connection gets; plain
// without (null). `files` must outlive the credentials, and those must outlive
// the server that uses them.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const TlsFiles* files);

}  // namespace phosphene
