// Exponentials, logarithms, angles, and the error function.
//
// exp, expm1, tanh and sigmoid are our own (curves.h), and vectorised. The others are the C library's, one by one;
// random normal numbers rely on its bits of log, sin and cos.
#include "curves.h"
#include "elementwise.h"
#include "elementwise_loops.h"

namespace flintglass {

namespace {

// -- our own curves

template <class T> struct Exp : Simple {
    static constexpr double nanoseconds = 0.5;
    Working<T> operator()(Working<T> x) const { return curves::exp(x); }
};

template <class T> struct Expm1 : Simple {
    static constexpr double nanoseconds = 0.5;
    Working<T> operator()(Working<T> x) const { return curves::expm1(x); }
};

template <class T> struct Tanh : Simple {
    static constexpr double nanoseconds = 0.7;
    Working<T> operator()(Working<T> x) const { return curves::tanh(x); }
};

template <class T> struct Sigmoid : Simple {
    static constexpr double nanoseconds = 0.7;
    Working<T> operator()(Working<T> x) const { return curves::sigmoid(x); }
};

// -- the C library's

template <class T> struct Log : Slow {
    Working<T> operator()(Working<T> x) const { return std::log(x); }
};

template <class T> struct Log1p : Slow {
    Working<T> operator()(Working<T> x) const { return std::log1p(x); }
};

template <class T> struct Sin : Slow {
    Working<T> operator()(Working<T> x) const { return std::sin(x); }
};

template <class T> struct Cos : Slow {
    Working<T> operator()(Working<T> x) const { return std::cos(x); }
};

template <class T> struct Tan : Slow {
    Working<T> operator()(Working<T> x) const { return std::tan(x); }
};

template <class T> struct Arcsin : Slow {
    Working<T> operator()(Working<T> x) const { return std::asin(x); }
};

template <class T> struct Arccos : Slow {
    Working<T> operator()(Working<T> x) const { return std::acos(x); }
};

template <class T> struct Arctan : Slow {
    Working<T> operator()(Working<T> x) const { return std::atan(x); }
};

template <class T> struct Arctan2 : Slow {
    Working<T> operator()(Working<T> x, Working<T> y) const { return std::atan2(x, y); }
};

template <class T> struct Sinh : Slow {
    Working<T> operator()(Working<T> x) const { return std::sinh(x); }
};

template <class T> struct Cosh : Slow {
    Working<T> operator()(Working<T> x) const { return std::cosh(x); }
};

template <class T> struct Arcsinh : Slow {
    Working<T> operator()(Working<T> x) const { return std::asinh(x); }
};

template <class T> struct Arccosh : Slow {
    Working<T> operator()(Working<T> x) const { return std::acosh(x); }
};

template <class T> struct Arctanh : Slow {
    Working<T> operator()(Working<T> x) const { return std::atanh(x); }
};

template <class T> struct Erf : Slow {
    Working<T> operator()(Working<T> x) const { return std::erf(x); }
};

// -- the inverse of the error function

// Winitzki's estimate (2008), good to 0.2 %.
double estimated_erf_inverse(double x) {
    constexpr double PI = 3.14159265358979323846, A = 0.147;
    const double logarithm = std::log((1 - x) * (1 + x)), half = 2 / (PI * A) + logarithm / 2;
    return std::copysign(std::sqrt(std::sqrt(half * half - logarithm / A) - half), x);
}

// Two steps of Halley's method from the estimate. Near 1 erf is compared by what it lacks, which cancels nothing. The
// largest error is 2 ulp, and 4 where x is within 1e-12 of 1.
double erf_inverse(double x) {
    constexpr double HALF_ROOT_OF_PI = 0.886226925452758013649;
    double y = estimated_erf_inverse(x);
    if (!std::isfinite(y)) return y;
    for (int i = 0; i < 2; ++i) {
        const double size = std::fabs(y), lacking = (1 - std::fabs(x)) - std::erfc(size);
        const double excess = size <= 1 ? std::erf(y) - x : std::copysign(1.0, y) * lacking;
        const double step = excess * std::exp(y * y) * HALF_ROOT_OF_PI;
        y -= step / (1 + y * step);
    }
    return y;
}

template <class T> struct ErfInverse : Slow {
    static constexpr double nanoseconds = 100.0;
    Working<T> operator()(Working<T> x) const { return static_cast<Working<T>>(erf_inverse(x)); }
};

}  // namespace

KernelTable transcendental_table() {
    return {
        {"exp", unary<Exp, Floats>},          {"expm1", unary<Expm1, Floats>},
        {"log", unary<Log, Floats>},          {"log1p", unary<Log1p, Floats>},
        {"sin", unary<Sin, Floats>},          {"cos", unary<Cos, Floats>},
        {"tan", unary<Tan, Floats>},          {"arcsin", unary<Arcsin, Floats>},
        {"arccos", unary<Arccos, Floats>},    {"arctan", unary<Arctan, Floats>},
        {"arctan2", binary<Arctan2, Floats>}, {"sinh", unary<Sinh, Floats>},
        {"cosh", unary<Cosh, Floats>},        {"tanh", unary<Tanh, Floats>},
        {"arcsinh", unary<Arcsinh, Floats>},  {"arccosh", unary<Arccosh, Floats>},
        {"arctanh", unary<Arctanh, Floats>},  {"sigmoid", unary<Sigmoid, Floats>},
        {"erf", unary<Erf, Floats>},          {"erf_inverse", unary<ErfInverse, Floats>},
    };
}

}  // namespace flintglass
