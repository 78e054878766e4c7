// Running totals along one axis: each element combined with all before it.
#include "tables.h"

namespace flintglass {

namespace {

// Integers wrap: they are added and multiplied without a sign, small ones as 32 bits.
template <class T> using Wrapping = std::conditional_t<(sizeof(T) > 4), uint64_t, uint32_t>;

struct Sum {
    template <class T> static T combine(T total, T x) {
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<Wrapping<T>>(total) + static_cast<Wrapping<T>>(x));
        else return total + x;
    }
    static constexpr float IDENTITY = 0.0f;
};

struct Product {
    template <class T> static T combine(T total, T x) {
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<Wrapping<T>>(total) * static_cast<Wrapping<T>>(x));
        else return total * x;
    }
    static constexpr float IDENTITY = 1.0f;
};

// Once a total is nan it stays nan.
struct Maximum {
    template <class T> static T combine(T total, T x) { return total > x || total != total ? total : x; }
    static constexpr float IDENTITY = 0.0f;  // there is none, and no program asks for it
};

// A packed array as [outer, extent, inner], run through along the middle. Places are `step` elements apart.
struct Running {
    int64_t extent, inner;
    bool reverse, exclusive;

    int64_t first() const { return reverse ? (extent - 1) * inner : 0; }
    int64_t step() const { return reverse ? -inner : inner; }
};

// Columns [begin, end) of one [extent, inner] part.
template <class Op, class T> void accumulate(const T* x, T* out, const Running& along, int64_t begin, int64_t end) {
    if (along.extent == 0) return;
    const int64_t step = along.step();
    x += along.first();
    out += along.first();
    // What stands at place i goes into the total of place i, or of the one after it.
    for (int64_t j = begin; j < end; ++j) out[j] = along.exclusive ? static_cast<T>(Op::IDENTITY) : x[j];
    int64_t left = along.extent - 1;
    if (along.exclusive && left > 0) {
        for (int64_t j = begin; j < end; ++j) out[j + step] = x[j];
        out += step;
        --left;
    } else {
        x += step;
    }
    if (along.exclusive) x += step;
    for (; left > 0; --left, x += step, out += step) {
        T* next = out + step;
        for (int64_t j = begin; j < end; ++j) next[j] = Op::combine(out[j], x[j]);
    }
}

// One after another along lines of neighbours: the total stays in a register.
template <class Op, class T> void accumulate_line(const T* x, T* out, const Running& along) {
    if (along.extent == 0) return;
    const int64_t step = along.step();
    x += along.first();
    out += along.first();
    T total = *x;
    int64_t left = along.extent - 1;
    if (along.exclusive) {
        *out = static_cast<T>(Op::IDENTITY);
        if (left-- == 0) return;
        out += step;
    }
    *out = total;
    for (; left > 0; --left) {
        x += step;
        out += step;
        total = Op::combine(total, *x);
        *out = total;
    }
}

template <class Op, class T> Step along_first_axis(const T* x, T* out, const Running& along) {
    return over_rows(along.inner, [=](int64_t begin, int64_t end) { accumulate<Op>(x, out, along, begin, end); });
}

// `parts` is how many [extent, inner] parts there are in a row of the first axis.
template <class Op, class T>
Step along_later_axis(const T* x, T* out, const Running& along, int64_t rows, int64_t parts) {
    const int64_t size = along.extent * along.inner;
    if (along.inner == 1) {
        return over_rows(rows, [=](int64_t begin, int64_t end) {
            for (int64_t i = begin * parts; i < end * parts; ++i)
                accumulate_line<Op>(x + i * size, out + i * size, along);
        });
    }
    return over_rows(rows, [=](int64_t begin, int64_t end) {
        for (int64_t i = begin * parts; i < end * parts; ++i) {
            accumulate<Op>(x + i * size, out + i * size, along, 0, along.inner);
        }
    });
}

template <class Op>
Step cumulative(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array x = binder.packed(inputs[0]), &out = outputs[0];
    const auto axis = static_cast<size_t>(attributes.integer("axis"));
    const auto at = out.shape.begin() + static_cast<int64_t>(axis);
    const Running along{*at, count_of(Shape(at + 1, out.shape.end())), attributes.flag("reverse"),
                        attributes.flag("exclusive")};
    const double cost = 10.0 + (along.inner > 1 ? 0.4 : 1.5) * static_cast<double>(out.count());
    return dispatch_numbers(out.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* source = x.as<T>();
        T* target = out.as<T>();
        if (axis == 0) return along_first_axis<Op>(source, target, along).costing(cost);
        const int64_t parts = count_of(Shape(out.shape.begin() + 1, at));
        return along_later_axis<Op>(source, target, along, out.shape[0], parts).costing(cost).along_rows(1);
    });
}

}  // namespace

KernelTable cumulative_table() {
    return {
        {"cumulative_sum", cumulative<Sum>},
        {"cumulative_product", cumulative<Product>},
        {"cumulative_maximum", cumulative<Maximum>},
    };
}

}  // namespace flintglass
