// The network inside of the program, and its labels.
#include "server/embedded/embedded_model.h"

#include <google/protobuf/text_format.h>

#include <string>

#include "server/base/log.h"

// Two files as read-only data, each between its two symbols.
__asm__(
    ".section .rodata\n"
    ".balign 64\n"
    "phosphene_embedded_onnx:\n"
    ".incbin \"" PHOSPHENE_EMBEDDED_DIR
    "/phosphene-tiny.onnx\"\n"
    "phosphene_embedded_onnx_end:\n"
    "phosphene_embedded_config:\n"
    ".incbin \"" PHOSPHENE_EMBEDDED_DIR
    "/phosphene-tiny.model.textproto\"\n"
    "phosphene_embedded_config_end:\n"
    ".text\n");

// Hidden: the labels are local to this object file.
#define PHOSPHENE_LOCAL __attribute__((visibility("hidden")))
extern "C" {
PHOSPHENE_LOCAL extern const char phosphene_embedded_onnx[];
PHOSPHENE_LOCAL extern const char phosphene_embedded_onnx_end[];
PHOSPHENE_LOCAL extern const char phosphene_embedded_config[];
PHOSPHENE_LOCAL extern const char phosphene_embedded_config_end[];
}
#undef PHOSPHENE_LOCAL

namespace phosphene {

absl::string_view EmbeddedModelOnnx() {
  return absl::string_view(phosphene_embedded_onnx,
                           static_cast<size_t>(phosphene_embedded_onnx_end -
                                               phosphene_embedded_onnx));
}

const v1::ModelConfig& EmbeddedModelConfig() {
  static const v1::ModelConfig* const config = [] {
    auto* made = new v1::ModelConfig;
    const std::string text(phosphene_embedded_config,
                           phosphene_embedded_config_end);
    PHOSPHENE_CHECK(google::protobuf::TextFormat::ParseFromString(text, made));
    return made;
  }();
  return *config;
}

}  // namespace phosphene
