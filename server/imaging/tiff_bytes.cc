// libtiff over bytes in memory.

#include "server/imaging/tiff_bytes.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

// The largest single block that libtiff may take for a file that is read:
// tables of strips and one strip's bytes, of the largest image there may be.
constexpr int64_t kMaxBlock = int64_t{1} << 30;

}  // namespace

std::unique_ptr<TiffBytes> TiffBytes::Read(absl::string_view bytes) {
  std::unique_ptr<TiffBytes> out(new TiffBytes());
  out->in_ = bytes;
  // No memory mapping and no chopping of strips: what the file says is checked
  // before it is used.
  out->Open("rmc", std::min<int64_t>(kMaxBlock, INT32_MAX));
  return out;
}

std::unique_ptr<TiffBytes> TiffBytes::Write() {
  std::unique_ptr<TiffBytes> out(new TiffBytes());
  out->writes_ = true;
  out->Open("wl", 0);
  return out;
}

void TiffBytes::Open(const char* mode, int64_t largest) {
  TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
  if (largest > 0) TIFFOpenOptionsSetMaxSingleMemAlloc(options, largest);
  TIFFOpenOptionsSetErrorHandlerExtR(options, Told, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options, Ignored, this);
  handle_ = TIFFClientOpenExt(
      "memory", mode, this, DoRead, DoWrite, DoSeek,
      [](thandle_t) { return 0; }, DoSize, nullptr, nullptr, options);
  TIFFOpenOptionsFree(options);
}

TiffBytes::~TiffBytes() {
  if (handle_ != nullptr) TIFFClose(handle_);
}

std::string TiffBytes::Finish() {
  TIFFClose(handle_);
  handle_ = nullptr;
  return std::move(out_);
}

absl::Status TiffBytes::Error() const {
  return absl::InvalidArgumentError(absl::StrCat(
      writes_ ? "TIFF: " : "broken TIFF image: ",
      message_.empty() ? "it is not as its header says" : message_));
}

tmsize_t TiffBytes::DoRead(thandle_t self, void* to, tmsize_t size) {
  auto* own = static_cast<TiffBytes*>(self);
  const absl::string_view bytes = own->writes_ ? own->out_ : own->in_;
  if (own->at_ >= bytes.size() || size <= 0) return 0;
  const size_t count =
      std::min<size_t>(static_cast<size_t>(size), bytes.size() - own->at_);
  std::memcpy(to, bytes.data() + own->at_, count);
  own->at_ += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t TiffBytes::DoWrite(thandle_t self, void* from, tmsize_t size) {
  auto* own = static_cast<TiffBytes*>(self);
  if (!own->writes_ || size <= 0) return 0;
  const uint64_t end = own->at_ + static_cast<uint64_t>(size);
  if (own->out_.size() < end) own->out_.resize(end);
  std::memcpy(own->out_.data() + own->at_, from, static_cast<size_t>(size));
  own->at_ = end;
  return size;
}

toff_t TiffBytes::DoSeek(thandle_t self, toff_t offset, int whence) {
  auto* own = static_cast<TiffBytes*>(self);
  const uint64_t base = whence == SEEK_CUR   ? own->at_
                        : whence == SEEK_END ? DoSize(self)
                                             : 0;
  return own->at_ = base + offset;
}

toff_t TiffBytes::DoSize(thandle_t self) {
  const auto* own = static_cast<TiffBytes*>(self);
  return own->writes_ ? own->out_.size() : own->in_.size();
}

int TiffBytes::Told(TIFF*, void* self, const char*, const char* format,
                    va_list values) {
  auto* own = static_cast<TiffBytes*>(self);
  if (!own->message_.empty()) return 1;
  char text[256];
  std::vsnprintf(text, sizeof(text), format, values);
  own->message_ = text;
  return 1;
}

int TiffBytes::Ignored(TIFF*, void*, const char*, const char*, va_list) {
  return 1;
}

}  // namespace phosphene
