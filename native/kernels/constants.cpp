// Values without operands: what a shape alone determines.
#include "tables.h"

namespace flintglass {

namespace {

template <class T> T number(int64_t value) {
    if constexpr (std::is_same_v<T, Half>) return Half(static_cast<float>(value));
    else return static_cast<T>(value);
}

// The output as [outer, extent, inner], where the extent is counted.
struct Counting {
    int64_t outer, extent, inner;
};

template <class T> void count(T* out, const Counting& along) {
    for (int64_t i = 0; i < along.outer; ++i) {
        for (int64_t k = 0; k < along.extent; ++k, out += along.inner) {
            const T value = number<T>(k);
            for (int64_t j = 0; j < along.inner; ++j) out[j] = value;
        }
    }
}

Step iota(const Arrays&, const Arrays& outputs, const Attributes& attributes, Binder&) {
    const Array& out = outputs[0];
    const auto axis = out.shape.begin() + attributes.integer("axis");
    const Counting along{count_of(Shape(out.shape.begin(), axis)), *axis, count_of(Shape(axis + 1, out.shape.end()))};
    const double cost = 10.0 + 0.3 * static_cast<double>(out.count());
    return dispatch(out.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return whole([data = out.as<T>(), along] { count(data, along); }).costing(cost);
    });
}

Step extent(const Arrays&, const Arrays& outputs, const Attributes& attributes, Binder&) {
    const Array& out = outputs[0];
    const int64_t size = attributes.integer("size");
    return dispatch(out.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return whole([data = out.as<T>(), value = number<T>(size)] { *data = value; }).costing(5.0);
    });
}

}  // namespace

KernelTable constants_table() { return {{"iota", iota}, {"extent", extent}}; }

}  // namespace flintglass
