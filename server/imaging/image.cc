#include "server/imaging/image.h"
