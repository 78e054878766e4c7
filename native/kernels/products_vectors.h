// Vectors of numbers for the products: one spelling for every instruction set, and a multiply-add that always fuses.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__GNUC__) && defined(__AVX2__)
#include <immintrin.h>
#elif defined(__GNUC__) && defined(__aarch64__)
#include <arm_neon.h>
#endif

// The products are compiled once for each instruction set, so nothing here may be shared between object files.
namespace flintglass {
namespace {

#if defined(__GNUC__) && defined(__AVX512VL__)
constexpr int vector_bytes = 64, vector_registers = 32;
#elif defined(__GNUC__) && defined(__AVX2__)
constexpr int vector_bytes = 32, vector_registers = 16;
#elif defined(__GNUC__) && defined(__aarch64__)
constexpr int vector_bytes = 16, vector_registers = 32;
#else
constexpr int vector_bytes = 16, vector_registers = 16;
#endif

// A few numbers side by side; of compilers without vectors, an array that they may make vectors of. One number is
// itself.
#if defined(__GNUC__)
template <class T, int count> struct VectorOf {
    // NOLINTNEXTLINE(modernize-use-using): the attribute belongs to a typedef
    typedef T type __attribute__((vector_size(count * sizeof(T))));
};
#else
template <class T, int count> struct VectorOf {
    struct type {
        T items[count];
        T& operator[](int lane) { return items[lane]; }
        T operator[](int lane) const { return items[lane]; }
    };
};
#endif
template <class T> struct VectorOf<T, 1> {
    using type = T;
};
template <class T, int count> using Vector = typename VectorOf<T, count>::type;

template <class V, class T> inline V load(const T* from) {
    V vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
}

template <class V, class T> inline void store(T* to, V vector) { std::memcpy(to, &vector, sizeof vector); }

// Asks for what will be read soon; any address may be given.
inline void prefetch([[maybe_unused]] const void* soon) {
#if defined(__GNUC__)
    __builtin_prefetch(soon);
#endif
}

template <class V, class T> inline V broadcast(T value) {
#if defined(__GNUC__)
    return value - V{};  // not a sum with zero, which would lose the sign of -0
#else
    if constexpr (std::is_same_v<V, T>) return value;
    V vector;
    for (int lane = 0; lane < static_cast<int>(sizeof(V) / sizeof(T)); ++lane) vector[lane] = value;
    return vector;
#endif
}

// a * b + sum, rounded once where the instruction set can, else twice: for vectors as for one number.
template <class V> inline V multiply_add(V a, V b, V sum) {
    if constexpr (std::is_arithmetic_v<V>) {
#if defined(__FMA__) || defined(__aarch64__)
        return std::fma(a, b, sum);
#else
        return a * b + sum;
#endif
    } else {
#if defined(__GNUC__)
        return a * b + sum;
#else
        for (size_t lane = 0; lane < sizeof(V) / sizeof(a[0]); ++lane) {
            sum[lane] = multiply_add(a[lane], b[lane], sum[lane]);
        }
        return sum;
#endif
    }
}

// The instruction is named, not left to the compiler's contraction: from version 13 on g++ splits the multiply-adds of
// accumulators where it tunes for some machines, and a product's bits would depend on the tile.
#if defined(__GNUC__)
#define FLINTGLASS_FUSED(T, count, instruction)                                                                      \
    template <> inline Vector<T, count> multiply_add(Vector<T, count> a, Vector<T, count> b, Vector<T, count> sum) { \
        return (Vector<T, count>)instruction;                                                                        \
    }
#if defined(__AVX512VL__)
FLINTGLASS_FUSED(float, 16, _mm512_fmadd_ps(a, b, sum))
FLINTGLASS_FUSED(double, 8, _mm512_fmadd_pd(a, b, sum))
#endif
#if defined(__AVX2__) && defined(__FMA__)
FLINTGLASS_FUSED(float, 8, _mm256_fmadd_ps(a, b, sum))
FLINTGLASS_FUSED(double, 4, _mm256_fmadd_pd(a, b, sum))
FLINTGLASS_FUSED(float, 4, _mm_fmadd_ps(a, b, sum))
FLINTGLASS_FUSED(double, 2, _mm_fmadd_pd(a, b, sum))
#elif defined(__aarch64__)
FLINTGLASS_FUSED(float, 4, vfmaq_f32((float32x4_t)sum, (float32x4_t)a, (float32x4_t)b))
FLINTGLASS_FUSED(double, 2, vfmaq_f64((float64x2_t)sum, (float64x2_t)a, (float64x2_t)b))
#endif
#undef FLINTGLASS_FUSED
#endif

// The first `count` numbers, 0 <= count <= lanes; the others are 0, and are not touched in memory.
template <class V, class T> inline V load_first(const T* from, int64_t count) {
    V vector{};
    if constexpr (std::is_same_v<V, T>) {
        if (count > 0) vector = *from;
    } else {
        for (int64_t lane = 0; lane < count; ++lane) vector[lane] = from[lane];
    }
    return vector;
}

template <class V, class T> inline void store_first(T* to, V vector, int64_t count) {
    if constexpr (std::is_same_v<V, T>) {
        if (count > 0) *to = vector;
    } else {
        for (int64_t lane = 0; lane < count; ++lane) to[lane] = vector[lane];
    }
}

#if defined(__GNUC__) && defined(__AVX512VL__)
#define FLINTGLASS_FIRST(T, lanes, prefix, suffix)                                             \
    template <> inline Vector<T, lanes> load_first(const T* from, int64_t count) {             \
        return prefix##_maskz_loadu_##suffix(static_cast<__mmask16>((1u << count) - 1), from); \
    }                                                                                          \
    template <> inline void store_first(T* to, Vector<T, lanes> vector, int64_t count) {       \
        prefix##_mask_storeu_##suffix(to, static_cast<__mmask16>((1u << count) - 1), vector);  \
    }
FLINTGLASS_FIRST(float, 16, _mm512, ps)
FLINTGLASS_FIRST(double, 8, _mm512, pd)
#elif defined(__GNUC__) && defined(__AVX2__)
inline __m256i mask_for(__m256, int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline __m256i mask_for(__m256d, int64_t count) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
}
inline __m128i mask_for(__m128, int64_t count) { return _mm256_castsi256_si128(mask_for(__m256{}, count)); }
inline __m128i mask_for(__m128d, int64_t count) { return _mm256_castsi256_si128(mask_for(__m256d{}, count)); }
#define FLINTGLASS_FIRST(T, lanes, prefix, suffix)                                       \
    template <> inline Vector<T, lanes> load_first(const T* from, int64_t count) {       \
        return prefix##_maskload_##suffix(from, mask_for(Vector<T, lanes>{}, count));    \
    }                                                                                    \
    template <> inline void store_first(T* to, Vector<T, lanes> vector, int64_t count) { \
        prefix##_maskstore_##suffix(to, mask_for(vector, count), vector);                \
    }
#endif
#if defined(FLINTGLASS_FIRST)
FLINTGLASS_FIRST(float, 8, _mm256, ps)
FLINTGLASS_FIRST(double, 4, _mm256, pd)
FLINTGLASS_FIRST(float, 4, _mm, ps)
FLINTGLASS_FIRST(double, 2, _mm, pd)
#undef FLINTGLASS_FIRST
#endif

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define FLINTGLASS_SHUFFLES
#endif
#endif

// Exchanges the off-diagonal blocks of `distance` numbers of two rows of a square.
template <int distance, class V, int... lane>
inline void exchange(V& upper, V& lower, std::integer_sequence<int, lane...>) {
    const V first = upper, second = lower;
#if defined(FLINTGLASS_SHUFFLES)
    constexpr int lanes = sizeof...(lane);
    upper = __builtin_shufflevector(first, second, (lane & distance ? lanes + lane - distance : lane)...);
    lower = __builtin_shufflevector(first, second, (lane & distance ? lanes + lane : lane + distance)...);
#else
    for (int at : {lane...}) {
        if (at & distance) {
            upper[at] = second[at - distance];
            lower[at - distance] = first[at];
        }
    }
#endif
}
#undef FLINTGLASS_SHUFFLES

// Transposes a square, of as many vectors as a vector has lanes: blocks of half the lanes change places across the
// diagonal, then blocks of a quarter within each, and so on.
template <int lanes, int distance = lanes / 2, class V> inline void transpose(V (&square)[lanes]) {
#pragma GCC unroll 16
    for (int row = 0; row < lanes; ++row) {
        if (!(row & distance)) {
            exchange<distance>(square[row], square[row + distance], std::make_integer_sequence<int, lanes>{});
        }
    }
    if constexpr (distance > 1) transpose<lanes, distance / 2>(square);
}

}  // namespace
}  // namespace flintglass
