#pragma once

#include <cstdint>
#include <string>

namespace phosphene {

// A folder of its own for a test, removed with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A tmpfs of a few pages, to fill up; only root may mount one.
class TinyDisk {
 public:
  explicit TinyDisk(int64_t size_bytes);
  ~TinyDisk();
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;
  // False where it could not be mounted: the test should skip.
  bool mounted() const { return mounted_; }
  const std::string& path() const { return directory_.path(); }

 private:
  TempDir directory_;
  bool mounted_ = false;
};

}  // namespace phosphene
