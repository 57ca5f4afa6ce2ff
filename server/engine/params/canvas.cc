// The canvas of a spec, defaults filled in.
#include "server/engine/params/interface.h"

namespace phosphene {

Canvas CanvasOf(const v1::Parameterization& spec) {
  Canvas canvas;
  if (spec.rows() != 0) canvas.rows = spec.rows();
  if (spec.width() != 0) canvas.width = spec.width();
  canvas.height = spec.height() != 0 ? spec.height() : canvas.width;
  const ParamKind* kind = FindParamKind(spec);
  if (kind != nullptr) canvas.channels = kind->channels;
  if (spec.channels() != 0) canvas.channels = spec.channels();
  return canvas;
}

}  // namespace phosphene
