// Blobs up and down, taken up again where a connection broke.

#include "client/remote/blobs.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/base/files.h"
#include "client/base/interrupt.h"
#include "server/base/sha256.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr size_t kChunkBytes = 256 << 10;
// Broken connections in a row, without a byte moved, until we give up.
constexpr int kMaxFailures = 8;
// A transfer that stands still this long is broken off and taken up again.
constexpr absl::Duration kTransferTimeout = absl::Minutes(30);

// Worth another try from where the server stands: broken off, gone on by
// somebody else who uploads the same bytes, or with too many open at once.
bool IsBroken(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kAborted ||
         status.code() == absl::StatusCode::kOutOfRange;
}

absl::StatusOr<bool> IsThere(Connection& connection, const std::string& name) {
  v1::StatBlobsRequest request;
  request.add_names(name);
  ASSIGN_OR_RETURN(const v1::StatBlobsResponse response,
                   connection.Call(connection.blobs(),
                                   &v1::BlobService::Stub::StatBlobs, request));
  return response.blobs_size() > 0;
}

// Bytes of an upload the server holds already.
absl::StatusOr<v1::QueryUploadResponse> Query(Connection& connection,
                                              const std::string& name) {
  v1::QueryUploadRequest request;
  request.set_name(name);
  absl::StatusOr<v1::QueryUploadResponse> response = connection.Call(
      connection.blobs(), &v1::BlobService::Stub::QueryUpload, request);
  if (absl::IsNotFound(response.status())) return v1::QueryUploadResponse();
  return response;
}

// Sends the bytes from `offset` on, once.
absl::Status Send(Connection& connection, const ByteSource& source,
                  const std::string& name, int64_t offset,
                  const TransferProgress& progress) {
  const int64_t size = source.size();
  grpc::ClientContext context;
  connection.Prepare(context, kTransferTimeout);
  v1::UploadBlobResponse response;
  const auto writer = connection.blobs().UploadBlob(&context, &response);
  v1::UploadBlobRequest message;
  message.mutable_header()->set_name(name);
  message.mutable_header()->set_size_bytes(size);
  message.mutable_header()->set_offset(offset);
  bool open = writer->Write(message);
  std::vector<char> buffer(kChunkBytes);
  while (open && offset < size) {
    if (Interrupts::Count() > 0) context.TryCancel();
    const absl::StatusOr<size_t> n =
        source.Read(offset, buffer.data(), buffer.size());
    if (!n.ok()) {
      context.TryCancel();
      writer->Finish();
      return n.status();
    }
    message.set_data(buffer.data(), *n);
    open = writer->Write(message);
    offset += static_cast<int64_t>(*n);
    if (progress) progress(offset, size);
  }
  writer->WritesDone();
  return connection.Failure(writer->Finish());
}

// A destination of downloaded bytes.
using Sink = std::function<absl::Status(absl::string_view)>;

// Reads from `*offset` on, once; advances it by what arrived.
absl::Status Receive(Connection& connection, const std::string& name,
                     int64_t* offset, const Sink& sink) {
  grpc::ClientContext context;
  connection.Prepare(context, kTransferTimeout);
  v1::ReadBlobRequest request;
  request.set_name(name);
  request.set_offset(*offset);
  const auto reader = connection.blobs().ReadBlob(&context, request);
  v1::ReadBlobResponse response;
  absl::Status sunk;
  while (reader->Read(&response)) {
    if (Interrupts::Count() > 0) sunk = absl::CancelledError("interrupted");
    if (sunk.ok()) sunk = sink(response.data());
    if (!sunk.ok()) {
      context.TryCancel();
      break;
    }
    *offset += static_cast<int64_t>(response.data().size());
  }
  const grpc::Status status = reader->Finish();
  RETURN_IF_ERROR(sunk);
  return connection.Failure(status);
}

absl::Status ReceiveAll(Connection& connection, const std::string& name,
                        const Sink& sink) {
  const Interrupts interrupts(/*swallow=*/1);
  Backoff backoff;
  int failures = 0;
  int64_t offset = 0;
  while (true) {
    const int64_t before = offset;
    const absl::Status status = Receive(connection, name, &offset, sink);
    if (status.ok() || !absl::IsUnavailable(status)) return status;
    if (offset > before) {
      failures = 0;
      backoff.Reset();
    }
    if (++failures == kMaxFailures) return status;
    absl::SleepFor(backoff.Next());
  }
}

}  // namespace

absl::StatusOr<std::string> UploadFile(Connection& connection,
                                       const std::string& path,
                                       const TransferProgress& progress) {
  ASSIGN_OR_RETURN(const ByteSource source, ByteSource::OfFile(path));
  return Upload(connection, source, progress);
}

absl::StatusOr<std::string> Upload(Connection& connection,
                                   const ByteSource& source,
                                   const TransferProgress& progress) {
  ASSIGN_OR_RETURN(const std::string sha256, source.Sha256());
  const std::string name = absl::StrCat("blobs/", sha256);
  ASSIGN_OR_RETURN(const bool there, IsThere(connection, name));
  if (there) return name;
  const Interrupts interrupts(/*swallow=*/1);
  Backoff backoff;
  int64_t reached = 0;
  for (int failures = 0;;) {
    ASSIGN_OR_RETURN(const v1::QueryUploadResponse upload,
                     Query(connection, name));
    if (upload.complete()) return name;
    if (upload.committed_bytes() > reached) {
      reached = upload.committed_bytes();
      failures = 0;
      backoff.Reset();
    }
    const absl::Status status =
        Send(connection, source, name, upload.committed_bytes(), progress);
    if (status.ok()) return name;
    if (!IsBroken(status) || ++failures == kMaxFailures) return status;
    absl::SleepFor(backoff.Next());
  }
}

absl::StatusOr<int64_t> DownloadBlob(Connection& connection,
                                     const std::string& name,
                                     const std::string& path, int64_t size,
                                     const TransferProgress& progress) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  Sha256 sha;
  int64_t done = 0;
  RETURN_IF_ERROR(ReceiveAll(connection, name, [&](absl::string_view bytes) {
    sha.Update(bytes);
    done += static_cast<int64_t>(bytes.size());
    if (progress) progress(done, size);
    return file.Write(bytes);
  }));
  if (absl::StrCat("blobs/", sha.HexDigest()) != name) {
    return absl::DataLossError(
        absl::StrCat("what was read is not ", name, "; nothing is kept"));
  }
  RETURN_IF_ERROR(file.Commit());
  return done;
}

absl::StatusOr<std::string> ReadBlob(Connection& connection,
                                     const std::string& name, int64_t limit) {
  std::string out;
  RETURN_IF_ERROR(ReceiveAll(connection, name, [&](absl::string_view bytes) {
    if (static_cast<int64_t>(out.size() + bytes.size()) > limit) {
      return absl::OutOfRangeError(
          absl::StrCat(name, " is larger than ", limit, " bytes"));
    }
    out.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }));
  return out;
}

}  // namespace phosphene::client
