// Whether the numbers of an array are finite.
#include "finite.h"

#include <cmath>

namespace flintglass {

bool is_finite(const Array& array) {
    if (!is_float(array.dtype)) return true;
    return dispatch_floats(array.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* data = array.as<T>();
        const int64_t count = array.count();
        if (count == 1) return std::isfinite(static_cast<double>(*data));
        // A sum is finite where all are, but for overflow; only then are the elements looked at.
        double total = 0.0;
        for (int64_t i = 0; i < count; ++i) total += static_cast<double>(data[i]);
        if (std::isfinite(total)) return true;
        for (int64_t i = 0; i < count; ++i) {
            if (!std::isfinite(static_cast<double>(data[i]))) return false;
        }
        return true;
    });
}

}  // namespace flintglass
