// Whether the numbers of an array are finite.
#pragma once

#include "array.h"

namespace flintglass {

bool is_finite(const Array& array);  // of a packed array; true of integers

}  // namespace flintglass
