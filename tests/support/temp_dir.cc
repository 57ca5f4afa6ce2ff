#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>

#include "server/base/log.h"

namespace phosphene {
namespace {

// In memory where that can be had: what is tested are promises, not disks, and
// thousands of syncs would take their time.
std::string Parent() {
  const char* const memory = "/dev/shm/";
  return ::access(memory, W_OK) == 0 ? memory : testing::TempDir();
}

}  // namespace

TempDir::TempDir() : path_(Parent() + "phosphene_XXXXXX") {
  PHOSPHENE_CHECK(::mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

TinyDisk::TinyDisk(int64_t size_bytes) {
  const std::string options = "size=" + std::to_string(size_bytes);
  mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, options.c_str()) == 0;
}

TinyDisk::~TinyDisk() {
  if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
}

}  // namespace phosphene
