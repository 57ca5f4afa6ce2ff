#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "phosphene/v1/blob_service.grpc.pb.h"
#include "phosphene/v1/job_service.grpc.pb.h"
#include "phosphene/v1/model_service.grpc.pb.h"
#include "phosphene/v1/system_service.grpc.pb.h"

namespace phosphene::client {

// A status with google.rpc details, as the real server sends it.
grpc::Status RichError(grpc::StatusCode code, const std::string& message,
                       const std::string& field,
                       const std::string& description);

// A gRPC server on a loopback port that does as the test says: it breaks
// streams at will, which the real one does not. Calls are on gRPC's threads.
class ScriptedServer {
 public:
  ScriptedServer();
  ~ScriptedServer();
  std::string address() const;

  // What a WatchJob stream sends and ends with; the first call takes the
  // first, the last one repeats.
  struct Watch {
    std::vector<v1::JobEvent> events;
    grpc::Status end;
  };
  std::deque<Watch> watches;
  std::vector<int64_t> watched_after;  // after_sequence of each call
  // Whether there is a FollowJob; it sends the same, but never more than two
  // frames beyond the last acknowledged one.
  bool has_follow = false;
  int follow_calls = 0;
  std::vector<int64_t> acknowledged;  // sequences, as they came

  // CreateJob answers this error, or a job named jobs/made of the request.
  grpc::Status create_error;
  // So many CreateJob calls fail with UNAVAILABLE first.
  int create_unavailable = 0;
  std::vector<v1::CreateJobRequest> created;
  v1::Job job;  // what GetJob answers

  std::map<std::string, std::string> blobs;  // whole, by name
  std::string partial;                       // what came of an upload so far
  int64_t break_upload_at = -1;              // end the stream here, once
  int64_t break_read_at = -1;                // end a read here, once
  std::vector<int64_t> upload_offsets, read_offsets;

  std::vector<v1::ListJobsRequest> listed;
  std::vector<v1::Job> jobs;  // what ListJobs answers
  v1::Capabilities capabilities;
  v1::ListDevicesResponse devices;

  // What grpc.health.v1 answers for every service.
  void SetServing(bool serving);

  std::vector<v1::Layer> layers;
  std::vector<v1::CreateModelRequest> models_created;

  std::mutex mutex;  // guards all above while calls may come

 private:
  class Jobs;
  class Blobs;
  class Models;
  class System;
  std::unique_ptr<Jobs> jobs_;
  std::unique_ptr<Blobs> blobs_;
  std::unique_ptr<Models> models_;
  std::unique_ptr<System> system_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace phosphene::client
