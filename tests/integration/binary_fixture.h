#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "phosphene/v1/job_service.grpc.pb.h"
#include "tests/integration/subprocess.h"
#include "tests/support/temp_dir.h"

namespace phosphene {

// The real phosphened with the real engine and its defaults, HTTP on a free
// port. Calls fail the test where they fail.
class BinaryFixture : public testing::Test {
 protected:
  // Starts it and waits for the line that says it serves. `before` stands
  // before the program: a command that sets limits and runs it.
  void Start(const std::vector<std::string>& before = {});

  static std::unique_ptr<grpc::ClientContext> Context();
  static v1::JobSpec TinySpec(int steps);
  // A connection of its own.
  std::unique_ptr<v1::JobService::Stub> NewClient() const;

  v1::Job Submit(const v1::JobSpec& spec);
  v1::Job Get(const std::string& name);
  // Waits until a job has done `step` steps, or has ended.
  void AwaitStep(const std::string& name, int64_t step);
  v1::Job AwaitEnd(const std::string& name);

  // /proc/PID and `rest`.
  std::string Proc(const std::string& rest) const;
  std::string socket_path() const { return dir_.path() + "/socket"; }

  TempDir dir_;
  std::unique_ptr<Subprocess> server_;
  std::string http_;  // HOST:PORT
  std::unique_ptr<v1::JobService::Stub> jobs_;
};

}  // namespace phosphene
