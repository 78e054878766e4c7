// The names of the element types: those of NumPy.
#include "dtype.h"

#include <cstddef>

namespace flintglass {

namespace {

// In the order of DType.
constexpr const char* NAMES[] = {"bool",   "int8",   "int16",  "int32",   "int64",   "uint8",
                                 "uint16", "uint32", "uint64", "float16", "float32", "float64"};
constexpr size_t COUNT = sizeof(NAMES) / sizeof(NAMES[0]);

}  // namespace

DType dtype_named(const std::string& name) {
    for (size_t i = 0; i < COUNT; ++i) {
        if (name == NAMES[i]) return static_cast<DType>(i);
    }
    throw std::invalid_argument("no dtype is called '" + name + "'");
}

const char* name_of(DType dtype) { return NAMES[static_cast<size_t>(dtype)]; }

}  // namespace flintglass
