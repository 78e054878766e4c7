// Arithmetic on each element: the four operations, quotients, powers, bounds and rounding.
#include "elementwise.h"
#include "elementwise_loops.h"

namespace flintglass {

namespace {

// -- sums and products; integers come as unsigned ones

template <class T> struct Add : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return x + y; }
};

template <class T> struct Subtract : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return x - y; }
};

template <class T> struct Multiply : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return x * y; }
};

template <class T> struct Square : Simple {
    Working<T> operator()(Working<T> x) const { return x * x; }
};

template <class T> struct Negative : Simple {
    Working<T> operator()(Working<T> x) const {
        if constexpr (std::is_integral_v<T>) return 0 - x;
        else return -x;
    }
};

// The opposite of a signed integer; of the smallest one itself.
template <class W> W opposite(W x) { return static_cast<W>(0 - static_cast<std::make_unsigned_t<W>>(x)); }

// -- quotients

template <class T> struct Divide : Simple {
    static constexpr double nanoseconds = 0.25;
    Working<T> operator()(Working<T> x, Working<T> y) const { return x / y; }
};

// x less the multiple of y that leaves the sign of y, or 0 with that sign; y is not 0.
template <class T> T remainder_of(T x, T y) {
    const T rest = std::fmod(x, y);
    if (rest == 0) return std::copysign(T(0), y);
    return (rest < 0) != (y < 0) ? rest + y : rest;
}

template <class T> struct Remainder : Slow {
    using W = Working<T>;
    W operator()(W x, W y) const {
        if constexpr (std::is_integral_v<T>) {
            if (y == 0) return 0;
            if constexpr (std::is_signed_v<T>) {
                if (y == -1) return 0;  // the quotient of the smallest number would be too large
                const W rest = x % y;
                return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
            } else {
                return x % y;
            }
        } else {
            return y == 0 ? std::fmod(x, y) : remainder_of(x, y);
        }
    }
};

template <class T> struct FloorDivide : Slow {
    using W = Working<T>;
    W operator()(W x, W y) const {
        if constexpr (std::is_integral_v<T>) {
            if (y == 0) return 0;
            if constexpr (std::is_signed_v<T>) {
                if (y == -1) return opposite(x);
                return x / y - (x % y != 0 && (x < 0) != (y < 0));
            } else {
                return x / y;
            }
        } else {
            return of_floats(x, y);
        }
    }

    // From the remainder, since x / y may round up to a whole number that is too large.
    static W of_floats(W x, W y) {
        if (y == 0) return x / y;
        const W rest = std::fmod(x, y);
        W quotient = (x - rest) / y;
        if (rest != 0 && (rest < 0) != (y < 0)) quotient -= 1;
        if (quotient == 0) return std::copysign(W(0), x / y);
        const W whole = std::floor(quotient);
        return quotient - whole > W(0.5) ? whole + 1 : whole;
    }
};

// -- powers

template <class T> struct Power : Slow {
    static constexpr double nanoseconds = 10.0;
    using W = Working<T>;
    W operator()(W x, W y) const {
        if constexpr (std::is_integral_v<T>) return of_integers(x, y);
        else return std::pow(x, y);
    }

    static W of_integers(W x, W y) {
        if constexpr (std::is_signed_v<T>) {
            if (y < 0) throw BadValue("power: integers take no negative exponent; cast them to a float first");
        }
        std::make_unsigned_t<W> power = 1, factor = x;
        for (std::make_unsigned_t<W> left = y; left != 0; left >>= 1, factor *= factor) {
            if (left & 1) power *= factor;
        }
        return static_cast<W>(power);
    }
};

template <class T> struct Sqrt : Simple {
    static constexpr double nanoseconds = 0.3;
    Working<T> operator()(Working<T> x) const { return std::sqrt(x); }
};

// -- bounds and signs; a nan is unequal to itself, and wins

template <class T> struct Maximum : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return (x >= y) | (x != x) ? x : y; }
};

template <class T> struct Minimum : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return (x <= y) | (x != x) ? x : y; }
};

// The smaller of high and the larger of x and low; written so that every choice becomes a masked move.
template <class T> struct Clip : Simple {
    using W = Working<T>;
    W operator()(W x, W low, W high) const {
        const W raised = x < low ? low : x;
        const W bounded = high < raised ? high : raised;
        const W suspect = low != low ? low : high;
        return suspect != suspect ? suspect : bounded;
    }
};

template <class T> struct Relu : Simple {
    Working<T> operator()(Working<T> x) const { return x < 0 ? 0 : x; }
};

template <class T> struct Absolute : Simple {
    using W = Working<T>;
    W operator()(W x) const {
        if constexpr (std::is_floating_point_v<W>) return std::fabs(x);
        else if constexpr (std::is_signed_v<W>) return x < 0 ? opposite(x) : x;
        else return x;
    }
};

template <class T> struct Sign : Simple {
    using W = Working<T>;
    W operator()(W x) const {
        const W sign = static_cast<W>((x > 0) - (x < 0));
        return x != x ? x : sign;
    }
};

// -- whole numbers near a number

template <class T> struct Floor : Simple {
    Working<T> operator()(Working<T> x) const { return std::floor(x); }
};

template <class T> struct Ceil : Simple {
    Working<T> operator()(Working<T> x) const { return std::ceil(x); }
};

template <class T> struct Round : Simple {
    Working<T> operator()(Working<T> x) const { return std::nearbyint(x); }
};

// -- clip has three operands

template <class T> Run clip_run(const Arrangement& arrangement) {
    if constexpr (has_own_loops<T>) {
        if (arrangement.count == 1) return run_once<Clip<T>, T, T, T, T>;
        const Form(&forms)[3] = arrangement.forms;
        if (forms[0] == Form::Vector && forms[1] == Form::Single && forms[2] == Form::Single) {
            return run_over<Clip<T>, T, VectorOperand<T>, SingleOperand<T>, SingleOperand<T>>;
        }
    }
    return run_over<Clip<T>, T, SteppedOperand<T>, SteppedOperand<T>, SteppedOperand<T>>;
}

Step clip(const Arrays& x, const Arrays& y, const Attributes&, Binder& binder) {
    const Arrangement arrangement = arrange(x, y[0], binder);
    return dispatch_numbers(x[0].dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return step_over(arrangement, clip_run<T>(arrangement), Clip<T>::nanoseconds * sizeof(T) / 4);
    });
}

}  // namespace

KernelTable arithmetic_table() {
    return {
        {"add", binary<Add, Words>},
        {"subtract", binary<Subtract, Words>},
        {"multiply", binary<Multiply, Words>},
        {"divide", binary<Divide, Floats>},
        {"floor_divide", binary<FloorDivide, Numbers>},
        {"remainder", binary<Remainder, Numbers>},
        {"power", binary<Power, Numbers>},
        {"negative", unary<Negative, Words>},
        {"maximum", binary<Maximum, Numbers>},
        {"minimum", binary<Minimum, Numbers>},
        {"clip", clip},
        {"relu", unary<Relu, Numbers>},
        {"absolute", unary<Absolute, Numbers>},
        {"sign", unary<Sign, Numbers>},
        {"square", unary<Square, Words>},
        {"sqrt", unary<Sqrt, Floats>},
        {"floor", unary<Floor, Floats>},
        {"ceil", unary<Ceil, Floats>},
        {"round", unary<Round, Floats>},
    };
}

}  // namespace flintglass
