#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/storage/blob_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace phosphene {

// The contract of blob_store.h as tests, run over every kind of the registry;
// the parameter is the kind's scheme. A new kind is tested as soon as it is
// listed.
class BlobStoreSuite : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { Open(); }

  // Opens the store, again if it was open: as a restart does.
  void Open(int64_t max_blob_bytes = 1 << 20,
            int64_t max_partial_bytes = int64_t{1} << 30);
  BlobStore& store() { return *store_; }

  // Stores bytes and returns the name; fails the test on an error.
  std::string Put(const std::string& bytes);
  // Runs an upload of `bytes` from `offset` to its end.
  absl::Status Upload(const std::string& name, const std::string& bytes,
                      int64_t offset = 0);

  FakeClock clock_;
  TempDir directory_;
  std::unique_ptr<BlobStore> store_;
};

}  // namespace phosphene
