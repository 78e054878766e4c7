// Comparisons, logic on their answers, and the choice between two values. An answer is a byte that holds 0 or 1.
#include "elementwise.h"
#include "elementwise_loops.h"

namespace flintglass {

namespace {

template <class T> struct Equal : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x == y; }
};

template <class T> struct NotEqual : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x != y; }
};

template <class T> struct Greater : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x > y; }
};

template <class T> struct GreaterEqual : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x >= y; }
};

template <class T> struct Less : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x < y; }
};

template <class T> struct LessEqual : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x <= y; }
};

template <class T> struct IsNan : Simple {
    bool operator()(Working<T> x) const { return x != x; }
};

template <class T> struct IsFinite : Simple {
    // What is not finite differs from itself by nan.
    bool operator()(Working<T> x) const { return x - x == 0; }
};

// -- logic

template <class T> struct And : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x & y; }
};

template <class T> struct Or : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x | y; }
};

template <class T> struct Xor : Simple {
    bool operator()(Working<T> x, Working<T> y) const { return x ^ y; }
};

template <class T> struct Not : Simple {
    bool operator()(Working<T> x) const { return x ^ 1; }
};

// -- kernels of questions: the result is boolean, and a boolean operand is a number of one byte

struct NumbersAndBooleans {
    template <class F> static Step dispatch(DType dtype, F f) {
        return dtype == DType::Bool ? f(Tag<uint8_t>{}) : dispatch_numbers(dtype, f);
    }
};

template <template <class> class F>
Step about_one(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    const Arrangement arrangement = arrange(inputs, outputs[0], binder);
    return Floats::dispatch(inputs[0].dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return step_over(arrangement, unary_run<F<T>, uint8_t, T>(arrangement), F<T>::nanoseconds);
    });
}

template <template <class> class F, class Dtypes>
Step about_two(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    const Arrangement arrangement = arrange(inputs, outputs[0], binder);
    return Dtypes::dispatch(inputs[0].dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return step_over(arrangement, binary_run<F<T>, uint8_t, T>(arrangement), F<T>::nanoseconds);
    });
}

// -- logic of booleans: bytes, which have vector loops here since masks are as large as what they mask

template <class F> Step logic_of_one(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    return step_over(arrange(inputs, outputs[0], binder), run_over<F, uint8_t, VectorOperand<uint8_t>>, F::nanoseconds);
}

template <class F> Step logic_of_two(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    const Arrangement arrangement = arrange(inputs, outputs[0], binder);
    const bool vectors = arrangement.forms[0] == Form::Vector && arrangement.forms[1] == Form::Vector;
    const Run run = vectors ? run_over<F, uint8_t, VectorOperand<uint8_t>, VectorOperand<uint8_t>>
                            : run_over<F, uint8_t, SteppedOperand<uint8_t>, SteppedOperand<uint8_t>>;
    return step_over(arrangement, run, F::nanoseconds);
}

// -- select moves bits: what they mean does not matter

template <class T> struct Choose : Simple {
    T operator()(uint32_t condition, T x, T y) const { return condition ? x : y; }
};

template <class T, class Condition> Run choosing_run(const Arrangement& arrangement) {
    using Vector = VectorOperand<T>;
    using Single = SingleOperand<T>;
    const bool x_is_single = arrangement.forms[1] == Form::Single, y_is_single = arrangement.forms[2] == Form::Single;
    if (x_is_single && y_is_single) return run_over<Choose<T>, T, Condition, Single, Single>;
    if (x_is_single) return run_over<Choose<T>, T, Condition, Single, Vector>;
    if (y_is_single) return run_over<Choose<T>, T, Condition, Vector, Single>;
    return run_over<Choose<T>, T, Condition, Vector, Vector>;
}

template <class T> Run select_run(const Arrangement& arrangement) {
    if constexpr (has_own_loops<T>) {
        const bool one_for_all = arrangement.forms[0] == Form::Single;
        return one_for_all ? choosing_run<T, SingleOperand<uint8_t>>(arrangement)
                           : choosing_run<T, VectorOperand<uint8_t>>(arrangement);
    }
    return run_over<Choose<T>, T, SteppedOperand<uint8_t>, SteppedOperand<T>, SteppedOperand<T>>;
}

Step select(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder& binder) {
    const Arrangement arrangement = arrange(inputs, outputs[0], binder);
    return dispatch_bytes(bytes_of(outputs[0].dtype), [&](auto tag) {
        using T = typename decltype(tag)::type;
        return step_over(arrangement, select_run<T>(arrangement), Choose<T>::nanoseconds * sizeof(T) / 4);
    });
}

}  // namespace

KernelTable comparison_table() {
    return {
        {"equal", about_two<Equal, Words>},
        {"not_equal", about_two<NotEqual, Words>},
        {"greater", about_two<Greater, NumbersAndBooleans>},
        {"greater_equal", about_two<GreaterEqual, NumbersAndBooleans>},
        {"less", about_two<Less, NumbersAndBooleans>},
        {"less_equal", about_two<LessEqual, NumbersAndBooleans>},
        {"logical_and", logic_of_two<And<uint8_t>>},
        {"logical_or", logic_of_two<Or<uint8_t>>},
        {"logical_xor", logic_of_two<Xor<uint8_t>>},
        {"logical_not", logic_of_one<Not<uint8_t>>},
        {"is_finite", about_one<IsFinite>},
        {"is_nan", about_one<IsNan>},
        {"select", select},
    };
}

}  // namespace flintglass
