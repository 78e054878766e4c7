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

// The indices of a line. Those of a part are brought to one type, and checked, before anything is written.
struct Indices {
    const char* place;
    Array array;
    int64_t extent;
    void (*widen)(const char* from, int64_t begin, int64_t end, int64_t* to);

    // Those of a part, in memory of the thread: first those of its first shared position.
    const int64_t* checked(const Part& part, int64_t per_position) const {
        const int64_t count = part.place_end - part.place_begin, positions = part.shared_end - part.shared_begin;
        auto* all = reinterpret_cast<int64_t*>(thread_scratch(count * positions * 8));
        // Neighbours where all places are wanted: then one range is everything.
        const bool together = count == per_position;
        const int64_t ranges = together ? 1 : positions, length = together ? count * positions : count;
        for (int64_t i = 0; i < ranges; ++i) {
            const int64_t first = (part.shared_begin + i) * per_position + part.place_begin;
            widen(array.data, first, first + length, all + i * length);
            check(all + i * length, length, first);
        }
        return all;
    }

private:
    void check(const int64_t* some, int64_t count, int64_t first) const {
        // Seen as unsigned, a negative number is a large one.
        const auto limit = static_cast<uint64_t>(extent);
        int64_t bad = 0;
        for (int64_t i = 0; i < count; ++i) bad += static_cast<uint64_t>(some[i]) >= limit;
        if (bad == 0) return;
        int64_t i = 0;
        while (static_cast<uint64_t>(some[i]) < limit) ++i;
        refuse(some[i], first + i);
    }

    // An error says what NumPy's engine says: the index, and its position as a tuple.
    [[noreturn]] void refuse(int64_t index, int64_t where) const {
        std::string position = array.rank() == 1 ? "," : "";
        for (size_t axis = array.shape.size(); axis-- > 0; where /= array.shape[axis]) {
            const bool last = axis + 1 == array.shape.size();
            position = std::to_string(where % array.shape[axis]) + (last ? "" : ", ") + position;
        }
        const bool is_unsigned = array.dtype == DType::UInt64;
        const std::string number = is_unsigned ? std::to_string(static_cast<uint64_t>(index)) : std::to_string(index);
        const std::string allowed =
            extent == 0 ? "is outside an axis without elements" : "is outside 0.." + std::to_string(extent - 1);
        throw IndexOutOfRange(std::string(place) + ": index " + number + " at position (" + position + ") " + allowed);
    }
};

template <class T> void widen(const char* from, int64_t begin, int64_t end, int64_t* to) {
    const T* indices = reinterpret_cast<const T*>(from) + begin;
    for (int64_t i = 0; i < end - begin; ++i) to[i] = static_cast<int64_t>(indices[i]);
}

Indices indices_of(const char* place, const Array& array, const Layout& layout) {
    return dispatch_integers(array.dtype, [&](auto tag) -> Indices {
        return {place, array, layout.extent, widen<typename decltype(tag)::type>};
    });
}

// -- gather

// What an index chooses: this many bytes, or one T where T has the size.
struct Bytes {};

template <class Piece> void copy_piece(char* to, const char* from, int64_t bytes) {
    if constexpr (std::is_same_v<Piece, Bytes>) std::memcpy(to, from, static_cast<size_t>(bytes));
    else std::memcpy(to, from, sizeof(Piece));
}

// Pieces of a line, one for each place.
template <class Piece>
void gather_line(const char* from, char* to, const int64_t* chosen, int64_t places, int64_t bytes) {
    for (int64_t p = 0; p < places; ++p) copy_piece<Piece>(to + p * bytes, from + chosen[p] * bytes, bytes);
}

// One piece of each line.
template <class Piece>
void gather_one_of_each(const char* from, char* to, const int64_t* chosen, int64_t lines, int64_t extent,
                        int64_t bytes) {
    for (int64_t i = 0; i < lines; ++i) {
        copy_piece<Piece>(to + i * bytes, from + (i * extent + chosen[i]) * bytes, bytes);
    }
}

template <class Piece> struct Gathering {
    Indices indices;
    const char* x;
    char* out;
    Splitting splitting;
    int64_t bytes;  // of a piece

    void run(int64_t begin, int64_t end) const {
        if (begin == end) return;
        const Layout layout = splitting.layout;
        const Part part = splitting.part(begin, end);
        const int64_t* chosen = indices.checked(part, layout.places);
        const int64_t count = part.place_end - part.place_begin, positions = part.shared_end - part.shared_begin;
        const int64_t from_line = layout.extent * bytes, to_line = layout.places * bytes;
        if (layout.between == 1 && layout.places == 1) {
            const char* from = x + part.shared_begin * from_line;
            char* to = out + part.shared_begin * to_line;
            return gather_one_of_each<Piece>(from, to, chosen, positions, layout.extent, bytes);
        }
        for (int64_t s = 0; s < positions; ++s) {
            for (int64_t b = part.between_begin; b < part.between_end; ++b) {
                const int64_t line = (part.shared_begin + s) * layout.between + b;
                char* to = out + line * to_line + part.place_begin * bytes;
                gather_line<Piece>(x + line * from_line, to, chosen + s * count, count, bytes);
            }
        }
    }
};

// f is given the type of a piece: an integer where a piece has its size.
template <class F> Step dispatch_pieces(int64_t bytes, F&& f) {
    const bool known = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
    return known ? dispatch_bytes(bytes, f) : f(Tag<Bytes>{});
}

// The step of a callable with run(begin, end). inputs: those of which row i reads row i alone.
template <class Work>
Step step_of(const Work& work, const Splitting& splitting, int64_t rows, uint64_t inputs, double cost) {
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
    if (axis == 0 && indices.rank() == 0)
        splitting.split = Splitting::Nothing;  // the rows are not those of the indices
    // Along the first axis, row i needs its indices and any row of x; along a later one, the opposite.
    const uint64_t row_inputs = batch > 0 ? 0b11 : axis > 0 ? 0b01 : 0b10;
    const int64_t rows = out.rank() > 0 ? out.shape[0] : 1, bytes = layout.after * bytes_of(x.dtype);
    const double pieces = static_cast<double>(layout.shared * layout.between * layout.places);
    const double cost = 10.0 + 1.5 * pieces + 0.1 * static_cast<double>(out.bytes());
    return dispatch_pieces(bytes, [&](auto piece) {
        using Piece = typename decltype(piece)::type;
        const Gathering<Piece> work{indices_of("gather", indices, layout), x.data, out.data, splitting, bytes};
        return step_of(work, splitting, rows, row_inputs, cost);
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

template <class T> void add_line(T* to, const T* from, const int64_t* chosen, int64_t places, int64_t width) {
    for (int64_t p = 0; p < places; ++p, from += width) {
        T* target = to + chosen[p] * width;
        for (int64_t i = 0; i < width; ++i) target[i] = added(target[i], from[i]);
    }
}

template <class T> struct Scattering {
    Indices indices;
    Array x, out;
    const T* updates;
    Splitting splitting;

    void run(int64_t begin, int64_t end) const {
        if (begin == end) return;
        const Layout layout = splitting.layout;
        const Part part = splitting.part(begin, end);
        const int64_t* chosen = indices.checked(part, layout.places);
        const bool everything = splitting.split == Splitting::Nothing || end - begin == out.shape[0];
        if (everything) copy(x, out);
        else copy(rows_of(x, begin, end), rows_of(out, begin, end));
        for (int64_t s = part.shared_begin; s < part.shared_end; ++s, chosen += layout.places) {
            for (int64_t b = part.between_begin; b < part.between_end; ++b) {
                const int64_t line = s * layout.between + b;
                T* to = out.as<T>() + line * layout.extent * layout.after;
                add_line(to, updates + line * layout.places * layout.after, chosen, layout.places, layout.after);
            }
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
    const double cost =
        15.0 + pieces * (1.5 + 0.3 * static_cast<double>(layout.after)) + 0.2 * static_cast<double>(out.count());
    return dispatch_numbers(out.dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const Scattering<T> work{indices_of("scatter_add", indices, layout), x, out, updates.as<T>(), splitting};
        return step_of(work, splitting, out.rank() > 0 ? out.shape[0] : 1, row_inputs, cost);
    });
}

}  // namespace

KernelTable indexing_table() { return {{"gather", gather}, {"scatter_add", scatter_add}}; }

}  // namespace flintglass
