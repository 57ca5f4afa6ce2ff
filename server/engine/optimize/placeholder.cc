#include "server/engine/optimize/torch_engine.h"
