#include "server/engine/optimizers/interface.h"
