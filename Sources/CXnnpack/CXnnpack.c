#include "CXnnpack.h"
