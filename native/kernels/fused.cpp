// Optimizers' blocks in one pass over memory: each body is a function object that computes its lines in their order.
//
// The bits are those of the elementwise kernels run one after the other: every line is rounded to the dtype, and none
// is contracted with another.
#include "fused.h"

#include <array>
#include <cmath>
#include <type_traits>

namespace flintglass {

namespace {

template <class T> T root(T x) { return static_cast<T>(std::sqrt(x)); }
template <> Half root(Half x) { return std::sqrt(static_cast<float>(x)); }

template <class T> T larger(T x, T y) { return (x >= y) | (x != x) ? x : y; }

// -- bodies: `signature` says what one computes, `numbers` has a bit for each input that is a single number, and
// `nanoseconds` is what an element of 32 bits takes

template <class T> struct Descent {
    static constexpr const char* signature = "multiply i1 i2; subtract i0 l0; return l1";
    static constexpr unsigned inputs = 3, outputs = 1, literals = 0, numbers = 0b100;
    static constexpr double nanoseconds = 0.2;
    static std::array<T, 1> values(const T*, T w, T d, T rate) {
        const T step = d * rate;
        return {w - step};
    }
};

template <class T> struct Decay {
    static constexpr const char* signature = "multiply i0 i1; multiply l0 i2; subtract i0 l1; return l2";
    static constexpr unsigned inputs = 3, outputs = 1, literals = 0, numbers = 0b110;
    static constexpr double nanoseconds = 0.15;
    static std::array<T, 1> values(const T*, T w, T share, T rate) {
        const T whole = w * share;
        const T step = whole * rate;
        return {w - step};
    }
};

template <class T> struct Momentum {
    static constexpr const char* signature = "multiply i2 i4; multiply i1 i3; subtract l0 l1; add i0 l2; return l3 l2";
    static constexpr unsigned inputs = 5, outputs = 2, literals = 0, numbers = 0b11000;
    static constexpr double nanoseconds = 0.3;
    static std::array<T, 2> values(const T*, T w, T d, T velocity, T rate, T momentum) {
        const T kept = velocity * momentum;
        const T step = d * rate;
        velocity = kept - step;
        return {w + velocity, velocity};
    }
};

template <class T> struct Nesterov {
    static constexpr const char* signature =
        "multiply i2 i4; multiply i1 i3; subtract l0 l1; multiply l2 i4; subtract l3 l1; add i0 l4; return l5 l2";
    static constexpr unsigned inputs = 5, outputs = 2, literals = 0, numbers = 0b11000;
    static constexpr double nanoseconds = 0.3;
    static std::array<T, 2> values(const T*, T w, T d, T velocity, T rate, T momentum) {
        const T kept = velocity * momentum;
        const T step = d * rate;
        velocity = kept - step;
        const T ahead = velocity * momentum;
        const T move = ahead - step;
        return {w + move, velocity};
    }
};

// What Adam's two forms have in common: a running mean moved towards a value by a share of the difference.
template <class T> T moved(T mean, T value, T share) {
    const T difference = value - mean;
    const T change = difference * share;
    return mean + change;
}

// w less m * rate / (sqrt(v) + epsilon)
template <class T> T stepped(T w, T m, T v, T rate, T epsilon) {
    const T scaled = m * rate;
    const T spread = root(v);
    const T divisor = spread + epsilon;
    const T step = scaled / divisor;
    return w - step;
}

template <class T> struct Adam {
    static constexpr const char* signature =
        "subtract i1 i2; multiply l0 #0; add i2 l1; square i1; subtract l3 i3; multiply l4 #1; add i3 l5; "
        "multiply l2 i4; sqrt l6; add l8 #2; divide l7 l9; subtract i0 l10; return l11 l2 l6";
    static constexpr unsigned inputs = 5, outputs = 3, literals = 3, numbers = 0b10000;
    static constexpr double nanoseconds = 0.6;
    static std::array<T, 3> values(const T* literal, T w, T d, T m, T v, T rate) {
        m = moved(m, d, literal[0]);
        v = moved<T>(v, d * d, literal[1]);
        return {stepped(w, m, v, rate, literal[2]), m, v};
    }
};

template <class T> struct Amsgrad {
    static constexpr const char* signature =
        "subtract i1 i2; multiply l0 #0; add i2 l1; square i1; subtract l3 i3; multiply l4 #1; add i3 l5; "
        "maximum i4 l6; multiply l2 i5; sqrt l7; add l9 #2; divide l8 l10; subtract i0 l11; return l12 l2 l6 l7";
    static constexpr unsigned inputs = 6, outputs = 4, literals = 3, numbers = 0b100000;
    static constexpr double nanoseconds = 0.6;
    static std::array<T, 4> values(const T* literal, T w, T d, T m, T v, T highest, T rate) {
        m = moved(m, d, literal[0]);
        v = moved<T>(v, d * d, literal[1]);
        highest = larger(highest, v);
        return {stepped(w, m, highest, rate, literal[2]), m, v, highest};
    }
};

// What RMSprop's four forms have in common: mean * kept + value * (1 - kept), and d * rate / sqrt(spread + epsilon).
template <class T> T mixed(T mean, T value, T kept, T taken) {
    const T old = mean * kept;
    const T added = value * taken;
    return old + added;
}

template <class T> T increment(T d, T spread, T rate, T epsilon) {
    const T scaled = d * rate;
    const T padded = spread + epsilon;
    const T divisor = root(padded);
    return scaled / divisor;
}

template <class T> T spread_around(T mean, T v) {
    const T squared = mean * mean;
    return v - squared;
}

template <class T> struct RMSprop {
    static constexpr const char* signature =
        "multiply i2 #0; square i1; multiply l1 #1; add l0 l2; multiply i1 i3; add l3 #2; sqrt l5; divide l4 l6; "
        "subtract i0 l7; return l8 l3";
    static constexpr unsigned inputs = 4, outputs = 2, literals = 3, numbers = 0b1000;
    static constexpr double nanoseconds = 0.6;
    static std::array<T, 2> values(const T* literal, T w, T d, T v, T rate) {
        v = mixed<T>(v, d * d, literal[0], literal[1]);
        return {w - increment(d, v, rate, literal[2]), v};
    }
};

template <class T> struct RMSpropMomentum {
    static constexpr const char* signature =
        "multiply i2 #0; square i1; multiply l1 #1; add l0 l2; multiply i3 #2; multiply i1 i4; add l3 #3; sqrt l6; "
        "divide l5 l7; add l4 l8; subtract i0 l9; return l10 l3 l9";
    static constexpr unsigned inputs = 5, outputs = 3, literals = 4, numbers = 0b10000;
    static constexpr double nanoseconds = 0.6;
    static std::array<T, 3> values(const T* literal, T w, T d, T v, T m, T rate) {
        v = mixed<T>(v, d * d, literal[0], literal[1]);
        const T kept = m * literal[2];
        m = kept + increment(d, v, rate, literal[3]);
        return {w - m, v, m};
    }
};

template <class T> struct RMSpropCentered {
    static constexpr const char* signature =
        "multiply i2 #0; square i1; multiply l1 #1; add l0 l2; multiply i3 #2; multiply i1 #3; add l4 l5; square l6; "
        "subtract l3 l7; multiply i1 i4; add l8 #4; sqrt l10; divide l9 l11; subtract i0 l12; return l13 l3 l6";
    static constexpr unsigned inputs = 5, outputs = 3, literals = 5, numbers = 0b10000;
    static constexpr double nanoseconds = 0.6;
    static std::array<T, 3> values(const T* literal, T w, T d, T v, T mean, T rate) {
        v = mixed<T>(v, d * d, literal[0], literal[1]);
        mean = mixed(mean, d, literal[2], literal[3]);
        return {w - increment(d, spread_around(mean, v), rate, literal[4]), v, mean};
    }
};

template <class T> struct RMSpropCenteredMomentum {
    static constexpr const char* signature =
        "multiply i2 #0; square i1; multiply l1 #1; add l0 l2; multiply i3 #2; multiply i1 #3; add l4 l5; "
        "multiply i4 #4; square l6; subtract l3 l8; multiply i1 i5; add l9 #5; sqrt l11; divide l10 l12; add l7 l13; "
        "subtract i0 l14; return l15 l3 l6 l14";
    static constexpr unsigned inputs = 6, outputs = 4, literals = 6, numbers = 0b100000;
    static constexpr double nanoseconds = 0.6;
    static std::array<T, 4> values(const T* literal, T w, T d, T v, T mean, T m, T rate) {
        v = mixed<T>(v, d * d, literal[0], literal[1]);
        mean = mixed(mean, d, literal[2], literal[3]);
        const T kept = m * literal[4];
        m = kept + increment(d, spread_around(mean, v), rate, literal[5]);
        return {w - m, v, mean, m};
    }
};

// -- the pass over memory

constexpr size_t MOST = 6;  // inputs, outputs or literals

struct Pass {
    const void* inputs[MOST] = {};
    void* outputs[MOST] = {};
    double literals[MOST] = {};
    int64_t steps[MOST] = {};  // 0 for an input that is a single number
    int64_t width = 0;         // of a row, where the arrays are matrices
};

template <size_t... index> using Indices = std::index_sequence<index...>;

// Inputs that are single numbers in every program of ours are read once. An output may lie where an input lies.
template <class Body, class T, size_t... in, size_t... out>
void run_expected(const Pass& pass, int64_t begin, int64_t end, Indices<in...>, Indices<out...>) {
    const T* const inputs[] = {static_cast<const T*>(pass.inputs[in])...};
    T* const outputs[] = {static_cast<T*>(pass.outputs[out])...};
    const T single[] = {(Body::numbers >> in & 1 ? *inputs[in] : T(0))...};
    T literals[MOST];
    for (size_t i = 0; i < MOST; ++i) literals[i] = static_cast<T>(pass.literals[i]);
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) {
        const auto values = Body::values(literals, (Body::numbers >> in & 1 ? single[in] : inputs[in][i])...);
        ((outputs[out][i] = values[out]), ...);
    }
}

// Any other choice of single numbers, and half precision.
template <class Body, class T, size_t... in, size_t... out>
void run_stepped(const Pass& pass, int64_t begin, int64_t end, Indices<in...>, Indices<out...>) {
    T literals[MOST];
    for (size_t i = 0; i < MOST; ++i) literals[i] = static_cast<T>(pass.literals[i]);
    for (int64_t i = begin; i < end; ++i) {
        const auto values = Body::values(literals, static_cast<const T*>(pass.inputs[in])[i * pass.steps[in]]...);
        ((static_cast<T*>(pass.outputs[out])[i] = values[out]), ...);
    }
}

template <class Body, class T, bool expected> void run_pass(const void* self, int64_t begin, int64_t end) {
    const Pass& pass = *static_cast<const Pass*>(self);
    const auto in = std::make_index_sequence<Body::inputs>();
    const auto out = std::make_index_sequence<Body::outputs>();
    if constexpr (expected) run_expected<Body, T>(pass, begin, end, in, out);
    else run_stepped<Body, T>(pass, begin, end, in, out);
}

// The same with strips of a matrix in place of one input.
template <class Body, class T, size_t... in, size_t... out>
void run_strip(const Pass& pass, size_t taken, const Strip& strip, Indices<in...>, Indices<out...>) {
    for (int64_t row = strip.begin; row < strip.end; ++row) {
        const int64_t begin = row * pass.width;
        const T* const values = static_cast<const T*>(strip.values) + (row - strip.begin) * strip.stride;
        Pass moved = pass;
        ((moved.inputs[in] = static_cast<const T*>(pass.inputs[in]) + (Body::numbers >> in & 1 ? 0 : begin)), ...);
        ((moved.outputs[out] = static_cast<T*>(pass.outputs[out]) + begin), ...);
        moved.inputs[taken] = values;
        run_expected<Body, T>(moved, 0, pass.width, Indices<in...>(), Indices<out...>());
    }
}

template <class Body, class T> Sink sink_of(const std::shared_ptr<const Pass>& pass, size_t input) {
    struct Taking {
        std::shared_ptr<const Pass> pass;
        size_t input;
    };
    Sink sink;
    sink.self = std::make_shared<const Taking>(Taking{pass, input});
    sink.take = [](const void* self, const Strip& strip) {
        const Taking& taking = *static_cast<const Taking*>(self);
        run_strip<Body, T>(*taking.pass, taking.input, strip, std::make_index_sequence<Body::inputs>(),
                           std::make_index_sequence<Body::outputs>());
    };
    return sink;
}

template <class Body, class T>
Step pass_of(const Arrays& inputs, const Arrays& outputs, const std::vector<double>& literals) {
    auto pass = std::make_shared<Pass>();
    bool expected = true;
    for (size_t i = 0; i < Body::inputs; ++i) {
        pass->inputs[i] = inputs[i].data;
        pass->steps[i] = inputs[i].rank() == 0 ? 0 : 1;
        expected = expected && pass->steps[i] == (Body::numbers >> i & 1 ? 0 : 1);
    }
    for (size_t i = 0; i < Body::outputs; ++i) pass->outputs[i] = outputs[i].data;
    for (size_t i = 0; i < Body::literals; ++i) pass->literals[i] = literals[i];
    Step step;
    step.self = pass;
    step.rows = outputs[0].count();
    step.run = run_pass<Body, T, false>;
    if constexpr (!std::is_same_v<T, Half>) {
        if (expected) {
            step.run = run_pass<Body, T, true>;
            if (outputs[0].rank() == 2) {
                pass->width = outputs[0].shape[1];
                const std::shared_ptr<const Pass> kept = pass;
                step.taking = [kept](size_t input) { return sink_of<Body, T>(kept, input); };
            }
        }
    }
    return step.costing(8.0 + static_cast<double>(step.rows) * Body::nanoseconds * sizeof(T) / 4);
}

template <template <class> class Body>
Step fused(const Arrays& inputs, const Arrays& outputs, const std::vector<double>& literals) {
    return dispatch_floats(outputs[0].dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return pass_of<Body<T>, T>(inputs, outputs, literals);
    });
}

template <template <class> class Body> FusedTable::value_type entry() { return {Body<float>::signature, fused<Body>}; }

}  // namespace

const FusedTable& fused_kernels() {
    static const FusedTable table{
        entry<Descent>(),
        entry<Decay>(),
        entry<Momentum>(),
        entry<Nesterov>(),
        entry<Adam>(),
        entry<Amsgrad>(),
        entry<RMSprop>(),
        entry<RMSpropMomentum>(),
        entry<RMSpropCentered>(),
        entry<RMSpropCenteredMomentum>(),
    };
    return table;
}

}  // namespace flintglass
