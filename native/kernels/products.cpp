// Products of matrices: register tiles over the operands where they lie, or over blocks copied close together.
//
// A step's rows are rows of the output where the second operand stays in the second-level cache, or where the first is
// transposed (a weight's gradient, whose rows the optimizer takes up at once); else they are panels of columns, so
// that threads share out the second operand and each part of it is copied once.
#include <type_traits>
#include <vector>

#include "products_tiles.h"
#include "tables.h"

namespace flintglass {
namespace {

// One product, as strides in elements. Columns of the output follow each other.
template <class Stored> struct Product {
    const Stored* a;
    int64_t a_row, a_inner;
    const Stored* b;
    int64_t b_inner, b_column;
    Stored* out;
    int64_t out_row;
    int64_t rows, inner, columns;
    const Stored* panels = nullptr;  // all of b as panels, one after the other, where it was copied before
    const Sink* sink = nullptr;      // what takes the output, which then is not written
    int64_t row = 0;                 // where this part's rows begin in the whole product

    // True where a's columns, not its rows, follow each other.
    bool transposed_a() const { return a_row == 1 && a_inner != 1; }

    Product part(int64_t row, int64_t row_end, int64_t column, int64_t column_end) const {
        Product part = *this;
        part.a += row * a_row;
        part.b += column * b_column;
        part.out += row * out_row + column;
        if (panels) part.panels += column * inner;  // a panel begins there
        part.row += row;
        part.rows = row_end - row;
        part.columns = column_end - column;
        return part;
    }
};

// Tiles below one another, for all rows.
template <class T> inline void sweep(TileOperands<T> operands, const TileFamily<T>& family, int64_t rows) {
    const int64_t most = family.most_rows;
    while (rows > 0) {
        // The last two tiles share what is left: one of a single row would wait for its own multiply-adds.
        const int64_t taken = rows >= 2 * most || rows <= most ? std::min(rows, most) : (rows + 1) / 2;
        family.of_rows[taken - 1](operands);
        operands.a += taken * operands.a_row;
        operands.sums += taken * operands.sums_row;
        rows -= taken;
    }
}

// Copies lines of numbers, a line `stride` after another and a number `step` after another, with a conversion.
template <class Stored, class T>
void copy_lines(const Stored* from, int64_t stride, int64_t step, int64_t lines, int64_t count, T* to, int64_t apart) {
    for (; lines > 0; --lines, from += stride, to += apart) {
        if (step == 1) {
            for (int64_t i = 0; i < count; ++i) to[i] = static_cast<T>(from[i]);
        } else {
            for (int64_t i = 0; i < count; ++i) to[i] = static_cast<T>(from[i * step]);
        }
    }
}

// A panel holds some columns of b for a block of the inner axis: `width` numbers for each index, those past the
// columns 0. This one is copied from a b whose columns follow each other.
template <class V, class T>
void copy_panel(const T* b, int64_t b_inner, int64_t inner, int64_t columns, int64_t width, T* panel) {
    constexpr int lanes = sizeof(V) / sizeof(T);
    const int64_t filled = columns / lanes * lanes;
    for (; inner > 0; --inner, b += b_inner, panel += width) {
        for (int64_t column = 0; column < filled; column += lanes) {
            prefetch(b + column + rows_ahead * b_inner);
            store(panel + column, load<V>(b + column));
        }
        if (filled < width) store(panel + filled, load_first<V>(b + filled, columns - filled));
    }
}

// The same from a transposed b, along whose rows the inner axis lies: square by square through the registers.
template <class V, class T>
void copy_transposed_panel(const T* b, int64_t b_column, int64_t inner, int64_t columns, int64_t width, T* panel) {
    constexpr int lanes = sizeof(V) / sizeof(T);
    for (int64_t column = 0; column < width; column += lanes) {
        const int64_t across = std::clamp<int64_t>(columns - column, 0, lanes);
        for (int64_t k = 0; k < inner; k += lanes) {
            const int64_t down = std::min<int64_t>(inner - k, lanes);
            const T* from = b + column * b_column + k;
            V square[lanes];
            if (down == lanes && across == lanes) {
#pragma GCC unroll 16
                for (int i = 0; i < lanes; ++i) square[i] = load<V>(from + i * b_column);
            } else {
                for (int i = 0; i < lanes; ++i) square[i] = i < across ? load_first<V>(from + i * b_column, down) : V{};
            }
            transpose<lanes>(square);
            T* to = panel + k * width + column;
            if (down == lanes) {
#pragma GCC unroll 16
                for (int i = 0; i < lanes; ++i) store(to + i * width, square[i]);
            } else {
                for (int i = 0; i < down; ++i) store(to + i * width, square[i]);
            }
        }
    }
}

template <class Stored, class T>
void fill_panel(const Product<Stored>& product, int64_t k, int64_t inner, const TileFamily<T>& family, T* panel) {
    const Stored* b = product.b + k * product.b_inner;
    const int64_t columns = product.columns, width = family.columns;
    if constexpr (std::is_same_v<Stored, T>) {
        const auto fill = [&](auto vector) {
            using V = decltype(vector);
            if (product.b_column == 1) copy_panel<V>(b, product.b_inner, inner, columns, width, panel);
            else copy_transposed_panel<V>(b, product.b_column, inner, columns, width, panel);
        };
        if (product.b_column == 1 || product.b_inner == 1) {
            if (family.lanes == widest<T>) return fill(Vector<T, widest<T>>{});
            if (family.lanes > 1) return fill(Vector<T, narrowest<T>>{});
        }
    }
    if (columns < width) std::fill(panel, panel + inner * width, T(0));
    copy_lines(b, product.b_inner, product.b_column, inner, columns, panel, width);
}

// Where operands are copied: how much of the inner axis at once, and how many rows. A panel of b (128 KB) and a block
// of a (384 KB) share the second-level cache of 1 MB; half the inner block did 0.95 of it in the large products.
constexpr int64_t inner_block = 512, row_block = 192;

// b is read where it lies for fewer rows than these, or if it is smaller: 32 rows of 784x128 did 134 GFLOP/s so, and
// 109 from panels. For more, a copy is worth it: rows of b fall into few sets of the cache, and on a page each.
constexpr int64_t rows_for_panels = 48, bytes_for_panels = 64 * 1024;

// Rows of b that lie a page or more apart are copied for fewer: those of a power of two would push each other out of
// the second-level cache between one tile and the next. 32x4096x4096 took 45 ms in place.
constexpr int64_t page = 4096, rows_for_far_panels = 12;

// What a sink takes at once: rows of so many bytes stay in the second-level cache beside what is copied.
constexpr int64_t strip_bytes = 512 * 1024, fewest_strip_rows = 48;

// A transposed a is copied for products as deep and as wide as these: it is walked across its rows once for each tile.
// 2048x256x2048 took 36 ms without, 22 with. Of an a that is not transposed a copy only cost time.
constexpr int64_t inner_for_rows = 64;

template <class Stored> bool copies_b(const Product<Stored>& product) {
    constexpr int64_t size = sizeof(Stored);
    const int64_t enough = product.b_inner * size >= page ? rows_for_far_panels : rows_for_panels;
    const bool large = product.rows >= enough && product.inner * product.columns * size > bytes_for_panels;
    return product.b_column != 1 || large;
}

// A product in blocks. Stored: the operands' type; T: what is summed in.
template <class Stored, class T> class Blocked {
public:
    explicit Blocked(const Product<Stored>& product) : product_(product) {
        const bool transposed = product.transposed_a();
        const bool deep = product.inner >= inner_for_rows && product.columns > panel_columns<T>;
        copies_b_ = converts || copies_b(product);
        copies_a_ = converts || (transposed && deep);
        rows_at_once_ = copies_a_ || product.sink ? std::min(row_block, product.rows) : product.rows;
        if (product.sink) {
            const int64_t fitting = strip_bytes / (product.columns * size);
            rows_at_once_ = std::min(rows_at_once_, std::max(fitting, fewest_strip_rows));
        }
        inner_at_once_ = std::min(inner_block, product.inner);
        // A cache line more than fits: else lines of a power of two would fall into few sets of the cache.
        a_stride_ = (transposed ? rows_at_once_ : inner_at_once_) + line;
        const int64_t panel = product.panels ? 0 : inner_at_once_ * panel_columns<T>;
        const int64_t a_block = copies_a_ ? (transposed ? inner_at_once_ : rows_at_once_) * a_stride_ : 0;
        keeps_sums_ = converts || product.sink;
        sums_row_ = product.columns + line;
        const int64_t sums = keeps_sums_ ? rows_at_once_ * sums_row_ : 0;
        panel_ = reinterpret_cast<T*>(thread_scratch((panel + a_block + sums) * size));
        a_block_ = panel_ + panel;
        sums_ = a_block_ + a_block;
    }

    void run() const {
        for (int64_t row = 0; row < product_.rows; row += rows_at_once_) {
            const int64_t end = std::min(row + rows_at_once_, product_.rows);
            const Product<Stored> rows = product_.part(row, end, 0, product_.columns);
            int64_t k = 0;
            do add_block(rows, k, std::min(inner_at_once_, product_.inner - k));
            while ((k += inner_at_once_) < product_.inner);
            if (rows.sink) {
                rows.sink->take(rows.sink->self.get(), {rows.row, rows.row + rows.rows, sums_, sums_row_});
            } else if (converts) {
                copy_lines(sums_, sums_row_, 1, rows.rows, rows.columns, rows.out, rows.out_row);
            }
        }
    }

private:
    static constexpr bool converts = !std::is_same_v<Stored, T>;
    static constexpr int64_t size = sizeof(T), line = 64 / size;

    // Adds the products of `inner` indices from k on to the sums of these rows.
    void add_block(const Product<Stored>& rows, int64_t k, int64_t inner) const {
        TileOperands<T> operands{};
        operands.inner = inner;
        operands.resume = k > 0;
        const Stored* a = rows.a + k * rows.a_inner;
        if (copies_a_) {
            const bool transposed = rows.transposed_a();
            if (transposed) copy_lines(a, rows.a_inner, rows.a_row, inner, rows.rows, a_block_, a_stride_);
            else copy_lines(a, rows.a_row, rows.a_inner, rows.rows, inner, a_block_, a_stride_);
            operands.a = a_block_;
            operands.a_row = transposed ? 1 : a_stride_;
            operands.a_inner = transposed ? a_stride_ : 1;
        } else if constexpr (!converts) {
            operands.a = a;
            operands.a_row = rows.a_row;
            operands.a_inner = rows.a_inner;
        }
        for (int64_t column = 0; column < rows.columns; column += panel_columns<T>) {
            const int64_t end = std::min(column + panel_columns<T>, rows.columns);
            operands.sums_row = keeps_sums_ ? sums_row_ : rows.out_row;
            if (keeps_sums_) operands.sums = sums_ + column;
            else if constexpr (!converts) operands.sums = rows.out + column;
            add_panel(rows.part(0, rows.rows, column, end), k, operands);
        }
    }

    void add_panel(const Product<Stored>& panel, int64_t k, TileOperands<T> operands) const {
        const TileFamily<T>& family = family_for<T>(panel.columns);
        operands.last = family.last(panel.columns);
        bool copies = true;
        if constexpr (!converts) {
            copies = !panel.panels && (copies_b_ || !family.reads(panel.columns));
            operands.b = panel.panels ? panel.panels + k * family.columns : panel.b + k * panel.b_inner;
            operands.b_inner = panel.panels ? family.columns : panel.b_inner;
        }
        int64_t rows = panel.rows;
        if (copies) {
            const int64_t most = family.most_rows;
            if (!converts && panel.b_column == 1 && panel.columns == family.columns && rows >= 2 * most) {
                operands.panel = panel_;
                family.copying(operands);
                operands.a += most * operands.a_row;
                operands.sums += most * operands.sums_row;
                rows -= most;
            } else {
                fill_panel(panel, k, operands.inner, family, panel_);
            }
            operands.b = panel_;
            operands.b_inner = family.columns;
        }
        sweep(operands, family, rows);
    }

    const Product<Stored>& product_;
    bool copies_a_, copies_b_, keeps_sums_;
    int64_t rows_at_once_, inner_at_once_, a_stride_, sums_row_;
    T *panel_, *a_block_, *sums_;
};

template <class Stored, class T> void multiply(const Product<Stored>& product) { Blocked<Stored, T>(product).run(); }

// Integers wrap around, which only unsigned ones do by the language's rules, and only from 32 bits on.
template <class T> void multiply_integers(const Product<T>& product) {
    using Wrapping = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
    for (int64_t row = 0; row < product.rows; ++row) {
        T* out = product.out + row * product.out_row;
        std::fill(out, out + product.columns, T(0));
        for (int64_t k = 0; k < product.inner; ++k) {
            const Wrapping left = static_cast<Wrapping>(product.a[row * product.a_row + k * product.a_inner]);
            const T* b = product.b + k * product.b_inner;
            for (int64_t column = 0; column < product.columns; ++column) {
                const Wrapping right = static_cast<Wrapping>(b[column * product.b_column]);
                out[column] = static_cast<T>(static_cast<Wrapping>(out[column]) + left * right);
            }
        }
    }
}

template <class Stored> using Multiply = void (*)(const Product<Stored>&);

// The matrices of a product of more than two axes: extents and strides of the axes before the last two.
struct Leading {
    Shape shape, a_strides, b_strides;

    // Where matrix `index` lies in an operand.
    static int64_t offset(const Shape& shape, const Shape& strides, int64_t index) {
        int64_t offset = 0;
        for (size_t axis = shape.size(); axis-- > 0; index /= shape[axis]) {
            offset += index % shape[axis] * strides[axis];
        }
        return offset;
    }
};

Shape leading_strides(const Array& operand, const Array& out) {
    Shape strides(out.shape.size() - 2, 0);
    const size_t missing = out.shape.size() - operand.shape.size();
    for (size_t axis = missing; axis < strides.size(); ++axis) {
        if (operand.shape[axis - missing] != 1) strides[axis] = operand.strides[axis - missing];
    }
    return strides;
}

Array transposed(Array operand, bool transpose) {
    if (transpose) {
        std::swap(*(operand.shape.end() - 1), *(operand.shape.end() - 2));
        std::swap(*(operand.strides.end() - 1), *(operand.strides.end() - 2));
    }
    return operand;
}

// True where the leading axes of a and its rows are rows of one matrix with one stride, and b is the same for all.
bool folds(const Leading& leading, int64_t rows, int64_t a_row) {
    int64_t stride = a_row * rows;
    for (size_t axis = leading.shape.size(); axis-- > 0;) {
        if (leading.b_strides[axis] != 0) return false;
        if (leading.shape[axis] != 1 && leading.a_strides[axis] != stride) return false;
        stride *= leading.shape[axis];
    }
    return true;
}

// How a product is run: a step, whose rows are rows of the output where it is by_rows.
template <class Stored>
Step over_matrices(const Product<Stored>& product, Multiply<Stored> multiply, const Leading& leading) {
    const int64_t each = count_of(leading.shape) / leading.shape[0];
    return over_rows(leading.shape[0], [=](int64_t begin, int64_t end) {
        for (int64_t matrix = begin * each; matrix < end * each; ++matrix) {
            Product<Stored> one = product;
            one.a += Leading::offset(leading.shape, leading.a_strides, matrix);
            one.b += Leading::offset(leading.shape, leading.b_strides, matrix);
            one.out += matrix * product.rows * product.columns;
            multiply(one);
        }
    });
}

// Rows of the output; `each` of them are a row of the step.
template <class Stored> Step over_output_rows(const Product<Stored>& product, Multiply<Stored> multiply, int64_t each) {
    return over_rows(product.rows / each, [=](int64_t begin, int64_t end) {
        multiply(product.part(begin * each, end * each, 0, product.columns));
    });
}

// Rows of the output of a single product, handed on to a sink.
template <class Stored> Step into_sink(const Product<Stored>& product, Multiply<Stored> multiply, const Sink& sink) {
    const auto kept = std::make_shared<const Sink>(sink);
    return over_rows(product.rows, [=](int64_t begin, int64_t end) {
        Product<Stored> part = product.part(begin, end, 0, product.columns);
        part.sink = kept.get();
        multiply(part);
    });
}

// The same for a product of one panel that is read where it lies: 10x4x1 takes 25 ns so, and 70 as a product in blocks.
template <class T> Step over_tiles(const Product<T>& product, int64_t each) {
    const TileFamily<T>& family = family_for<T>(product.columns);
    const TileOperands<T> operands{product.a,
                                   product.a_row,
                                   product.a_inner,
                                   product.b,
                                   product.b_inner,
                                   product.out,
                                   product.out_row,
                                   product.inner,
                                   family.last(product.columns),
                                   false};
    return over_rows(product.rows / each, [=, &family](int64_t begin, int64_t end) {
        TileOperands<T> rows = operands;
        rows.a += begin * each * operands.a_row;
        rows.sums += begin * each * operands.sums_row;
        sweep(rows, family, (end - begin) * each);
    });
}

template <class T> bool is_tiles(const Product<T>& product) {
    if (product.b_column != 1 || product.columns > panel_columns<T>) return false;
    if (product.inner > inner_block && product.columns > 1) return false;
    return family_for<T>(product.columns).reads(product.columns);
}

// Columns of the output, `each` a row of the step.
template <class Stored> Step over_columns(const Product<Stored>& product, Multiply<Stored> multiply, int64_t each) {
    return over_rows((product.columns + each - 1) / each, [=](int64_t begin, int64_t end) {
        multiply(product.part(0, product.rows, begin * each, std::min(end * each, product.columns)));
    });
}

// A column as the row of the transposed product: its vectors lie along the column.
template <class T> Product<T> turned(const Product<T>& product) {
    return {product.b,    0, product.b_inner, product.a,   product.a_inner, product.a_row, product.out,
            product.rows, 1, product.inner,   product.rows};
}

// Up to these sizes b is taken to stay in the second-level cache while rows go by; a transposed one is copied again for
// each block of rows.
constexpr int64_t resident_bytes = 512 * 1024, resident_transposed_bytes = 128 * 1024;

// For so many rows of the output and more, all of b is copied once, before the step, and not again for each block of
// rows that runs through it.
constexpr int64_t rows_for_copied_before = 128;

// Copies b as panels; a row of the step is a panel.
template <class T> Step copy_panels(const Product<T>& product, T* panels) {
    const int64_t count = (product.columns + panel_columns<T> - 1) / panel_columns<T>;
    Step step = over_rows(count, [=](int64_t begin, int64_t end) {
        for (int64_t column = begin * panel_columns<T>; begin < end; ++begin, column += panel_columns<T>) {
            const int64_t columns = std::min(product.columns - column, panel_columns<T>);
            const Product<T> panel = product.part(0, product.rows, column, column + columns);
            fill_panel(panel, 0, product.inner, family_for<T>(columns), panels + column * product.inner);
        }
    });
    return step.costing(10.0 + 0.3 * static_cast<double>(product.inner * product.columns));
}

// T: what the products are summed in.
template <class Stored, class T>
Step over_one(Product<Stored> product, Multiply<Stored> multiply, int64_t each, bool transpose_a, const Array& b,
              Binder& binder) {
    if constexpr (std::is_same_v<Stored, T> && !std::is_integral_v<T>) {
        if (product.columns == 1 && product.transposed_a() && product.rows > widest<T>) {
            return over_columns(turned(product), multiply, each).along_rows(0);
        }
        if (is_tiles(product)) return over_tiles(product, each).along_rows(0);
    }
    const int64_t limit = product.b_column == 1 ? resident_bytes : resident_transposed_bytes;
    const bool resident = product.inner * product.columns * static_cast<int64_t>(sizeof(T)) <= limit;
    if (transpose_a || resident) {
        if constexpr (std::is_same_v<Stored, T> && !std::is_integral_v<T>) {
            if (product.rows >= rows_for_copied_before && copies_b(product)) {
                const int64_t columns = (product.columns + panel_columns<T> - 1) / panel_columns<T> * panel_columns<T>;
                const auto copied = [&](const Array& panels) { return copy_panels(product, panels.as<T>()); };
                product.panels = binder.prepared(b, {columns, product.inner}, copied).template as<T>();
            }
        }
        Step step = over_output_rows(product, multiply, each);
        if constexpr (std::is_same_v<Stored, T> && !std::is_integral_v<T>) {
            step.into = [=](const Sink& sink) { return into_sink(product, multiply, sink).along_rows(0); };
        }
        return step.along_rows(0);
    }
    return over_columns(product, multiply, panel_columns<T>);
}

// a and b are transposed already.
template <class Stored, class T>
Step bound(const Array& a, const Array& b, const Array& out, bool transpose_a, Multiply<Stored> multiply,
           Binder& binder) {
    const size_t rank = out.shape.size();
    Product<Stored> product{a.as<Stored>(),         *(a.strides.end() - 2), *(a.strides.end() - 1), b.as<Stored>(),
                            *(b.strides.end() - 2), *(b.strides.end() - 1), out.as<Stored>(),       out.shape[rank - 1],
                            out.shape[rank - 2],    *(a.shape.end() - 1),   out.shape[rank - 1]};
    if (product.inner == 1) product.a_inner = product.b_inner = 1;
    if (product.columns == 1) product.b_column = 1;
    const Leading leading{Shape(out.shape.begin(), out.shape.end() - 2), leading_strides(a, out),
                          leading_strides(b, out)};
    const bool first_of_a = a.rank() == out.rank() && a.shape[0] == out.shape[0];
    const bool first_of_b = rank > 2 && b.rank() == out.rank() && b.shape[0] == out.shape[0];
    const int64_t matrices = count_of(leading.shape);
    if (matrices > 1 && !folds(leading, product.rows, product.a_row)) {
        return over_matrices(product, multiply, leading).along_rows((first_of_a ? 1 : 0) | (first_of_b ? 2 : 0));
    }
    product.rows *= matrices;
    const int64_t each = matrices > 1 ? product.rows / out.shape[0] : 1;
    Step step = over_one<Stored, T>(product, multiply, each, transpose_a, b, binder);
    step.by_rows = step.by_rows && (rank == 2 || matrices > 1);
    if (rank != 2) step.into = nullptr;
    step.row_inputs = step.by_rows && first_of_a && (rank > 2 || !transpose_a) ? 1 : 0;
    return step;
}

Step matmul(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const bool transpose_a = attributes.flag("transpose_a");
    const Array a = transposed(inputs[0], transpose_a), b = transposed(inputs[1], attributes.flag("transpose_b"));
    const Array& out = outputs[0];
    if (out.count() == 0) return whole([] {});
    const DType dtype = attributes.has("accumulate") ? dtype_named(attributes.text("accumulate")) : out.dtype;
    const double cost = 15.0 + 2.0 * out.count() * *(a.shape.end() - 1) / 60.0;
    if (!is_float(out.dtype)) {
        if (dtype != out.dtype) throw BadValue("a product of integers is summed in their own dtype");
        return dispatch_integers(out.dtype, [&](auto tag) {
            using T = typename decltype(tag)::type;
            return bound<T, T>(a, b, out, transpose_a, multiply_integers<T>, binder);
        }).costing(cost);
    }
    return dispatch_floats(out.dtype, [&](auto tag) {
        using Stored = typename decltype(tag)::type;
        if (dtype == DType::Float64)
            return bound<Stored, double>(a, b, out, transpose_a, multiply<Stored, double>, binder);
        return bound<Stored, float>(a, b, out, transpose_a, multiply<Stored, float>, binder);
    }).costing(cost);
}

}  // namespace

KernelTable products_table() { return {{"matmul", matmul}}; }

}  // namespace flintglass
