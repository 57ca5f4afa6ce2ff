#include "server/engine/tensor/guard.h"
