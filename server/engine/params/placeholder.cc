#include "server/engine/params/interface.h"
