#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <cstdint>
#include <filesystem>

#include "server/base/log.h"

namespace phosphene {

TempDir::TempDir() : path_(testing::TempDir() + "phosphene_XXXXXX") {
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
