// The loops of elementwise primitives: one function object, over every pattern of operands and every dtype.
//
// A function object is a class template over the dtype it is for. Small integers reach it widened to 32 bits and half
// precision as float: see Working. Its member `nanoseconds` says what an element takes.
#pragma once

#include <cmath>
#include <type_traits>

#include "elementwise_operands.h"

namespace flintglass {

// The type that a dtype is computed in. Integers of fewer than 32 bits would become `int` in C++ anyway.
template <class T> constexpr bool is_small = std::is_integral_v<T> && sizeof(T) < 4;
template <class T> using Widened = std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>;
template <class T>
using Working = std::conditional_t<std::is_same_v<T, Half>, float, std::conditional_t<is_small<T>, Widened<T>, T>>;

// Dtypes worth loops of their own for each pattern of operands; the others share one that takes steps.
template <class T> constexpr bool has_own_loops = !std::is_same_v<T, Half> && sizeof(T) >= 4;

// -- operands, as a loop sees a row of them

template <class T> struct VectorOperand {
    static constexpr bool fast = true;
    const T* elements;
    VectorOperand(const Bound& bound, size_t index, int64_t row)
        : elements(reinterpret_cast<const T*>(bound.operands[index]) + row * bound.row_steps[index]) {}
    Working<T> operator[](int64_t column) const { return static_cast<Working<T>>(elements[column]); }
};

template <class T> struct SingleOperand {
    static constexpr bool fast = true;
    Working<T> element;
    SingleOperand(const Bound& bound, size_t index, int64_t row)
        : element(static_cast<Working<T>>(
              reinterpret_cast<const T*>(bound.operands[index])[row * bound.row_steps[index]])) {}
    Working<T> operator[](int64_t) const { return element; }
};

template <class T> struct SteppedOperand {
    static constexpr bool fast = false;
    const T* elements;
    int64_t step;
    SteppedOperand(const Bound& bound, size_t index, int64_t row)
        : elements(reinterpret_cast<const T*>(bound.operands[index]) + row * bound.row_steps[index]),
          step(bound.column_steps[index]) {}
    Working<T> operator[](int64_t column) const { return static_cast<Working<T>>(elements[column * step]); }
};

// -- loops

// An output may lie where an operand lies, element upon element: no iteration reads what another one writes.
// Not inlined: within the loop over rows, 10 elements took 16 ns instead of 7, for what was spilled.
template <class F, class R, class... Operands>
[[gnu::noinline]] void run_row(R* out, int64_t columns, Operands... operands) {
#pragma GCC ivdep
    for (int64_t i = 0; i < columns; ++i) out[i] = static_cast<R>(F()(operands[i]...));
}

// For the rarer dtypes and the slow functions. The empty instruction keeps it a plain loop: vector loops of all of them
// would take longer to compile than everything else here.
template <class F, class R, class... Operands>
[[gnu::noinline]] void run_row_plainly(R* out, int64_t columns, Operands... operands) {
    for (int64_t i = 0; i < columns; ++i) {
        out[i] = static_cast<R>(F()(operands[i]...));
        asm volatile("");
    }
}

template <class F, class R, class... Operands, size_t... index>
inline void run_rows(const Bound& bound, int64_t begin, int64_t end, std::index_sequence<index...>) {
    constexpr auto run = (Operands::fast && ...) ? run_row<F, R, Operands...> : run_row_plainly<F, R, Operands...>;
    const int64_t columns = bound.columns;
    R* out = reinterpret_cast<R*>(bound.out);
    if (bound.flat) return run(out + begin * columns, (end - begin) * columns, Operands(bound, index, begin)...);
    for (int64_t row = begin * bound.rows_each; row < end * bound.rows_each; ++row) {
        run(out + row * columns, columns, Operands(bound, index, row)...);
    }
}

template <class F, class R, class... Operands> void run_over(const void* self, int64_t begin, int64_t end) {
    run_rows<F, R, Operands...>(*static_cast<const Bound*>(self), begin, end, std::index_sequence_for<Operands...>());
}

// Rows of a few elements each, as where a bias is added to a small layer's output: a loop of known length needs no
// preparation. 10 rows of 4 took 62 ns in the loop above and take 15 so.
template <class F, class R, class X, int64_t columns> void run_narrow(const void* self, int64_t begin, int64_t end) {
    const Bound& bound = *static_cast<const Bound*>(self);
    const X* first = reinterpret_cast<const X*>(bound.operands[0]);
    const X* second = reinterpret_cast<const X*>(bound.operands[1]);
    R* out = reinterpret_cast<R*>(bound.out);
    for (int64_t row = begin * bound.rows_each; row < end * bound.rows_each; ++row) {
        const X* x = first + row * bound.row_steps[0];
        const X* y = second + row * bound.row_steps[1];
        R made[columns];
        for (int64_t i = 0; i < columns; ++i) {
            made[i] = static_cast<R>(F()(static_cast<Working<X>>(x[i]), static_cast<Working<X>>(y[i])));
        }
        for (int64_t i = 0; i < columns; ++i) out[row * columns + i] = made[i];
    }
}

// One element: no loop, hence a few nanoseconds less for the many scalars of a training step.
template <class F, class R, class... T, size_t... index>
inline void run_element(const Bound& bound, std::index_sequence<index...>) {
    *reinterpret_cast<R*>(bound.out) =
        static_cast<R>(F()(static_cast<Working<T>>(*reinterpret_cast<const T*>(bound.operands[index]))...));
}

template <class F, class R, class... T> void run_once(const void* self, int64_t begin, int64_t end) {
    if (begin < end) run_element<F, R, T...>(*static_cast<const Bound*>(self), std::index_sequence_for<T...>());
}

// -- the run that suits an arrangement

template <class F, class R, class X> Run unary_run(const Arrangement& arrangement) {
    if constexpr (has_own_loops<X>) {
        if (arrangement.count == 1) return run_once<F, R, X>;
        if constexpr (F::simple) return run_over<F, R, VectorOperand<X>>;
    }
    return run_over<F, R, SteppedOperand<X>>;
}

template <class F, class R, class X> Run narrow_run(const Arrangement& arrangement) {
    if (arrangement.bound->flat) return nullptr;
    switch (arrangement.bound->columns) {
        case 2: return run_narrow<F, R, X, 2>;
        case 3: return run_narrow<F, R, X, 3>;
        case 4: return run_narrow<F, R, X, 4>;
        case 8: return run_narrow<F, R, X, 8>;
        case 10: return run_narrow<F, R, X, 10>;
        case 16: return run_narrow<F, R, X, 16>;
        default: return nullptr;
    }
}

template <class F, class R, class X> Run binary_run(const Arrangement& arrangement) {
    if constexpr (has_own_loops<X>) {
        if (arrangement.count == 1) return run_once<F, R, X, X>;
        if constexpr (F::simple) {
            if (arrangement.forms[0] == Form::Single) return run_over<F, R, SingleOperand<X>, VectorOperand<X>>;
            if (arrangement.forms[1] == Form::Single) return run_over<F, R, VectorOperand<X>, SingleOperand<X>>;
            if constexpr (std::is_floating_point_v<X>) {
                if (Run narrow = narrow_run<F, R, X>(arrangement)) return narrow;
            }
            return run_over<F, R, VectorOperand<X>, VectorOperand<X>>;
        }
    }
    return run_over<F, R, SteppedOperand<X>, SteppedOperand<X>>;
}

// What a function object costs: one that takes an instruction or two an element, and others that are slower. The loops
// of those that are simple are made for each pattern of operands; for the others that would win nothing.
struct Simple {
    static constexpr bool simple = true;
    static constexpr double nanoseconds = 0.1;
};
struct Slow {
    static constexpr bool simple = false;
    static constexpr double nanoseconds = 6.0;
};

// -- sets of dtypes

// Integers as the unsigned ones of their size, for what does not depend on the sign; floats as they are. Unsigned
// arithmetic wraps around, as programs' arithmetic does, where that of signed integers is undefined.
struct Words {
    template <class F> static Step dispatch(DType dtype, F f) {
        return is_float(dtype) ? dispatch_floats(dtype, f) : dispatch_bytes(bytes_of(dtype), f);
    }
};

struct Numbers {
    template <class F> static Step dispatch(DType dtype, F f) { return dispatch_numbers(dtype, f); }
};

struct Floats {
    template <class F> static Step dispatch(DType dtype, F f) { return dispatch_floats(dtype, f); }
};

struct Integers {
    template <class F> static Step dispatch(DType dtype, F f) { return dispatch_integers(dtype, f); }
};

struct IntegerWords {
    template <class F> static Step dispatch(DType dtype, F f) { return dispatch_bytes(bytes_of(dtype), f); }
};

// -- kernels of one function object F, for a set of dtypes; the result has the operands' dtype

template <template <class> class F, class Dtypes>
Step unary(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    const Arrangement arrangement = arrange(inputs, outputs[0], binder);
    return Dtypes::dispatch(inputs[0].dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return step_over(arrangement, unary_run<F<T>, T, T>(arrangement), F<T>::nanoseconds * sizeof(T) / 4);
    });
}

template <template <class> class F, class Dtypes>
Step binary(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    const Arrangement arrangement = arrange(inputs, outputs[0], binder);
    return Dtypes::dispatch(inputs[0].dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return step_over(arrangement, binary_run<F<T>, T, T>(arrangement), F<T>::nanoseconds * sizeof(T) / 4);
    });
}

}  // namespace flintglass
