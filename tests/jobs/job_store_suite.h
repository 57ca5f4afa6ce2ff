#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/jobs/job_store.h"
#include "tests/support/fake_clock.h"

namespace phosphene {

// A store to hold to the contract: opened, closed and opened again over the
// same content.
class JobStoreBackend {
 public:
  virtual ~JobStoreBackend() = default;
  // At most `max_queued` jobs may wait.
  virtual std::unique_ptr<JobStore> Open(const Clock& clock,
                                         int max_queued) = 0;
};

using MakeBackend = std::function<std::unique_ptr<JobStoreBackend>()>;

// The contract of job_store.h as tests (job_store*_suite.cc), to be run by
// every backend:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, JobStoreSuite,
//   testing::Values(MakeSqlite));
class JobStoreSuite : public testing::TestWithParam<MakeBackend> {
 protected:
  void SetUp() override;
  // Opens the store, again if it was open: as a restart does.
  void Open(int max_queued = 1000);
  JobStore& store() { return *store_; }

  // Submits `jobs/NAME`; every call a minute later.
  StoredJob Submit(const std::string& name, int priority = 0);
  StoredJob Submit(const NewJob& request);
  static NewJob Request(const std::string& name);
  // Claims `jobs/NAME`; returns the attempt.
  int Claim(const std::string& name);
  // Brings a fresh job into a state.
  StoredJob In(v1::Job::State state, const std::string& name = "a");
  v1::Job Get(const std::string& name);
  v1::Job::State StateOf(const std::string& name);
  // Names of the jobs a filter finds, without "jobs/", newest first.
  std::vector<std::string> Find(const std::string& filter);
  std::vector<std::string> Garbage();
  static RunOutcome Succeeded();
  static RunOutcome Stopped();

  FakeClock clock_;
  std::unique_ptr<JobStoreBackend> backend_;
  std::unique_ptr<JobStore> store_;
};

// A blob name made up from a word.
std::string FakeBlob(const std::string& word);

}  // namespace phosphene
