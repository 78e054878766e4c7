// Elements arranged otherwise: views where strides allow it, else copies.
#include <algorithm>

#include "tables.h"

namespace flintglass {

namespace {

// -- copies: a plan of loops made once, run at every step

// The two innermost loops of a copy. All strides are in elements.
struct Sheet {
    int64_t rows = 1, columns = 1;
    int64_t from_row = 0, from_column = 0, to_row = 0, to_column = 0;
};

using CopySheet = void (*)(const Sheet& sheet, const char* from, char* to);

// A conversion as C does it; from double to half in one rounding.
template <class To, class From> To converted(From value) {
    if constexpr (std::is_same_v<To, From>) {
        return value;
    } else if constexpr (std::is_same_v<To, Half> && std::is_same_v<From, double>) {
        // The float next to the number, its last bit set where something was lost: such a one rounds as the number.
        float near = static_cast<float>(value);
        if (static_cast<double>(near) != value && near - near == 0.0f) {
            uint32_t bits;
            std::memcpy(&bits, &near, 4);
            const bool beyond = (static_cast<double>(near) > value) == (value > 0.0);
            bits = (bits - (beyond ? 1u : 0u)) | 1u;
            std::memcpy(&near, &bits, 4);
        }
        return Half(near);
    } else if constexpr (std::is_same_v<To, Half>) {
        return Half(static_cast<float>(value));
    } else if constexpr (std::is_same_v<From, Half>) {
        return static_cast<To>(static_cast<float>(value));
    } else if constexpr (std::is_same_v<To, bool>) {
        return value != From{};
    } else {
        return static_cast<To>(value);
    }
}

template <class From, class To> void copy_strided(const Sheet& sheet, const char* from, char* to) {
    const From* source = reinterpret_cast<const From*>(from);
    To* target = reinterpret_cast<To*>(to);
    for (int64_t i = 0; i < sheet.rows; ++i, source += sheet.from_row, target += sheet.to_row) {
        for (int64_t j = 0; j < sheet.columns; ++j) {
            target[j * sheet.to_column] = converted<To>(source[j * sheet.from_column]);
        }
    }
}

// The elements of a row follow each other in both arrays.
template <class From, class To> void copy_rows(const Sheet& sheet, const char* from, char* to) {
    const From* source = reinterpret_cast<const From*>(from);
    To* target = reinterpret_cast<To*>(to);
    for (int64_t i = 0; i < sheet.rows; ++i, source += sheet.from_row, target += sheet.to_row) {
        for (int64_t j = 0; j < sheet.columns; ++j) target[j] = converted<To>(source[j]);
    }
}

// One number fills each row.
template <class From, class To> void fill_rows(const Sheet& sheet, const char* from, char* to) {
    const From* source = reinterpret_cast<const From*>(from);
    To* target = reinterpret_cast<To*>(to);
    for (int64_t i = 0; i < sheet.rows; ++i, source += sheet.from_row, target += sheet.to_row) {
        const To value = converted<To>(*source);
        for (int64_t j = 0; j < sheet.columns; ++j) target[j] = value;
    }
}

// Calls f of the corner and the extents of every block of an area.
template <class F> void for_each_block(int64_t rows, int64_t columns, int64_t size, F f) {
    for (int64_t row = 0; row < rows; row += size) {
        for (int64_t column = 0; column < columns; column += size) {
            f(row, column, std::min(size, rows - row), std::min(size, columns - column));
        }
    }
}

// Columns of the source become rows of the target: in blocks of lines of the cache, so that each is fetched once,
// within blocks that need few pages of memory.
template <class T> void copy_transposed(const Sheet& sheet, const char* from, char* to) {
    const T* source = reinterpret_cast<const T*>(from);
    T* target = reinterpret_cast<T*>(to);
    auto copy_block = [&](int64_t row, int64_t column, int64_t rows, int64_t columns) {
        const T* read = source + row * sheet.from_row + column * sheet.from_column;
        T* written = target + row * sheet.to_row + column;
        for (int64_t i = 0; i < rows; ++i, read += sheet.from_row, written += sheet.to_row) {
            for (int64_t j = 0; j < columns; ++j) written[j] = read[j * sheet.from_column];
        }
    };
    for_each_block(sheet.rows, sheet.columns, 64, [&](int64_t row, int64_t column, int64_t rows, int64_t columns) {
        for_each_block(rows, columns, 16, [&](int64_t i, int64_t j, int64_t height, int64_t width) {
            copy_block(row + i, column + j, height, width);
        });
    });
}

// One axis of a copy.
struct Axis {
    int64_t extent, from, to;  // the strides in elements
};

using Axes = std::vector<Axis>;

int64_t size_of(int64_t stride) { return stride < 0 ? -stride : stride; }

// The axes with the longest steps through the target first, and those joined that follow each other as one.
Axes arranged(const Array& src, const Array& dst) {
    Axes axes;
    for (size_t i = 0; i < src.shape.size(); ++i) {
        if (src.shape[i] != 1) axes.push_back({src.shape[i], src.strides[i], dst.strides[i]});
    }
    auto longer = [](const Axis& a, const Axis& b) { return size_of(a.to) > size_of(b.to); };
    if (!std::is_sorted(axes.begin(), axes.end(), longer)) std::stable_sort(axes.begin(), axes.end(), longer);
    size_t kept = 0;
    for (size_t i = 1; i < axes.size(); ++i) {
        Axis &outer = axes[kept], &inner = axes[i];
        if (outer.from == inner.from * inner.extent && outer.to == inner.to * inner.extent) {
            outer = {outer.extent * inner.extent, inner.from, inner.to};
        } else {
            axes[++kept] = inner;
        }
    }
    if (!axes.empty()) axes.resize(kept + 1);
    return axes;
}

class Copying {
public:
    Copying(const Array& src, const Array& dst) : from_(src.data), to_(dst.data) {
        if (dst.count() == 0) {
            copy_sheet_ = [](const Sheet&, const char*, char*) {};
            return;
        }
        outer_ = arranged(src, dst);
        const bool same = src.dtype == dst.dtype;
        const bool transposed = same && bring_source_row_second();
        lay_sheet();
        const int64_t from_size = bytes_of(src.dtype), to_size = bytes_of(dst.dtype);
        for (Axis& axis : outer_) axis = {axis.extent, axis.from * from_size, axis.to * to_size};
        copy_sheet_ = same ? same_type(to_size, transposed) : converting(src.dtype, dst.dtype);
    }

    void run() const { run_from(0, from_, to_); }

private:
    // True where the target's shortest steps are long ones of the source, but some other axis has the shortest there.
    bool bring_source_row_second() {
        if (outer_.size() < 2 || outer_.back().to != 1 || size_of(outer_.back().from) <= 1) return false;
        const size_t last = outer_.size() - 1;
        for (size_t i = 0; i < last; ++i) {
            if (size_of(outer_[i].from) != 1) continue;
            std::rotate(outer_.begin() + static_cast<int64_t>(i), outer_.begin() + static_cast<int64_t>(i) + 1,
                        outer_.begin() + static_cast<int64_t>(last));
            return true;
        }
        return false;
    }

    // The last two axes become the sheet.
    void lay_sheet() {
        if (!outer_.empty()) {
            sheet_.columns = outer_.back().extent;
            sheet_.from_column = outer_.back().from;
            sheet_.to_column = outer_.back().to;
            outer_.pop_back();
        } else {
            sheet_.from_column = sheet_.to_column = 1;
        }
        if (!outer_.empty()) {
            sheet_.rows = outer_.back().extent;
            sheet_.from_row = outer_.back().from;
            sheet_.to_row = outer_.back().to;
            outer_.pop_back();
        }
    }

    // In converting too, the common loops are told apart, so that the compiler can use vectors for them.
    template <class From, class To> CopySheet loops() const {
        if (sheet_.to_column == 1 && sheet_.from_column == 1) return copy_rows<From, To>;
        if (sheet_.to_column == 1 && sheet_.from_column == 0) return fill_rows<From, To>;
        return copy_strided<From, To>;
    }

    CopySheet same_type(int64_t bytes, bool transposed) const {
        return dispatch_bytes(bytes, [&](auto tag) -> CopySheet {
            using T = typename decltype(tag)::type;
            return transposed ? copy_transposed<T> : loops<T, T>();
        });
    }

    CopySheet converting(DType from, DType to) const {
        return dispatch(from, [&](auto source) {
            return dispatch(to, [&](auto target) {
                return loops<typename decltype(source)::type, typename decltype(target)::type>();
            });
        });
    }

    void run_from(size_t axis, const char* from, char* to) const {
        if (axis == outer_.size()) return copy_sheet_(sheet_, from, to);
        const Axis& along = outer_[axis];
        for (int64_t i = 0; i < along.extent; ++i) run_from(axis + 1, from + i * along.from, to + i * along.to);
    }

    const char* from_;
    char* to_;
    CopySheet copy_sheet_ = nullptr;
    Sheet sheet_;
    Axes outer_;  // the axes around the sheet, the strides in bytes
};

// Rows [begin, end) of the first axis.
Array rows_of(Array array, int64_t begin, int64_t end) {
    array.data += begin * array.strides[0] * bytes_of(array.dtype);
    array.shape[0] = end - begin;
    return array;
}

double cost_of_copying(const Array& out) { return 8.0 + 0.15 * static_cast<double>(out.bytes()) / 4.0; }

// A copy that is planned once for all rows, and for some of them when they are asked for.
struct CopyInRows {
    Array src, dst;
    Copying all;

    void run(int64_t begin, int64_t end) const {
        if (end - begin == dst.shape[0]) return all.run();
        if (begin < end) copy(rows_of(src, begin, end), rows_of(dst, begin, end));
    }
};

// The step that fills dst from src, a view of input 0. row_inputs: as in Step.
Step copy_step(const Array& src, const Array& dst, uint64_t row_inputs) {
    const double cost = cost_of_copying(dst);
    if (dst.rank() == 0 || dst.count() == 0) {
        return whole([copying = Copying(src, dst)] { copying.run(); }).costing(cost);
    }
    Step step = over_rows(dst.shape[0], [rows = CopyInRows{src, dst, Copying(src, dst)}](int64_t begin, int64_t end) {
        rows.run(begin, end);
    });
    return step.costing(cost).along_rows(row_inputs);
}

// -- views

bool broadcast_view(const Array& input, const Attributes&, const Shape& shape, DType, Array& output) {
    const size_t added = shape.size() - input.shape.size();
    Shape strides(shape.size(), 0);
    for (size_t axis = added; axis < shape.size(); ++axis) {
        if (input.shape[axis - added] != 1) strides[axis] = input.strides[axis - added];
    }
    output = Array(input.data, input.dtype, shape, strides);
    return true;
}

bool transpose_view(const Array& input, const Attributes& attributes, const Shape& shape, DType, Array& output) {
    Shape strides;
    for (int64_t axis : attributes.integers("axes")) strides.push_back(input.strides[static_cast<size_t>(axis)]);
    output = Array(input.data, input.dtype, shape, strides);
    return true;
}

bool reverse_view(const Array& input, const Attributes& attributes, const Shape&, DType, Array& output) {
    output = input;
    for (int64_t item : attributes.integers("axis")) {
        const auto axis = static_cast<size_t>(item);
        if (input.count() != 0) output.data += (input.shape[axis] - 1) * input.strides[axis] * bytes_of(input.dtype);
        output.strides[axis] = -input.strides[axis];
    }
    return true;
}

// A start below 0 stands for a whole axis. The stop is not asked: the result's shape tells it.
bool slice_view(const Array& input, const Attributes& attributes, const Shape& shape, DType, Array& output) {
    const Shape& start = attributes.integers("start");
    const Shape step = attributes.has("step") ? attributes.integers("step") : Shape(shape.size(), 1);
    output = Array(input.data, input.dtype, shape, input.strides);
    const bool empty = count_of(shape) == 0;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        const int64_t first = std::max<int64_t>(start[axis], 0);
        if (!empty) output.data += first * input.strides[axis] * bytes_of(input.dtype);
        output.strides[axis] *= step[axis];
    }
    return true;
}

// Splits the axes of both shapes into groups of equal counts; a group can be seen otherwise where its axes follow
// each other as one.
bool reshape_view(const Array& input, const Attributes&, const Shape& shape, DType, Array& output) {
    output = Array(input.data, input.dtype, shape);
    if (input.packed()) return true;
    Shape extents, strides;  // of the input, without axes of one element
    for (size_t axis = 0; axis < input.shape.size(); ++axis) {
        if (input.shape[axis] == 1) continue;
        extents.push_back(input.shape[axis]);
        strides.push_back(input.strides[axis]);
    }
    size_t next = 0;  // the first axis of the input that is in no group yet
    for (size_t axis = 0; axis < shape.size();) {
        int64_t count = shape[axis], given = next < extents.size() ? extents[next] : 1;
        size_t end = axis + 1, last = next;
        while (count != given) {
            if (count < given) {
                count *= shape[end++];
            } else {
                if (strides[last] != strides[last + 1] * extents[last + 1]) return false;
                given *= extents[++last];
            }
        }
        int64_t stride = next < extents.size() && count != 1 ? strides[last] : 1;
        for (size_t i = end; i-- > axis; stride *= shape[i]) output.strides[i] = stride;
        if (count != 1) next = last + 1;
        axis = end;
    }
    return true;
}

bool same_view(const Array& input, const Attributes&, const Shape&, DType, Array& output) {
    output = input;
    return true;
}

bool bitcast_view(const Array& input, const Attributes&, const Shape&, DType dtype, Array& output) {
    output = input;
    output.dtype = dtype;
    return bytes_of(dtype) == bytes_of(input.dtype);
}

bool cast_view(const Array& input, const Attributes&, const Shape&, DType dtype, Array& output) {
    output = input;
    return dtype == input.dtype;
}

// -- kernels

// True where element i of the first axis of the view is that of the input's.
bool keeps_rows(const Array& input, const Array& seen) {
    return input.rank() > 0 && seen.rank() > 0 && seen.data == input.data && seen.shape[0] == input.shape[0] &&
           seen.strides[0] == input.strides[0];
}

template <View view>
Step copy_of_view(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder&) {
    const Array& out = outputs[0];
    Array seen;
    view(inputs[0], attributes, out.shape, out.dtype, seen);
    return copy_step(seen, out, keeps_rows(inputs[0], seen) ? 1 : 0);
}

// The output is packed, so that it can be seen in the input's shape; the reverse may not hold.
Step reshape(const Arrays& inputs, const Arrays& outputs, const Attributes&, Binder&) {
    const Array &x = inputs[0], &out = outputs[0];
    const Array there(out.data, out.dtype, x.shape);
    const bool same_rows = x.rank() > 0 && out.rank() > 0 && x.shape[0] == out.shape[0];
    if (same_rows) return copy_step(x, there, 1);
    return whole([copying = Copying(x, there)] { copying.run(); }).costing(cost_of_copying(out));
}

Step concatenate(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder&) {
    const Array& out = outputs[0];
    const auto axis = static_cast<size_t>(attributes.integer("axis"));
    std::vector<CopyInRows> parts;
    Array part = out;
    for (const Array& x : inputs) {
        part.shape = x.shape;
        if (x.count() != 0) parts.push_back({x, part, Copying(x, part)});
        part.data += x.shape[axis] * out.strides[axis] * bytes_of(out.dtype);
    }
    const double cost = 5.0 * static_cast<double>(inputs.size()) + cost_of_copying(out);
    if (axis == 0 || out.count() == 0) {
        return whole([parts] {
            for (const CopyInRows& one : parts) one.all.run();
        }).costing(cost);
    }
    Step step = over_rows(out.shape[0], [parts](int64_t begin, int64_t end) {
        for (const CopyInRows& one : parts) one.run(begin, end);
    });
    return step.costing(cost).along_rows(~uint64_t{0});
}

// The number as an array that can be copied wherever it is wanted.
Array number_array(const Attributes& attributes, DType dtype, Binder& binder) {
    const Array number = binder.scratch(dtype, {});
    dispatch(dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if (!attributes.has("value")) {
            *number.as<T>() = T{};
        } else if (const auto* integer = std::get_if<int64_t>(&attributes.items.at("value"))) {
            *number.as<T>() = converted<T>(*integer);  // whose bits may be those of an uint64
        } else {
            *number.as<T>() = converted<T>(attributes.number("value"));
        }
    });
    return number;
}

// Everything is filled with the number, and then the middle with the operand.
Step pad(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array &x = inputs[0], &out = outputs[0];
    const Shape& low = attributes.integers("low");
    Array number = number_array(attributes, out.dtype, binder), middle = out;
    number.shape = out.shape;
    number.strides = Shape(out.shape.size(), 0);
    middle.shape = x.shape;
    const bool empty = x.count() == 0;
    for (size_t axis = 0; axis < x.shape.size() && !empty; ++axis) {
        middle.data += low[axis] * out.strides[axis] * bytes_of(out.dtype);
    }
    const CopyInRows margin{number, out, Copying(number, out)}, inner{x, middle, Copying(x, middle)};
    const double cost = 2.0 * cost_of_copying(out);
    if (empty || out.rank() == 0 || x.shape[0] != out.shape[0]) {
        return whole([margin, inner] {
            margin.all.run();
            inner.all.run();
        }).costing(cost);
    }
    Step step = over_rows(out.shape[0], [margin, inner](int64_t begin, int64_t end) {
        margin.run(begin, end);
        inner.run(begin, end);
    });
    return step.costing(cost).along_rows(1);
}

}  // namespace

void copy(const Array& src, const Array& dst) {
    if (src.dtype == dst.dtype && src.packed() && dst.packed()) {
        if (const int64_t bytes = dst.bytes()) std::memcpy(dst.data, src.data, static_cast<size_t>(bytes));
    } else {
        Copying(src, dst).run();
    }
}

KernelTable shapes_table() {
    return {
        {"broadcast", copy_of_view<broadcast_view>},
        {"transpose", copy_of_view<transpose_view>},
        {"reverse", copy_of_view<reverse_view>},
        {"slice", copy_of_view<slice_view>},
        {"reshape", reshape},
        {"concatenate", concatenate},
        {"pad", pad},
    };
}

ViewTable shapes_views() {
    return {
        {"broadcast", broadcast_view}, {"transpose", transpose_view}, {"reverse", reverse_view}, {"slice", slice_view},
        {"reshape", reshape_view},     {"stop_gradient", same_view},  {"bitcast", bitcast_view}, {"cast", cast_view},
    };
}

}  // namespace flintglass
