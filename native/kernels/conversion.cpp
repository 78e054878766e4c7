// The same elements seen otherwise: as another dtype, as bits, or without a gradient.
#include "elementwise.h"
#include "elementwise_loops.h"

namespace flintglass {

namespace {

// A double as a float from which rounding to half precision gives what rounding the double would: cut off towards
// 0, with the last bit set where that loses something.
float rounded_to_odd(double value) {
    float near = static_cast<float>(value);
    if (near == value || value != value) return near;
    uint32_t bits;
    std::memcpy(&bits, &near, 4);
    if (std::fabs(static_cast<double>(near)) > std::fabs(value)) --bits;
    bits |= 1;
    std::memcpy(&near, &bits, 4);
    return near;
}

// Numbers outside the range of an integer give no number in particular, but by way of a type that processors convert
// to they give it in every loop.
template <class To, class From> To converted(From value) {
    if constexpr (std::is_same_v<To, bool>) {
        return value != 0;
    } else if constexpr (std::is_same_v<To, Half>) {
        if constexpr (std::is_same_v<From, double>) return Half(rounded_to_odd(value));
        else return Half(static_cast<float>(value));
    } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && sizeof(To) < 4) {
        return static_cast<To>(static_cast<int32_t>(value));
    } else if constexpr (std::is_floating_point_v<From> && std::is_same_v<To, uint32_t>) {
        return static_cast<To>(static_cast<int64_t>(value));
    } else {
        return static_cast<To>(value);
    }
}

template <class From, class To> void convert(const void* self, int64_t begin, int64_t end) {
    const Bound& bound = *static_cast<const Bound*>(self);
    const VectorOperand<From> x(bound, 0, begin);
    To* out = reinterpret_cast<To*>(bound.out) + begin * bound.columns;
    const int64_t count = (end - begin) * bound.columns;
    // Half precision is rare, and takes long to compile as a vector loop; the empty instruction keeps it a plain one.
    constexpr bool plainly = std::is_same_v<From, Half> || std::is_same_v<To, Half>;
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) {
        out[i] = converted<To>(x[i]);
        if constexpr (plainly) asm volatile("");
    }
}

// Packed, the operand lies as the output does: each row of the step is one row of it.
Arrangement packed_rows(const Array& input, const Array& output, Binder& binder) {
    return arrange({binder.packed(input)}, output, binder);
}

Step cast(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    const Arrangement arrangement = packed_rows(inputs[0], outputs[0], binder);
    // A boolean is a byte that holds 0 or 1, and is read as one.
    const DType from = inputs[0].dtype == DType::Bool ? DType::UInt8 : inputs[0].dtype;
    const Run run = dispatch_numbers(from, [&](auto x) {
        return dispatch(outputs[0].dtype,
                        [&](auto y) -> Run { return convert<typename decltype(x)::type, typename decltype(y)::type>; });
    });
    return step_over(arrangement, run, 0.3);
}

template <class T> void move(const void* self, int64_t begin, int64_t end) {
    const Bound& bound = *static_cast<const Bound*>(self);
    const VectorOperand<T> x(bound, 0, begin);
    if (begin < end && bound.out != bound.operands[0]) {
        std::memcpy(reinterpret_cast<T*>(bound.out) + begin * bound.columns, x.elements,
                    static_cast<size_t>((end - begin) * bound.columns) * sizeof(T));
    }
}

Step same_bits(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    const Arrangement arrangement = packed_rows(inputs[0], outputs[0], binder);
    return dispatch_bytes(bytes_of(outputs[0].dtype), [&](auto tag) {
        using T = typename decltype(tag)::type;
        return step_over(arrangement, move<T>, 0.05 * sizeof(T) / 4);
    });
}

}  // namespace

KernelTable conversion_table() {
    return {
        {"cast", cast},
        {"bitcast", same_bits},
        {"stop_gradient", same_bits},
    };
}

}  // namespace flintglass
