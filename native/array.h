// An array: where a value lies in memory, and how its elements follow each other.
#pragma once

#include <cstdint>
#include <vector>

#include "dtype.h"

namespace flintglass {

using Shape = std::vector<int64_t>;

inline int64_t count_of(const Shape& shape) {
    int64_t total = 1;
    for (int64_t extent : shape) total *= extent;
    return total;
}

// The strides, in elements, of an array whose elements follow each other in C order.
inline Shape packed_strides(const Shape& shape) {
    Shape strides(shape.size());
    int64_t step = 1;
    for (size_t axis = shape.size(); axis-- > 0; step *= shape[axis]) strides[axis] = step;
    return strides;
}

struct Array {
    char* data = nullptr;
    DType dtype = DType::Float32;
    Shape shape;
    Shape strides;  // in elements; 0 along an axis that is broadcast, below 0 along one that is reversed

    Array() = default;
    Array(char* data, DType dtype, const Shape& shape)
        : data(data), dtype(dtype), shape(shape), strides(packed_strides(shape)) {}
    Array(char* data, DType dtype, Shape shape, Shape strides)
        : data(data), dtype(dtype), shape(std::move(shape)), strides(std::move(strides)) {}

    int64_t rank() const { return static_cast<int64_t>(shape.size()); }
    int64_t count() const { return count_of(shape); }
    int64_t bytes() const { return count() * bytes_of(dtype); }
    template <class T> T* as() const { return reinterpret_cast<T*>(data); }

    // True where the elements follow each other in C order; strides of axes with one element do not matter.
    bool packed() const {
        int64_t step = 1;
        for (size_t axis = shape.size(); axis-- > 0;) {
            if (shape[axis] != 1 && strides[axis] != step) return count() == 0;
            step *= shape[axis];
        }
        return true;
    }
};

using Arrays = std::vector<Array>;

}  // namespace flintglass
