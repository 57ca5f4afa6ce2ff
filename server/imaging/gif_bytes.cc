// giflib over bytes in memory.

#include "server/imaging/gif_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace phosphene {

std::unique_ptr<GifBytes> GifBytes::Read(absl::string_view bytes) {
  std::unique_ptr<GifBytes> out(new GifBytes());
  out->in_ = bytes;
  out->handle_ = DGifOpen(out.get(), DoRead, &out->error_);
  return out;
}

std::unique_ptr<GifBytes> GifBytes::Write() {
  std::unique_ptr<GifBytes> out(new GifBytes());
  out->writes_ = true;
  out->handle_ = EGifOpen(out.get(), DoWrite, &out->error_);
  return out;
}

void GifBytes::Close() {
  if (handle_ == nullptr) return;
  int ignored = 0;
  if (writes_) {
    EGifCloseFile(handle_, &ignored);
  } else {
    DGifCloseFile(handle_, &ignored);
  }
  handle_ = nullptr;
}

GifBytes::~GifBytes() { Close(); }

std::string GifBytes::Finish() {
  Close();
  return std::move(out_);
}

absl::Status GifBytes::Error() const {
  const int code = handle_ != nullptr ? handle_->Error : error_;
  const char* told = GifErrorString(code);
  return absl::InvalidArgumentError(
      absl::StrCat(writes_ ? "GIF: " : "broken GIF image: ",
                   told == nullptr ? "it is not as its header says" : told));
}

int GifBytes::DoRead(GifFileType* gif, GifByteType* to, int size) {
  auto* own = static_cast<GifBytes*>(gif->UserData);
  const size_t count =
      std::min(static_cast<size_t>(std::max(0, size)), own->in_.size());
  std::memcpy(to, own->in_.data(), count);
  own->in_.remove_prefix(count);
  return static_cast<int>(count);
}

int GifBytes::DoWrite(GifFileType* gif, const GifByteType* from, int size) {
  static_cast<GifBytes*>(gif->UserData)
      ->out_.append(reinterpret_cast<const char*>(from),
                    static_cast<size_t>(size));
  return size;
}

}  // namespace phosphene
