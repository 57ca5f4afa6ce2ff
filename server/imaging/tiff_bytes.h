#pragma once

#include <tiffio.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// A TIFF in memory as libtiff sees it: opened over bytes, never a file; errors
// are kept instead of printed. Confined to a thread.
class TiffBytes {
 public:
  // Reads `bytes`, which must outlive this. Null handle() where it is no TIFF.
  static std::unique_ptr<TiffBytes> Read(absl::string_view bytes);
  // Writes to bytes().
  static std::unique_ptr<TiffBytes> Write();
  ~TiffBytes();
  TiffBytes(const TiffBytes&) = delete;
  TiffBytes& operator=(const TiffBytes&) = delete;

  TIFF* handle() const { return handle_; }
  // Ends writing and hands out what was written.
  std::string Finish();
  // INVALID_ARGUMENT with the first error libtiff told.
  absl::Status Error() const;

 private:
  TiffBytes() = default;
  void Open(const char* mode, int64_t largest);

  static tmsize_t DoRead(thandle_t self, void* to, tmsize_t size);
  static tmsize_t DoWrite(thandle_t self, void* from, tmsize_t size);
  static toff_t DoSeek(thandle_t self, toff_t offset, int whence);
  static toff_t DoSize(thandle_t self);
  static int Told(TIFF* tiff, void* self, const char* module,
                  const char* format, va_list values);
  static int Ignored(TIFF* tiff, void* self, const char* module,
                     const char* format, va_list values);

  TIFF* handle_ = nullptr;
  absl::string_view in_;
  std::string out_;
  bool writes_ = false;
  uint64_t at_ = 0;
  std::string message_;
};

}  // namespace phosphene
