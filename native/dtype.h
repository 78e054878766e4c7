// The element types of a program, and the step from a type known at run time to one known to the compiler.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace flintglass {

enum class DType : uint8_t {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float16,
    Float32,
    Float64
};

constexpr size_t DTYPES = 12;

// A half-precision number: 16 bits of storage. Arithmetic happens in float, and every result is rounded, to even.
class Half {
public:
    Half() = default;
    Half(float value) : bits_(rounded(value)) {}
    explicit Half(uint16_t bits, int) : bits_(bits) {}
    operator float() const { return widened(bits_); }

private:
    static uint16_t rounded(float value) {
        uint32_t bits;
        std::memcpy(&bits, &value, 4);
        const uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
        if (magnitude > 0x7F800000u) return static_cast<uint16_t>(sign | 0x7E00u | ((magnitude >> 13) & 0x3FFu));
        if (magnitude >= 0x477FF000u) return static_cast<uint16_t>(sign | 0x7C00u);
        if (magnitude < 0x38800000u) {  // subnormal in half: the addition aligns and rounds
            float small;
            std::memcpy(&small, &magnitude, 4);
            small += 0.5f;
            uint32_t aligned;
            std::memcpy(&aligned, &small, 4);
            return static_cast<uint16_t>(sign | (aligned - 0x3F000000u));
        }
        const uint32_t odd = (magnitude >> 13) & 1u;
        return static_cast<uint16_t>(sign | ((magnitude + 0xC8000FFFu + odd) >> 13));
    }
    static float widened(uint16_t half) {
        const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
        uint32_t exponent = (half >> 10) & 0x1Fu, fraction = half & 0x3FFu, bits;
        if (exponent == 31) {
            bits = sign | 0x7F800000u | (fraction << 13);
        } else if (exponent != 0) {
            bits = sign | ((exponent + 112u) << 23) | (fraction << 13);
        } else {
            float small = static_cast<float>(fraction) * 5.9604644775390625e-8f;  // 2**-24
            std::memcpy(&bits, &small, 4);
            bits |= sign;
        }
        float value;
        std::memcpy(&value, &bits, 4);
        return value;
    }
    uint16_t bits_ = 0;
};

// A type as a value, to be passed to generic lambdas: `dispatch(dtype, [&](auto tag) { using T = typename
// decltype(tag)::type; ... })`.
template <class T> struct Tag {
    using type = T;
};

template <class F> decltype(auto) dispatch(DType dtype, F&& f) {
    switch (dtype) {
        case DType::Bool: return f(Tag<bool>{});
        case DType::Int8: return f(Tag<int8_t>{});
        case DType::Int16: return f(Tag<int16_t>{});
        case DType::Int32: return f(Tag<int32_t>{});
        case DType::Int64: return f(Tag<int64_t>{});
        case DType::UInt8: return f(Tag<uint8_t>{});
        case DType::UInt16: return f(Tag<uint16_t>{});
        case DType::UInt32: return f(Tag<uint32_t>{});
        case DType::UInt64: return f(Tag<uint64_t>{});
        case DType::Float16: return f(Tag<Half>{});
        case DType::Float32: return f(Tag<float>{});
        case DType::Float64: return f(Tag<double>{});
    }
    throw std::logic_error("no such dtype");
}

// The same for the numbers, booleans left out; for the floating-point types; and for the integers.
template <class F> decltype(auto) dispatch_numbers(DType dtype, F&& f) {
    switch (dtype) {
        case DType::Int8: return f(Tag<int8_t>{});
        case DType::Int16: return f(Tag<int16_t>{});
        case DType::Int32: return f(Tag<int32_t>{});
        case DType::Int64: return f(Tag<int64_t>{});
        case DType::UInt8: return f(Tag<uint8_t>{});
        case DType::UInt16: return f(Tag<uint16_t>{});
        case DType::UInt32: return f(Tag<uint32_t>{});
        case DType::UInt64: return f(Tag<uint64_t>{});
        case DType::Float16: return f(Tag<Half>{});
        case DType::Float32: return f(Tag<float>{});
        case DType::Float64: return f(Tag<double>{});
        default: throw std::logic_error("a number was expected");
    }
}

template <class F> decltype(auto) dispatch_floats(DType dtype, F&& f) {
    switch (dtype) {
        case DType::Float16: return f(Tag<Half>{});
        case DType::Float32: return f(Tag<float>{});
        case DType::Float64: return f(Tag<double>{});
        default: throw std::logic_error("a floating-point dtype was expected");
    }
}

template <class F> decltype(auto) dispatch_integers(DType dtype, F&& f) {
    switch (dtype) {
        case DType::Int8: return f(Tag<int8_t>{});
        case DType::Int16: return f(Tag<int16_t>{});
        case DType::Int32: return f(Tag<int32_t>{});
        case DType::Int64: return f(Tag<int64_t>{});
        case DType::UInt8: return f(Tag<uint8_t>{});
        case DType::UInt16: return f(Tag<uint16_t>{});
        case DType::UInt32: return f(Tag<uint32_t>{});
        case DType::UInt64: return f(Tag<uint64_t>{});
        default: throw std::logic_error("an integer dtype was expected");
    }
}

// Copies between types go by size alone: f is given an unsigned integer of that many bytes.
template <class F> decltype(auto) dispatch_bytes(int64_t bytes, F&& f) {
    switch (bytes) {
        case 1: return f(Tag<uint8_t>{});
        case 2: return f(Tag<uint16_t>{});
        case 4: return f(Tag<uint32_t>{});
        case 8: return f(Tag<uint64_t>{});
        default: throw std::logic_error("no dtype has this many bytes");
    }
}

inline int64_t bytes_of(DType dtype) {
    return dispatch(dtype, [](auto tag) -> int64_t { return sizeof(typename decltype(tag)::type); });
}

inline bool is_float(DType dtype) { return dtype >= DType::Float16; }

DType dtype_named(const std::string& name);
const char* name_of(DType dtype);

}  // namespace flintglass
