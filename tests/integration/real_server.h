#pragma once

#include <grpcpp/channel.h>

#include <functional>
#include <memory>
#include <string>

#include "phosphene/v1/blob_service.grpc.pb.h"
#include "phosphene/v1/job_service.grpc.pb.h"
#include "tests/integration/subprocess.h"
#include "tests/support/temp_dir.h"

namespace phosphene {

// The real phosphened with the real engine on a folder of its own, which
// outlives a restart. Calls fail the test where they fail.
class RealServer {
 public:
  // The folder of its data.
  std::string data() const { return dir_.path() + "/data"; }
  // Where it listens, as --listen and --server take it.
  std::string address() const { return "unix:" + dir_.path() + "/socket"; }
  // Starts it, or again after Stop, and waits until it serves.
  void Start();
  // SIGTERM; waits for its end.
  void Stop();

  v1::Job Submit(const v1::JobSpec& spec);
  // CreateJob as it is, refused or not.
  grpc::Status Create(const v1::CreateJobRequest& request, v1::Job* job);
  // Events until one for which `until` holds, or the last.
  void Watch(const std::string& name,
             const std::function<bool(const v1::JobEvent&)>& until);
  // Waits until the job ended, or (`paused`) is PAUSED.
  v1::Job Await(const std::string& name, bool paused = false);
  void Pause(const std::string& name);
  void Resume(const std::string& name);
  // The bytes of the job's first artifact.
  std::string Result(const v1::Job& job);
  // `blobs/...` of the bytes.
  std::string Store(const std::string& bytes);

  // The result of a run that nothing interrupts.
  std::string Uninterrupted(const v1::JobSpec& spec);
  // The result of a run that is paused on its way, while its server ends and
  // another goes on.
  std::string PausedAndResumed(const v1::JobSpec& spec);

 private:
  TempDir dir_;
  std::unique_ptr<Subprocess> server_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::BlobService::Stub> blobs_;
};

}  // namespace phosphene
