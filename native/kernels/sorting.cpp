// Sorted values, the positions that sort them, and the positions of the best.
#include <algorithm>
#include <utility>

#include "tables.h"

namespace flintglass {

namespace {

template <class T> bool is_nan(T value) {
    if constexpr (std::is_integral_v<T>) return false;
    else return value != value;
}

// A packed array as [outer, extent, inner]: lines along the middle, whose elements are `inner` apart.
struct Lines {
    int64_t outer, extent, inner;

    int64_t count() const { return outer * inner; }
    int64_t start(int64_t line) const {
        if (inner == 1) return line * extent;  // divisions are slow
        return line / inner * extent * inner + line % inner;
    }
};

Lines lines_of(const Array& x, int64_t axis) {
    const auto at = x.shape.begin() + axis;
    return {count_of(Shape(x.shape.begin(), at)), *at, count_of(Shape(at + 1, x.shape.end()))};
}

// The step of f(begin, end) over lines: by rows, where a line lies within one row of the first axis.
template <class F> Step over_lines(const Lines& lines, const Array& x, int64_t axis, double cost, F f) {
    if (axis == 0) return over_rows(lines.inner, f).costing(cost);
    const int64_t rows = x.shape[0], per_row = rows == 0 ? 0 : lines.count() / rows;
    Step step = over_rows(rows, [f, per_row](int64_t begin, int64_t end) { f(begin * per_row, end * per_row); });
    return step.costing(cost).along_rows(1);
}

double cost_of_sorting(const Lines& lines) {
    double rounds = 1.0;
    for (int64_t size = lines.extent; size > 1; size /= 2) rounds += 1.0;
    return 20.0 + 2.0 * rounds * static_cast<double>(lines.count() * lines.extent);
}

// -- keys: unsigned numbers in the order of the values, sorted digit by digit where there are many

template <class T>
using Key = std::conditional_t<
    sizeof(T) == 1, uint8_t,
    std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;

// Orders -0.0 before 0.0; nan is in no order.
template <class T> Key<T> key_of(T value) {
    constexpr auto SIGN = static_cast<Key<T>>(Key<T>{1} << (8 * sizeof(T) - 1));
    Key<T> bits;
    std::memcpy(&bits, &value, sizeof(T));
    if constexpr (std::is_unsigned_v<T>) return bits;
    else if constexpr (std::is_integral_v<T>) return bits ^ SIGN;
    else return bits & SIGN ? static_cast<Key<T>>(~bits) : static_cast<Key<T>>(bits | SIGN);
}

constexpr int64_t MANY = 512;  // from here on digits are faster than comparisons

// Stable. `spare` has room for as many items; `key` gives an unsigned number.
template <class Item, class F> void sort_by_digits(Item* items, Item* spare, int64_t count, F key) {
    using Number = decltype(key(*items));
    constexpr int64_t DIGITS = sizeof(Number), VALUES = 256;
    auto digit_of = [key](const Item& item, int64_t digit) { return static_cast<uint8_t>(key(item) >> (8 * digit)); };
    int64_t counts[DIGITS][VALUES] = {};
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t digit = 0; digit < DIGITS; ++digit) ++counts[digit][digit_of(items[i], digit)];
    }
    Item *from = items, *to = spare;
    for (int64_t digit = 0; digit < DIGITS; ++digit) {
        int64_t* places = counts[digit];
        if (places[digit_of(from[0], digit)] == count) continue;  // it is the same everywhere
        int64_t place = 0;
        for (int64_t value = 0; value < VALUES; ++value) place += std::exchange(places[value], place);
        for (int64_t i = 0; i < count; ++i) to[places[digit_of(from[i], digit)]++] = from[i];
        std::swap(from, to);
    }
    if (from != items) std::copy(from, from + count, items);
}

// -- sort

template <class T> void sort_values(T* values, T* spare, int64_t count) {
    // nan comes last: numbers alone have an order.
    T* numbers_end = std::partition(values, values + count, [](T value) { return !is_nan(value); });
    if (numbers_end - values < MANY) std::sort(values, numbers_end);
    else sort_by_digits(values, spare, numbers_end - values, key_of<T>);
}

template <class T> struct Sorting {
    const T* x;
    T* out;
    Lines lines;

    void run(int64_t begin, int64_t end) const {
        const int64_t extent = lines.extent, step = lines.inner;
        T* values = reinterpret_cast<T*>(thread_scratch(2 * extent * static_cast<int64_t>(sizeof(T))));
        for (int64_t line = begin; line < end; ++line) {
            const T* from = x + lines.start(line);
            T* to = out + lines.start(line);
            if (step == 1) {
                std::copy(from, from + extent, to);
                sort_values(to, values, extent);
            } else {
                for (int64_t k = 0; k < extent; ++k) values[k] = from[k * step];
                sort_values(values, values + extent, extent);
                for (int64_t k = 0; k < extent; ++k) to[k * step] = values[k];
            }
        }
    }
};

Step sort(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array x = binder.packed(inputs[0]), &out = outputs[0];
    const int64_t axis = attributes.integer("axis");
    const Lines lines = lines_of(x, axis);
    return dispatch_numbers(x.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const Sorting<T> work{x.as<T>(), out.as<T>(), lines};
        return over_lines(lines, x, axis, cost_of_sorting(lines),
                          [work](int64_t begin, int64_t end) { work.run(begin, end); });
    });
}

// -- argsort and top_k: values with their positions, which decide between equal ones

template <class T> struct Ranked {
    T value;
    int32_t position;
};

template <class T> struct Ascending {
    bool operator()(const Ranked<T>& a, const Ranked<T>& b) const {
        if (a.value < b.value) return true;
        if (b.value < a.value) return false;
        if (is_nan(a.value) != is_nan(b.value)) return is_nan(b.value);
        return a.position < b.position;
    }
};

template <class T> struct Descending {
    bool operator()(const Ranked<T>& a, const Ranked<T>& b) const {
        if (b.value < a.value) return true;
        if (a.value < b.value) return false;
        if (is_nan(a.value) != is_nan(b.value)) return is_nan(a.value);
        return a.position < b.position;
    }
};

// The key of a rank: nan is above everything, and the zeros are equal.
template <class T> Key<T> key_of_ranked(const Ranked<T>& item) {
    if (is_nan(item.value)) return static_cast<Key<T>>(~Key<T>{0});
    return key_of(item.value == T(0) ? T(0) : item.value);
}

// In memory of the thread, with room for as many behind them.
template <class T> Ranked<T>* ranked(const T* line, int64_t extent, int64_t stride) {
    auto* all = reinterpret_cast<Ranked<T>*>(thread_scratch(2 * extent * static_cast<int64_t>(sizeof(Ranked<T>))));
    for (int64_t k = 0; k < extent; ++k) all[k] = {line[k * stride], static_cast<int32_t>(k)};
    return all;
}

// Positions are stored as int32 or as int64.
struct PositionArray {
    char* data;
    bool wide;

    explicit PositionArray(const Array& out) : data(out.data), wide(out.dtype == DType::Int64) {}

    void put(int64_t place, int32_t position) const {
        if (wide) reinterpret_cast<int64_t*>(data)[place] = position;
        else reinterpret_cast<int32_t*>(data)[place] = position;
    }
};

template <class T> struct ArgSorting {
    const T* x;
    PositionArray out;
    Lines lines;

    void run(int64_t begin, int64_t end) const {
        for (int64_t line = begin; line < end; ++line) {
            const int64_t start = lines.start(line);
            Ranked<T>* all = ranked(x + start, lines.extent, lines.inner);
            if (lines.extent < MANY) std::sort(all, all + lines.extent, Ascending<T>{});
            else sort_by_digits(all, all + lines.extent, lines.extent, key_of_ranked<T>);
            for (int64_t k = 0; k < lines.extent; ++k) out.put(start + k * lines.inner, all[k].position);
        }
    }
};

Step argsort(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array x = binder.packed(inputs[0]), &out = outputs[0];
    const int64_t axis = attributes.integer("axis");
    const Lines lines = lines_of(x, axis);
    return dispatch_numbers(x.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const ArgSorting<T> work{x.as<T>(), PositionArray(out), lines};
        const double cost = 1.5 * cost_of_sorting(lines);
        return over_lines(lines, x, axis, cost, [work](int64_t begin, int64_t end) { work.run(begin, end); });
    });
}

template <class T> struct Choosing {
    const T* x;
    T* values;
    PositionArray positions;
    int64_t extent, chosen;

    void run(int64_t begin, int64_t end) const {
        for (int64_t line = begin; line < end; ++line) {
            Ranked<T>* all = ranked(x + line * extent, extent, 1);
            std::partial_sort(all, all + chosen, all + extent, Descending<T>{});
            for (int64_t k = 0; k < chosen; ++k) {
                values[line * chosen + k] = all[k].value;
                positions.put(line * chosen + k, all[k].position);
            }
        }
    }
};

Step top_k(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array x = binder.packed(inputs[0]), &values = outputs[0], &positions = outputs[1];
    const int64_t chosen = attributes.integer("k"), axis = x.rank() - 1;
    const Lines lines = lines_of(x, axis);
    const double cost = 20.0 + 4.0 * static_cast<double>(x.count() + 4 * values.count());
    return dispatch_numbers(x.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const Choosing<T> work{x.as<T>(), values.as<T>(), PositionArray(positions), lines.extent, chosen};
        return over_lines(lines, x, axis, cost, [work](int64_t begin, int64_t end) { work.run(begin, end); });
    });
}

// -- argmax and argmin

// beats: x comes before the best so far, because it is better or the first nan. best_of: nan wins.
struct Larger {
    template <class T> static bool beats(T x, T best) { return !(x <= best) & !is_nan(best); }
    template <class T> static T best_of(T a, T b) { return !(a <= b) & !is_nan(b) ? a : b; }
};

struct Smaller {
    template <class T> static bool beats(T x, T best) { return !(x >= best) & !is_nan(best); }
    template <class T> static T best_of(T a, T b) { return !(a >= b) & !is_nan(b) ? a : b; }
};

// Where the first element is that is wanted; there is one. Looked for in blocks, each without a branch.
template <class T, class F> int32_t first_of(const T* x, int64_t extent, F wanted) {
    constexpr int64_t BLOCK = 32;
    int64_t k = 0;
    for (; k + BLOCK <= extent; k += BLOCK) {
        int32_t found = 0;
        for (int64_t i = 0; i < BLOCK; ++i) found += wanted(x[k + i]);
        if (found) break;
    }
    while (!wanted(x[k])) ++k;
    return static_cast<int32_t>(k);
}

// Two passes that are made of vectors: what the best is, and where it is.
template <class Better, class T> int32_t position_in_line(const T* x, int64_t extent) {
    constexpr int64_t LANES = 128 / sizeof(T);
    T lanes[LANES];
    std::fill(lanes, lanes + LANES, x[0]);
    int64_t k = 0;
    for (; k + LANES <= extent; k += LANES) {
        for (int64_t i = 0; i < LANES; ++i) lanes[i] = Better::best_of(lanes[i], x[k + i]);
    }
    for (; k < extent; ++k) lanes[0] = Better::best_of(lanes[0], x[k]);
    for (int64_t half = LANES / 2; half > 0; half /= 2) {
        for (int64_t i = 0; i < half; ++i) lanes[i] = Better::best_of(lanes[i], lanes[i + half]);
    }
    const T best = lanes[0];
    if (is_nan(best)) return first_of(x, extent, is_nan<T>);
    return first_of(x, extent, [best](T value) { return value == best; });
}

constexpr int64_t SIDE_BY_SIDE = 64;

// Lines side by side: place k of line j is x[k * along + j * beside].
template <class Better, class T>
void positions_side_by_side(const T* x, int64_t extent, int64_t along, int64_t beside, int64_t count,
                            int32_t* positions) {
    T best[SIDE_BY_SIDE];
    for (int64_t j = 0; j < count; ++j) {
        best[j] = x[j * beside];
        positions[j] = 0;
    }
    for (int64_t k = 1; k < extent; ++k) {
        x += along;
        for (int64_t j = 0; j < count; ++j) {
            const T value = x[j * beside];
            const bool beats = Better::beats(value, best[j]);
            best[j] = beats ? value : best[j];
            positions[j] = beats ? static_cast<int32_t>(k) : positions[j];
        }
    }
}

template <class Better, class T> struct FindingBest {
    static constexpr int64_t LONG = 32;  // from here on a line is worth vectors of its own
    const T* x;
    PositionArray out;
    Lines lines;

    void run(int64_t begin, int64_t end) const {
        if (lines.inner == 1 && lines.extent >= LONG) {
            for (int64_t i = begin; i < end; ++i)
                out.put(i, position_in_line<Better>(x + i * lines.extent, lines.extent));
            return;
        }
        int32_t positions[SIDE_BY_SIDE];
        while (begin < end) {
            const int64_t neighbours = lines.inner == 1 ? end - begin : lines.inner - begin % lines.inner;
            const int64_t count = std::min({end - begin, neighbours, SIDE_BY_SIDE});
            const T* first = x + lines.start(begin);
            if (lines.inner == 1)
                positions_side_by_side<Better>(first, lines.extent, 1, lines.extent, count, positions);
            else positions_side_by_side<Better>(first, lines.extent, lines.inner, 1, count, positions);
            for (int64_t j = 0; j < count; ++j) out.put(begin + j, positions[j]);
            begin += count;
        }
    }
};

template <class Better>
Step position_of_best(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array x = binder.packed(inputs[0]), &out = outputs[0];
    const int64_t axis = attributes.integer("axis");
    const Lines lines = lines_of(x, axis);
    const double cost = 10.0 + 0.4 * static_cast<double>(x.count());
    return dispatch_numbers(x.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const FindingBest<Better, T> work{x.as<T>(), PositionArray(out), lines};
        return over_lines(lines, x, axis, cost, [work](int64_t begin, int64_t end) { work.run(begin, end); });
    });
}

}  // namespace

KernelTable sorting_table() {
    return {
        {"sort", sort},
        {"argsort", argsort},
        {"argmax", position_of_best<Larger>},
        {"argmin", position_of_best<Smaller>},
        {"top_k", top_k},
    };
}

}  // namespace flintglass
