// Knows other files by how they begin, and tells the way from them to ONNX.

#include "server/engine/onnx/file/format.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace phosphene::onnx {
namespace {

// Commands of the exporters' own manuals.
constexpr char kTorchExport[] =
    "export it from PyTorch: torch.onnx.export(net.eval(), (torch.zeros(1, 3, "
    "224, 224),), \"net.onnx\")";
constexpr char kKerasExport[] =
    "\"python -m tf2onnx.convert --keras net.h5 --output net.onnx\" or, in "
    "Keras 3, model.export(\"net.onnx\", format=\"onnx\") makes ONNX of it";

struct Format {
  size_t at;  // where the mark stands
  absl::string_view mark;
  absl::string_view what;
};

constexpr Format kFormats[] = {
    {0, "\xff\xd8\xff", "a JPEG picture"},
    {0, "\x89PNG", "a PNG picture"},
    {0, "RIFF", "a RIFF file (WebP?)"},
    {0, "GIF8", "a GIF picture"},
    {0, "%PDF", "a PDF document"},
    {0, "\x1f\x8b",
     "a file packed by gzip; unpack it with gunzip (`phosphene models add "
     "net.onnx.gz` does so itself)"},
    {0, "BZh", "a file packed by bzip2; unpack it with bunzip2"},
    {0,
     "\xfd"
     "7zXZ",
     "a file packed by xz; unpack it with unxz"},
    {0, "\x28\xb5\x2f\xfd", "a file packed by zstd; unpack it with unzstd"},
    {257, "ustar", "a tar archive; unpack it with tar -xf"},
    {4, "TFL3",
     "a TensorFlow Lite file; \"python -m tf2onnx.convert --tflite net.tflite "
     "--output net.onnx\" makes ONNX of it"},
    {4, "ORTM",
     "a file of ONNX Runtime's own format (.ort), which cannot be turned back; "
     "take the .onnx it was made from"},
    {0, "GGUF",
     "a GGUF file: weights without a network; export the network they are of "
     "from its framework to ONNX"},
    {0, "ftrt",
     "a TensorRT engine, which cannot be turned back; take the .onnx it was "
     "built from"},
    {0, "ptrt",
     "a TensorRT engine, which cannot be turned back; take the .onnx it was "
     "built from"},
    {0, "\x89HDF", "an HDF5 file (Keras?)"},
    {0, "\x93NUMPY", "a NumPy array: weights without a network"},
    {0, "7767517",
     "a network of ncnn; export the one it was converted from to ONNX"},
    {0, "version https://git-lfs",
     "a Git LFS pointer, not the file; `git lfs pull` fetches it"},
};

bool Holds(absl::string_view bytes, absl::string_view word) {
  constexpr size_t kLookedAt = 64 << 10;
  return absl::StrContains(bytes.substr(0, kLookedAt), word);
}

// A header's length in 8 bytes, and a header of JSON.
bool IsSafetensors(absl::string_view bytes) {
  if (bytes.size() < 10) return false;
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  return length <= bytes.size() - 8 && bytes[8] == '{';
}

std::string OfZip(absl::string_view bytes) {
  if (Holds(bytes, "model.weights.h5") || Holds(bytes, "metadata.json"))
    return absl::StrCat("a Keras file; ", kKerasExport);
  if (Holds(bytes, "data.pkl"))
    return absl::StrCat("a PyTorch file; ", kTorchExport);
  if (Holds(bytes, ".onnx"))
    return "a zip archive with an ONNX file in it; unpack it with unzip";
  if (Holds(bytes, ".npy")) return "NumPy arrays: weights without a network";
  if (Holds(bytes, ".mlmodel"))
    return "a Core ML package; export the network it was converted from to "
           "ONNX";
  return absl::StrCat("a zip archive (of PyTorch? ", kTorchExport, ")");
}

std::string OfText(absl::string_view bytes) {
  if (absl::StartsWithIgnoreCase(bytes, "<!doctype html") ||
      absl::StartsWithIgnoreCase(bytes, "<html"))
    return "a web page; was the download an error or a login page?";
  if (absl::StartsWith(bytes, "<?xml") && Holds(bytes, "<net"))
    return "a network of OpenVINO; export the one it was converted from to "
           "ONNX";
  return "text";
}

// Messages of protobuf begin with fields, not marks: words in them tell.
std::string OfProtobuf(absl::string_view bytes) {
  const bool versioned = absl::StartsWith(bytes, "\x08");
  const bool list = absl::StartsWith(bytes, "\x0a");
  if (versioned && Holds(bytes, "coreml"))
    return "a Core ML model; \"import onnxmltools, coremltools as c; "
           "onnxmltools.utils.save_model(onnxmltools.convert_coreml(c.utils."
           "load_spec('net.mlmodel')), 'net.onnx')\" makes ONNX of it";
  if (versioned && (Holds(bytes, "VarHandleOp") || Holds(bytes, "Placeholder")))
    return "a TensorFlow SavedModel; \"python -m tf2onnx.convert "
           "--saved-model FOLDER --output net.onnx\" makes ONNX of it";
  if (list && Holds(bytes, "Placeholder"))
    return "a frozen graph of TensorFlow; \"python -m tf2onnx.convert "
           "--graphdef net.pb --inputs X:0 --outputs Y:0 --output net.onnx\" "
           "makes ONNX of it";
  if (list && Holds(bytes, "feed") && Holds(bytes, "fetch"))
    return "a Paddle program; \"paddle2onnx --model_dir . --model_filename "
           "net.pdmodel --params_filename net.pdiparams --save_file net.onnx\" "
           "makes ONNX of it";
  if (list && (Holds(bytes, "Convolution") || Holds(bytes, "InnerProduct")))
    return "weights of Caffe; \"python -m caffe2onnx.convert --prototxt "
           "net.prototxt --caffemodel net.caffemodel --onnx net.onnx\" makes "
           "ONNX of it";
  return "";
}

}  // namespace

std::string DescribeOtherFormat(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "PK\x03\x04")) return OfZip(bytes);
  for (const Format& format : kFormats) {
    const bool there = bytes.size() > format.at &&
                       absl::StartsWith(bytes.substr(format.at), format.mark);
    if (!there) continue;
    if (absl::StrContains(format.what, "Keras?"))
      return absl::StrCat(format.what, "; ", kKerasExport);
    return std::string(format.what);
  }
  if (IsSafetensors(bytes)) {
    return absl::StrCat(
        "safetensors: weights without a network; load them and ", kTorchExport);
  }
  if (absl::StartsWith(bytes, "\x80\x02") ||
      absl::StartsWith(bytes, "\x80\x04")) {
    return absl::StrCat("a Python pickle (PyTorch?); ", kTorchExport);
  }
  if (absl::StartsWith(bytes, "<") || absl::StartsWith(bytes, "{"))
    return OfText(bytes);
  return OfProtobuf(bytes);
}

}  // namespace phosphene::onnx
