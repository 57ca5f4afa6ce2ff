#include "server/engine/transforms/interface.h"
