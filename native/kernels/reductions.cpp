// Many elements to one, along some axes.
//
// Every result is computed in an order that depends on shapes and strides alone: splitting the work changes no bit.
// Where the elements of one result lie next to each other, they are combined in lanes, which then are combined in a
// tree; where those of neighbouring results do, rows are combined one after another.
#include <algorithm>
#include <limits>

#include "tables.h"

namespace flintglass {

namespace {

// -- what is computed

// Integers wrap: they are added and multiplied without a sign, small ones as 32 bits.
template <class T> using Wrapping = std::conditional_t<(sizeof(T) > 4), uint64_t, uint32_t>;

// In `Along` elements of a row are combined, in `Across` rows, which NumPy rounds one by one.
template <class T> struct Same {
    using Along = T;
    using Across = T;
};
template <class T> struct Wider {
    using Along = std::conditional_t<std::is_same_v<T, Half>, float, T>;
    using Across = T;
};
template <class T> struct Widest {
    using Along = std::conditional_t<std::is_same_v<T, Half>, float, T>;
    using Across = Along;
};

struct Sum {
    template <class T> using Types = Wider<T>;
    template <class A> static A identity() { return A(0); }
    template <class A> static A combine(A a, A b) {
        if constexpr (std::is_integral_v<A>)
            return static_cast<A>(static_cast<Wrapping<A>>(a) + static_cast<Wrapping<A>>(b));
        else return a + b;
    }
    template <class A> static A finished(A total, int64_t) { return total; }
};

struct Product {
    template <class T> using Types = Wider<T>;
    template <class A> static A identity() { return A(1); }
    template <class A> static A combine(A a, A b) {
        if constexpr (std::is_integral_v<A>)
            return static_cast<A>(static_cast<Wrapping<A>>(a) * static_cast<Wrapping<A>>(b));
        else return a * b;
    }
    template <class A> static A finished(A total, int64_t) { return total; }
};

struct Mean : Sum {
    template <class T> using Types = Widest<T>;
    template <class A> static A finished(A total, int64_t count) { return total / static_cast<A>(count); }
};

// nan wins; of equal numbers, which may be two zeros, the later.
struct Maximum {
    template <class T> using Types = Widest<T>;
    template <class A> static A identity() {
        if constexpr (std::is_integral_v<A>) return std::numeric_limits<A>::lowest();
        else return -std::numeric_limits<A>::infinity();
    }
    template <class A> static A combine(A a, A b) {
        const A larger = a > b ? a : b;
        return a != a ? a : larger;
    }
    template <class A> static A finished(A total, int64_t) { return total; }
};

struct Minimum {
    template <class T> using Types = Widest<T>;
    template <class A> static A identity() {
        if constexpr (std::is_integral_v<A>) return std::numeric_limits<A>::max();
        else return std::numeric_limits<A>::infinity();
    }
    template <class A> static A combine(A a, A b) {
        const A smaller = a < b ? a : b;
        return a != a ? a : smaller;
    }
    template <class A> static A finished(A total, int64_t) { return total; }
};

// A bool is a byte that is 0 or 1.
struct Any {
    template <class T> using Types = Same<T>;
    template <class A> static A identity() { return 0; }
    template <class A> static A combine(A a, A b) { return static_cast<A>(a | b); }
    template <class A> static A finished(A total, int64_t) { return total; }
};

struct All {
    template <class T> using Types = Same<T>;
    template <class A> static A identity() { return 1; }
    template <class A> static A combine(A a, A b) { return static_cast<A>(a & b); }
    template <class A> static A finished(A total, int64_t) { return total; }
};

// -- along: the elements of one result

constexpr int64_t BLOCK = 1024;  // elements; longer lines are halved until they are no longer than this

// In any order; that is the compiler's business. `step` is a type where the compiler should know its value.
template <class Op, class A, class T, class Stride> A combined_integers(const T* x, int64_t count, Stride step) {
    A total = Op::template identity<A>();
    for (int64_t i = 0; i < count; ++i) total = Op::combine(total, static_cast<A>(x[i * step]));
    return total;
}

// Fewer than a round of lanes.
template <class Op, class A, class T, class Stride> A combined_few(const T* x, int64_t count, Stride step) {
    A a = Op::template identity<A>(), b = a, c = a, d = a;
    int64_t i = 0;
    for (; i + 4 <= count; i += 4) {
        a = Op::combine(a, static_cast<A>(x[i * step]));
        b = Op::combine(b, static_cast<A>(x[(i + 1) * step]));
        c = Op::combine(c, static_cast<A>(x[(i + 2) * step]));
        d = Op::combine(d, static_cast<A>(x[(i + 3) * step]));
    }
    for (; i < count; ++i) a = Op::combine(a, static_cast<A>(x[i * step]));
    return Op::combine(Op::combine(a, b), Op::combine(c, d));
}

// At most BLOCK elements.
template <class Op, class A, class T, class Stride> A combined_block(const T* x, int64_t count, Stride step) {
    constexpr int64_t LANES = 128 / sizeof(A);
    if (count < LANES) return combined_few<Op, A>(x, count, step);
    A lanes[LANES];
    for (int64_t lane = 0; lane < LANES; ++lane) lanes[lane] = Op::template identity<A>();
    for (; count >= LANES; count -= LANES, x += LANES * step) {
        for (int64_t lane = 0; lane < LANES; ++lane)
            lanes[lane] = Op::combine(lanes[lane], static_cast<A>(x[lane * step]));
    }
    for (int64_t lane = 0; lane < count; ++lane) lanes[lane] = Op::combine(lanes[lane], static_cast<A>(x[lane * step]));
    for (int64_t half = LANES / 2; half > 0; half /= 2) {
        for (int64_t lane = 0; lane < half; ++lane) lanes[lane] = Op::combine(lanes[lane], lanes[lane + half]);
    }
    return lanes[0];
}

// Halved, so that the error of a sum grows with the logarithm of the number of blocks.
template <class Op, class A, class T, class Stride> A combined(const T* x, int64_t count, Stride step) {
    if constexpr (std::is_integral_v<A>) return combined_integers<Op, A>(x, count, step);
    if (count <= BLOCK) return combined_block<Op, A>(x, count, step);
    const int64_t blocks = (count + BLOCK - 1) / BLOCK, first = blocks / 2 * BLOCK;
    return Op::combine(combined<Op, A>(x, first, step), combined<Op, A>(x + first * step, count - first, step));
}

// -- the plan: the axes that are kept and those that are reduced, each joined where they follow each other as one

struct Axis {
    int64_t extent, stride;
};

using Axes = std::vector<Axis>;

void append(Axes& axes, const Axis& inner) {
    if (inner.extent == 1) return;
    if (!axes.empty() && axes.back().stride == inner.stride * inner.extent) {
        axes.back() = {axes.back().extent * inner.extent, inner.stride};
    } else {
        axes.push_back(inner);
    }
}

Axis last_of(Axes& axes) {
    if (axes.empty()) return {1, 0};
    const Axis last = axes.back();
    axes.pop_back();
    return last;
}

struct Plan {
    Axes kept, reduced;            // all but the innermost of each
    Axis last_kept, last_reduced;  // extent 1 where there is none
    int64_t count = 1;             // of elements that make one result

    Plan(const Array& x, const Shape& axes) {
        for (size_t axis = 0; axis < x.shape.size(); ++axis) {
            const bool reduces = std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) != axes.end();
            append(reduces ? reduced : kept, {x.shape[axis], x.strides[axis]});
            if (reduces) count *= x.shape[axis];
        }
        last_kept = last_of(kept);
        last_reduced = last_of(reduced);
    }

    // The place in x of the first element of a result. Divisions are slow; most plans need none.
    int64_t start(int64_t result) const {
        if (kept.empty()) return result * last_kept.stride;
        int64_t place = result % last_kept.extent * last_kept.stride;
        result /= last_kept.extent;
        for (size_t i = kept.size(); i-- > 0; result /= kept[i].extent)
            place += result % kept[i].extent * kept[i].stride;
        return place;
    }

    // f of the place, from a start, of each line along the innermost reduced axis.
    template <class F> void for_each_line(F f) const { descend(0, 0, f); }

private:
    template <class F> void descend(size_t axis, int64_t place, F& f) const {
        if (axis == reduced.size()) return f(place);
        for (int64_t i = 0; i < reduced[axis].extent; ++i) descend(axis + 1, place + i * reduced[axis].stride, f);
    }
};

// -- steps over results; results are stored as T

using SharedPlan = std::shared_ptr<const Plan>;

template <class Op, class T> struct Along {
    using A = typename Op::template Types<T>::Along;
    const T* x;
    T* out;
    SharedPlan plan;

    void run(int64_t begin, int64_t end) const {
        plan->last_reduced.stride == 1 ? run_with(begin, end, std::integral_constant<int64_t, 1>{})
                                       : run_with(begin, end, plan->last_reduced.stride);
    }

    template <class Stride> void run_with(int64_t begin, int64_t end, Stride step) const {
        const int64_t count = plan->count, length = plan->last_reduced.extent;
        if (plan->reduced.empty()) {
            for (int64_t i = begin; i < end; ++i) {
                out[i] = static_cast<T>(Op::finished(combined<Op, A>(x + plan->start(i), length, step), count));
            }
            return;
        }
        for (int64_t i = begin; i < end; ++i) {
            const T* first = x + plan->start(i);
            A total = Op::template identity<A>();
            plan->for_each_line(
                [&](int64_t place) { total = Op::combine(total, combined<Op, A>(first + place, length, step)); });
            out[i] = static_cast<T>(Op::finished(total, count));
        }
    }
};

template <class Op, class T> struct Across {
    using A = typename Op::template Types<T>::Across;
    static constexpr int64_t WIDEST = 1024, WIDE = 64, NARROW = 16, FEW = 24;
    const T* x;
    T* out;
    SharedPlan plan;

    void run(int64_t begin, int64_t end) const {
        while (begin < end) {
            const int64_t extent = plan->last_kept.extent, column = plan->kept.empty() ? begin : begin % extent;
            const int64_t width = std::min({end - begin, extent - column, WIDEST});
            columns(x + plan->start(begin), out + begin, width);
            begin += width;
        }
    }

    void columns(const T* first, T* results, int64_t width) const {
        A totals[WIDEST];
        for (int64_t j = 0; j < width; ++j) totals[j] = Op::template identity<A>();
        const int64_t rows = plan->last_reduced.extent, step = plan->last_reduced.stride;
        plan->for_each_line([&](int64_t place) { add_rows(totals, first + place, rows, step, width); });
        for (int64_t j = 0; j < width; ++j) results[j] = static_cast<T>(Op::finished(totals[j], plan->count));
    }

    // Columns in bundles, whose totals stay in registers while rows go by. Of wide rows only some go by at a time, so
    // that memory is read along the rows.
    static void add_rows(A* totals, const T* x, int64_t rows, int64_t step, int64_t width) {
        const int64_t at_a_time = width > 2 * WIDE ? 8 : rows;
        for (int64_t first = 0; first < rows; first += at_a_time, x += at_a_time * step) {
            const int64_t some = std::min(at_a_time, rows - first);
            int64_t done = 0;
            for (; done + WIDE <= width; done += WIDE) add_bundle<WIDE>(totals + done, x + done, some, step);
            for (; done + NARROW <= width; done += NARROW) add_bundle<NARROW>(totals + done, x + done, some, step);
            if (done == width) continue;
            const int64_t rest = width - done;
            const bool one_bundle = (rest & (rest - 1)) == 0;
            if (some <= FEW || one_bundle) add_few(totals + done, x + done, some, step, rest);
            else add_remainder(totals + done, x + done, some, step, rest);
        }
    }

    // Bundles of 8, 4, 2 and 1 columns: for few rows, going over them again costs less than a reach into the next row.
    template <int64_t WIDTH = NARROW / 2>
    static void add_few(A* totals, const T* x, int64_t rows, int64_t step, int64_t width) {
        if (width & WIDTH) {
            add_bundle<WIDTH>(totals, x, rows, step);
            totals += WIDTH;
            x += WIDTH;
        }
        if constexpr (WIDTH > 1) add_few<WIDTH / 2>(totals, x, rows, step, width);
    }

    template <int64_t WIDTH> static void add_bundle(A* totals, const T* x, int64_t rows, int64_t step) {
        A kept[WIDTH];
        for (int64_t j = 0; j < WIDTH; ++j) kept[j] = totals[j];
        for (int64_t i = 0; i < rows; ++i, x += step) {
#pragma GCC unroll 1  // unrolled too early, it is not made of vectors any more
            for (int64_t j = 0; j < WIDTH; ++j) kept[j] = Op::combine(kept[j], static_cast<A>(x[j]));
        }
        for (int64_t j = 0; j < WIDTH; ++j) totals[j] = kept[j];
    }

    // A narrow bundle reaches into the next row, and what it finds there is dropped; the last rows are added singly.
    static void add_remainder(A* totals, const T* x, int64_t rows, int64_t step, int64_t width) {
        const int64_t single = step > 0 ? std::min(rows, (NARROW - width + step - 1) / step) : rows;
        if (rows > single) {
            A kept[NARROW] = {};
            std::copy(totals, totals + width, kept);
            add_bundle<NARROW>(kept, x, rows - single, step);
            std::copy(kept, kept + width, totals);
        }
        x += (rows - single) * step;
        for (int64_t j = 0; j < width; ++j) {
            A total = totals[j];
            for (int64_t i = 0; i < single; ++i) total = Op::combine(total, static_cast<A>(x[i * step + j]));
            totals[j] = total;
        }
    }
};

// `per_row` results make a row of the step.
template <class Work> Step step_of(const Work& work, int64_t rows, int64_t per_row) {
    return over_rows(rows, [work, per_row](int64_t begin, int64_t end) { work.run(begin * per_row, end * per_row); });
}

template <class T, class Op> Step bound(const Array& x, const Array& out, const SharedPlan& plan, int64_t rows) {
    const int64_t per_row = rows == 0 ? 0 : out.count() / rows;
    const bool across = plan->last_kept.stride == 1 && plan->last_kept.extent > 1;
    if (across) return step_of(Across<Op, T>{x.as<T>(), out.as<T>(), plan}, rows, per_row);
    return step_of(Along<Op, T>{x.as<T>(), out.as<T>(), plan}, rows, per_row);
}

template <class Op, class F> Step dispatch_types(DType dtype, F&& f) {
    if constexpr (std::is_same_v<Op, Any> || std::is_same_v<Op, All>) return f(Tag<uint8_t>{});
    else if constexpr (std::is_same_v<Op, Mean>) return dispatch_floats(dtype, f);
    else return dispatch_numbers(dtype, f);
}

template <class Op> Step reduction(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder&) {
    const Array &x = inputs[0], &out = outputs[0];
    const Shape& axes = attributes.integers("axis");
    const auto plan = std::make_shared<const Plan>(x, axes);
    const bool keeps_rows = x.rank() > 0 && out.rank() > 0 && (axes.empty() || axes[0] != 0);
    const int64_t rows = keeps_rows ? out.shape[0] : out.count();
    Step step = dispatch_types<Op>(
        x.dtype, [&](auto tag) { return bound<typename decltype(tag)::type, Op>(x, out, plan, rows); });
    step.costing(8.0 + static_cast<double>(out.count()) + 0.1 * static_cast<double>(x.count()));
    return keeps_rows ? step.along_rows(1) : step;
}

}  // namespace

KernelTable reductions_table() {
    return {
        {"sum", reduction<Sum>},     {"prod", reduction<Product>}, {"mean", reduction<Mean>},
        {"max", reduction<Maximum>}, {"min", reduction<Minimum>},  {"any", reduction<Any>},
        {"all", reduction<All>},
    };
}

}  // namespace flintglass
