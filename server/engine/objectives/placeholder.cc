#include "server/engine/objectives/interface.h"
