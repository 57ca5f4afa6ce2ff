#include "server/engine/onnx/network.h"
