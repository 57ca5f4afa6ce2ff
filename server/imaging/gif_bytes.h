#pragma once

#include <gif_lib.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// A GIF in memory as giflib sees it. Confined to a thread.
class GifBytes {
 public:
  // Reads `bytes`, which must outlive this. Null handle() where it is no GIF.
  static std::unique_ptr<GifBytes> Read(absl::string_view bytes);
  // Writes to what Finish() answers.
  static std::unique_ptr<GifBytes> Write();
  ~GifBytes();
  GifBytes(const GifBytes&) = delete;
  GifBytes& operator=(const GifBytes&) = delete;

  GifFileType* handle() const { return handle_; }
  // Ends writing and hands out what was written.
  std::string Finish();
  // INVALID_ARGUMENT with what giflib told.
  absl::Status Error() const;

 private:
  GifBytes() = default;
  static int DoRead(GifFileType* gif, GifByteType* to, int size);
  static int DoWrite(GifFileType* gif, const GifByteType* from, int size);
  void Close();

  GifFileType* handle_ = nullptr;
  bool writes_ = false;
  int error_ = 0;  // of opening
  absl::string_view in_;
  std::string out_;
};

}  // namespace phosphene
