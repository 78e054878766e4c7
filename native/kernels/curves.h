// The exponential and its kin, without branches or calls, so that loops over them become vector loops.
//
// All come from q(r) = e**r - 1 on |r| <= log(2) / 2, where x = n log(2) + r: e**x = 2**n (1 + q). The polynomials were
// fitted to 50 digits by Remez' exchange, for the smallest relative error of q. A loop and its tail compute the same
// operations one by one, so that an element's bits do not depend on where it lies.
//
// Largest errors found among 8 million arguments, in units in the last place, float and double: exp 1.04 and 0.98,
// expm1 1.64 and 1.83, tanh 1.75 and 1.96, sigmoid 1.7 (2.4 where x < -16 and -36); tanh 2.5 where there is no FMA.
// Nanoseconds an element with AVX-512: exp 0.27 and 0.84, expm1 0.44 and 1.15, tanh 0.67 and 1.7, sigmoid 0.5 and 1.2.
// exp and sigmoid give 0 for what is below the smallest normal number: such numbers cost a hundred times as much.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace flintglass::curves {

// a * b + c, rounded once where the processor can; elsewhere the C library would take a hundred times as long.
template <class T> [[gnu::always_inline]] inline T multiply_add(T a, T b, T c) {
#ifdef __FMA__
    return std::fma(a, b, c);
#else
    return a * b + c;
#endif
}

// c0 + c1 x + c2 x**2 + ..., by pairs: c0 + c1 x + x**2 (c2 + c3 x + ...) would wait twice as long for its parts.
template <class T> [[gnu::always_inline]] inline T polynomial(T, T c0) { return c0; }
template <class T> [[gnu::always_inline]] inline T polynomial(T x, T c0, T c1) { return multiply_add(c1, x, c0); }
template <class T, class... Rest> [[gnu::always_inline]] inline T polynomial(T x, T c0, T c1, T c2, Rest... rest) {
    return multiply_add(x * x, polynomial(x, c2, rest...), multiply_add(c1, x, c0));
}

// The parts of a number, and numbers that depend on its precision.
template <class T> struct Format;

template <> struct Format<float> {
    using Bits = uint32_t;
    static constexpr int FRACTION = 23;
    static constexpr Bits ONE = 0x3F800000u;
    static constexpr float WHOLE = 12582912.0f;      // 1.5 * 2**23: a number plus this is rounded to a whole one
    static constexpr float LN2_HIGH = 0.693359375f;  // few bits, so that its product with n is exact
    static constexpr float LN2_LOW = -2.1219444e-4f;
    static constexpr float HIGHEST = 88.72283f;  // beyond, e**x is too large
    static constexpr float LOWEST = -87.33654f;  // beyond, e**x is too small for a normal number
    static constexpr float TANH_IS_ONE = 10.0f;
    // (q(r) - r) / r**2
    static float series(float r) {
        return polynomial(r, 0.5f, 0.1666654403f, 0.04166628595f, 0.008366540178f, 0.001394633861f);
    }
};

template <> struct Format<double> {
    using Bits = uint64_t;
    static constexpr int FRACTION = 52;
    static constexpr Bits ONE = 0x3FF0000000000000u;
    static constexpr double WHOLE = 6755399441055744.0;  // 1.5 * 2**52
    static constexpr double LN2_HIGH = 0.693147180369123816490;
    static constexpr double LN2_LOW = 1.90821492927058770002e-10;
    static constexpr double HIGHEST = 709.782712893384;
    static constexpr double LOWEST = -708.3964185322641;
    static constexpr double TANH_IS_ONE = 20.0;
    static double series(double r) {
        return polynomial(r, 0.5, 0.16666666666666676, 0.0416666666666667, 0.0083333333333219222, 0.0013888888888867358,
                          0.00019841269885618085, 2.4801587359943187e-5, 2.7557244535150486e-6, 2.7557243049047494e-7,
                          2.5108977909029756e-8, 2.0924405851817041e-9);
    }
};

template <class To, class From> [[gnu::always_inline]] inline To bits_as(From value) {
    static_assert(sizeof(To) == sizeof(From));
    To result;
    std::memcpy(&result, &value, sizeof(To));
    return result;
}

// x = n log(2) + r, as q = e**r - 1 and n where the exponent of a number has its place.
template <class T> struct Parts {
    T q;
    typename Format<T>::Bits exponent;
};

template <class T> [[gnu::always_inline]] inline Parts<T> parts_of(T x) {
    const T shifted = multiply_add(x, T(1.4426950408889634), Format<T>::WHOLE), n = shifted - Format<T>::WHOLE;
    const T r = multiply_add(n, -Format<T>::LN2_LOW, multiply_add(n, -Format<T>::LN2_HIGH, x));
    const T q = multiply_add(r * r, Format<T>::series(r), r);
    // The last bits of `shifted` are n; the shift leaves them alone.
    return {q, bits_as<typename Format<T>::Bits>(shifted) << Format<T>::FRACTION};
}

template <class T> [[gnu::always_inline]] inline T exp(T x) {
    const Parts<T> parts = parts_of(x);
    T result = bits_as<T>(bits_as<typename Format<T>::Bits>(1 + parts.q) + parts.exponent);
    result = x < Format<T>::LOWEST ? T(0) : result;
    return x <= Format<T>::HIGHEST ? result : x + std::numeric_limits<T>::infinity();  // nan stays nan
}

// 2**n q + (2**n - 1), with all factors halved since 2**1024 would be infinite.
template <class T> [[gnu::always_inline]] inline T expm1(T x) {
    T bounded = x < T(-50) ? T(-50) : x;
    bounded = bounded > Format<T>::HIGHEST + 1 ? Format<T>::HIGHEST + 1 : bounded;
    const Parts<T> parts = parts_of(bounded);
    const T half = bits_as<T>(parts.exponent + Format<T>::ONE - (typename Format<T>::Bits{1} << Format<T>::FRACTION));
    const T result = multiply_add(half, parts.q, half - T(0.5)) * 2;
    return std::copysign(parts.exponent == 0 ? parts.q : result, x);
}

// For a = |x| and g = e**2a - 1, g / (g + 2): exact to the last digits for small x too. The quotient is then moved by
// what its remainder says, counting what was lost in rounding g + 2: without, the error was 2.5 ulp instead of 1.75.
template <class T> [[gnu::always_inline]] inline T tanh(T x) {
    const T size = std::fabs(x);
    const Parts<T> parts = parts_of(2 * (size > Format<T>::TANH_IS_ONE ? Format<T>::TANH_IS_ONE : size));
    const T power = bits_as<T>(parts.exponent + Format<T>::ONE);
    const T grown = multiply_add(power, parts.q, power - 1);
    const T divisor = grown + 2, lost = grown - (divisor - 2), inverse = 1 / divisor;
    const T quotient = grown * inverse;
    const T remainder = multiply_add(-quotient, lost, multiply_add(-quotient, divisor, grown));
    return std::copysign(multiply_add(remainder, inverse, quotient), x);
}

// 1 / (1 + e**-x), where 1 + e**-x = (1 + 2**n) + 2**n q is rounded once.
template <class T> [[gnu::always_inline]] inline T sigmoid(T x) {
    T opposite = -x > -Format<T>::LOWEST ? -Format<T>::LOWEST : -x;
    opposite = opposite < T(-50) ? T(-50) : opposite;
    const Parts<T> parts = parts_of(opposite);
    const T power = bits_as<T>(parts.exponent + Format<T>::ONE);
    const T result = 1 / multiply_add(power, parts.q, 1 + power);
    return x < Format<T>::LOWEST ? T(0) : result;
}

}  // namespace flintglass::curves
