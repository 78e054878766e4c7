// gather and scatter_add: elements chosen, and added to, by indices that are all checked before any is used.
#include "tables.h"

namespace flintglass {

namespace {

// How the arrays lie, all packed: x as [shared, between, extent, after], the indices as [shared, places], and what is
// gathered as [shared, between, places, after].
struct Layout {
    int64_t shared = 1, between = 1, extent = 1, after = 1, places = 1;
};

int64_t count_between(const Shape& shape, int64_t begin, int64_t end) {
    return count_of(Shape(shape.begin() + begin, shape.begin() + end));
}

Layout layout_of(const Array& x, const Array& indices, int64_t axis, int64_t batch) {
    return {count_between(x.shape, 0, batch), count_between(x.shape, batch, axis), x.shape[static_cast<size_t>(axis)],
            count_between(x.shape, axis + 1, x.rank()), count_between(indices.shape, batch, indices.rank())};
}

// A part of the work: ranges of the first axes of the layout.
struct Part {
    int64_t shared_begin, shared_end, between_begin, between_end, place_begin, place_end;
};

// How rows [begin, end) of the first axis of what is gathered become a part.
struct Splitting {
    Layout layout;
    enum { Shared, Between, Places, Nothing } split = Nothing;
    int64_t per_row = 1;  // positions of the split axis of the layout

    Part part(int64_t begin, int64_t end) const {
        Part whole{0, layout.shared, 0, layout.between, 0, layout.places};
        if (split == Shared) whole.shared_begin = begin * per_row, whole.shared_end = end * per_row;
        if (split == Between) whole.between_begin = begin * per_row, whole.between_end = end * per_row;
        if (split == Places) whole.place_begin = begin * per_row, whole.place_end = end * per_row;
        return whole;
    }
};

// `result` is what the rows are those of; without elements there are none, but indices to be checked there may be.
Splitting splitting_of(const Layout& layout, const Shape& result, int64_t axis, int64_t batch) {
    if (result.empty() || count_of(result) == 0) return {layout, Splitting::Nothing, 1};
    if (batch > 0) return {layout, Splitting::Shared, layout.shared / result[0]};
    if (axis > 0) return {layout, Splitting::Between, layout.between / result[0]};
    return {layout, Splitting::Places, layout.places / result[0]};
}

// -- the check

// Which index is the first bad one, and where: what an error says.
template <class Index> struct Checked {
    const char* place;
    const Index* indices;
    Shape shape;
    int64_t extent, row;  // row: indices that belong to one position of the shared axes

    static bool is_bad(Index index, int64_t extent) {
        return static_cast<uint64_t>(index) >= static_cast<uint64_t>(extent);  // a negative one is a large one
    }

    void check(const Part& part) const {
        for (int64_t i = part.shared_begin; i < part.shared_end; ++i) {
            check_range(i * row + part.place_begin, i * row + part.place_end);
        }
    }

    void check_range(int64_t begin, int64_t end) const {
        int64_t bad = 0;
        for (int64_t i = begin; i < end; ++i) bad += is_bad(indices[i], extent);
        if (bad == 0) return;
        while (!is_bad(indices[begin], extent)) ++begin;
        refuse(begin);
    }

    [[noreturn]] void refuse(int64_t bad) const {
        std::string position;
        int64_t rest = bad;
        for (size_t axis = shape.size(); axis-- > 0; rest /= shape[axis]) {
            const std::string number = std::to_string(rest % shape[axis]);
            position = position.empty() ? number + (shape.size() == 1 ? "," : "") : number + ", " + position;
        }
        const std::string allowed =
            extent == 0 ? "is outside an axis without elements" : "is outside 0.." + std::to_string(extent - 1);
        throw IndexOutOfRange(std::string(place) + ": index " + std::to_string(indices[bad]) + " at position (" +
                              position + ") " + allowed);
    }
};

template <class Index>
Checked<Index> checking(const char* place, const Array& indices, const Layout& layout) {
    return {place, indices.as<Index>(), indices.shape, layout.extent, layout.places};
}

// -- gather

// What an index chooses: `bytes` bytes, or one T where the size is known.
struct Bytes {};

template <class Piece> void copy_piece(char* to, const char* from, int64_t bytes) {
    if constexpr (std::is_same_v<Piece, Bytes>) std::memcpy(to, from, static_cast<size_t>(bytes));
    else std::memcpy(to, from, sizeof(Piece));
}

template <class Piece, class Index> struct Gathering {
    Checked<Index> indices;
    const char* x;
    char* out;
    Splitting splitting;
    int64_t bytes;  // of a piece

    void run(int64_t begin, int64_t end) const {
        const Part part = splitting.part(begin, end);
        indices.check(part);
        const Layout& layout = splitting.layout;
        if (layout.between == 1 && layout.places == 1) return one_of_each(part);
        for (int64_t s = part.shared_begin; s < part.shared_end; ++s) {
            const Index* chosen = indices.indices + s * layout.places;
            for (int64_t b = part.between_begin; b < part.between_end; ++b) {
                const int64_t line = s * layout.between + b;
                const char* from = x + line * layout.extent * bytes;
                char* to = out + line * layout.places * bytes;
                for (int64_t p = part.place_begin; p < part.place_end; ++p) {
                    copy_piece<Piece>(to + p * bytes, from + static_cast<int64_t>(chosen[p]) * bytes, bytes);
                }
            }
        }
    }

    void one_of_each(const Part& part) const {
        const int64_t extent = splitting.layout.extent;
        for (int64_t s = part.shared_begin; s < part.shared_end; ++s) {
            const int64_t from = s * extent + static_cast<int64_t>(indices.indices[s]);
            copy_piece<Piece>(out + s * bytes, x + from * bytes, bytes);
        }
    }
};

// f is given the type of a piece: an integer where a piece has its size.
template <class F> Step dispatch_pieces(int64_t bytes, F&& f) {
    switch (bytes) {
        case 1: return f(Tag<uint8_t>{});
        case 2: return f(Tag<uint16_t>{});
        case 4: return f(Tag<uint32_t>{});
        case 8: return f(Tag<uint64_t>{});
        default: return f(Tag<Bytes>{});
    }
}

// The step of a callable with run(begin, end). inputs: those of which row i reads row i alone.
template <class Work> Step step_of(const Work& work, const Splitting& splitting, int64_t rows, uint64_t inputs, double cost) {
    if (splitting.split == Splitting::Nothing) {
        return whole([work] { work.run(0, 1); }).costing(cost);
    }
    Step step = over_rows(rows, [work](int64_t begin, int64_t end) { work.run(begin, end); });
    return step.costing(cost).along_rows(inputs);
}

Step gather(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array x = binder.packed(inputs[0]), indices = binder.packed(inputs[1]), &out = outputs[0];
    const int64_t axis = attributes.integer("axis"), batch = attributes.integer("batch", 0);
    const Layout layout = layout_of(x, indices, axis, batch);
    Splitting splitting = splitting_of(layout, out.shape, axis, batch);
    if (axis == 0 && indices.rank() == 0) splitting.split = Splitting::Nothing;  // the rows are not those of the indices
    // Along the first axis, row i needs its indices and any row of x; along a later one, the opposite.
    const uint64_t row_inputs = batch > 0 ? 0b11 : axis > 0 ? 0b01 : 0b10;
    const int64_t rows = out.rank() > 0 ? out.shape[0] : 1, bytes = layout.after * bytes_of(x.dtype);
    const double pieces = static_cast<double>(layout.shared * layout.between * layout.places);
    const double cost = 10.0 + 1.5 * pieces + 0.1 * static_cast<double>(out.bytes());
    return dispatch_integers(indices.dtype, [&](auto index) {
        using Index = typename decltype(index)::type;
        return dispatch_pieces(bytes, [&](auto piece) {
            using Piece = typename decltype(piece)::type;
            const Gathering<Piece, Index> work{checking<Index>("gather", indices, layout), x.data, out.data, splitting, bytes};
            return step_of(work, splitting, rows, row_inputs, cost);
        });
    });
}

// -- scatter_add

Array rows_of(Array array, int64_t begin, int64_t end) {
    array.data += begin * array.strides[0] * bytes_of(array.dtype);
    array.shape[0] = end - begin;
    return array;
}

// Integers wrap.
template <class T> T added(T a, T b) {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    else return a + b;
}

template <class T, class Index> struct Scattering {
    Checked<Index> indices;
    Array x, out;
    const T* updates;
    Splitting splitting;

    void run(int64_t begin, int64_t end) const {
        const Part part = splitting.part(begin, end);
        indices.check(part);
        const bool everything = splitting.split == Splitting::Nothing || end - begin == out.shape[0];
        if (everything) copy(x, out);
        else copy(rows_of(x, begin, end), rows_of(out, begin, end));
        const Layout& layout = splitting.layout;
        for (int64_t s = part.shared_begin; s < part.shared_end; ++s) {
            const Index* chosen = indices.indices + s * layout.places;
            for (int64_t b = part.between_begin; b < part.between_end; ++b) {
                const int64_t line = s * layout.between + b;
                T* to = out.as<T>() + line * layout.extent * layout.after;
                const T* from = updates + line * layout.places * layout.after;
                add_line(to, from, chosen, layout);
            }
        }
    }

    static void add_line(T* to, const T* from, const Index* chosen, const Layout& layout) {
        for (int64_t p = 0; p < layout.places; ++p, from += layout.after) {
            T* target = to + static_cast<int64_t>(chosen[p]) * layout.after;
            for (int64_t a = 0; a < layout.after; ++a) target[a] = added(target[a], from[a]);
        }
    }
};

Step scatter_add(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array &x = inputs[0], &out = outputs[0];
    const Array indices = binder.packed(inputs[1]), updates = binder.packed(inputs[2]);
    const int64_t axis = attributes.integer("axis"), batch = attributes.integer("batch", 0);
    const Layout layout = layout_of(x, indices, axis, batch);
    Splitting splitting = splitting_of(layout, out.shape, axis, batch);
    if (axis == 0) splitting.split = Splitting::Nothing;  // any update may go to any row
    const uint64_t row_inputs = batch > 0 ? 0b111 : 0b101;
    const double pieces = static_cast<double>(layout.shared * layout.between * layout.places);
    const double cost = 15.0 + pieces * (1.5 + 0.3 * static_cast<double>(layout.after)) + 0.2 * static_cast<double>(out.count());
    return dispatch_integers(indices.dtype, [&](auto index) {
        using Index = typename decltype(index)::type;
        return dispatch_numbers(out.dtype, [&](auto tag) {
            using T = typename decltype(tag)::type;
            const auto checked = checking<Index>("scatter_add", indices, layout);
            const Scattering<T, Index> work{checked, x, out, updates.as<T>(), splitting};
            return step_of(work, splitting, out.rank() > 0 ? out.shape[0] : 1, row_inputs, cost);
        });
    });
}

}  // namespace

KernelTable indexing_table() { return {{"gather", gather}, {"scatter_add", scatter_add}}; }

}  // namespace flintglass
