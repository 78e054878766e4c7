// How the operands of an elementwise primitive lie against its output, which is seen as rows and columns.
#include "elementwise_operands.h"

#include <algorithm>

namespace flintglass {

namespace {

// Full: as the output. One: a single element. Row: the same row again and again. Column: an element a row.
enum class Kind { Full, One, Row, Column, Other };

struct Pattern {
    Kind kind;
    int64_t columns;  // of a Row or a Column
};

// Strides along the axes of a shape that the array is broadcast to: 0 where it has no such axis, or one element.
Shape broadcast_strides(const Array& x, const Shape& shape) {
    Shape strides(shape.size(), 0);
    const size_t missing = shape.size() - x.shape.size();
    for (size_t axis = 0; axis < x.shape.size(); ++axis) {
        if (x.shape[axis] != 1) strides[missing + axis] = x.strides[axis];
    }
    return strides;
}

// Last axes that are packed and first ones that are broadcast make a Row, the other way round a Column.
Pattern pattern_of(const Shape& strides, const Shape& shape) {
    int64_t step = 1, columns = 1;
    bool started = false, last_repeats = false, turned = false;
    for (size_t axis = shape.size(); axis-- > 0;) {
        if (shape[axis] == 1) continue;
        const bool repeats = strides[axis] == 0;
        if (!started) last_repeats = repeats;
        started = true;
        if (turned && repeats == last_repeats) return {Kind::Other, 0};
        turned = repeats != last_repeats;
        if (!repeats && strides[axis] != step) return {Kind::Other, 0};
        if (!repeats) step *= shape[axis];
        if (!turned) columns *= shape[axis];
    }
    if (!turned) return {!started || last_repeats ? Kind::One : Kind::Full, 0};
    return {last_repeats ? Kind::Column : Kind::Row, columns};
}

// The columns of the first operand that has some decide; those of others that differ fit no pattern then.
int64_t agree_on_columns(std::vector<Pattern>& patterns) {
    int64_t columns = 0;
    for (Pattern& pattern : patterns) {
        if (pattern.columns == 0) continue;
        if (columns == 0) columns = pattern.columns;
        if (pattern.columns != columns) pattern = {Kind::Other, 0};
    }
    return columns;
}

bool is_vector(const Pattern& pattern) { return pattern.kind == Kind::Full || pattern.kind == Kind::Row; }

}  // namespace

Arrangement arrange(const Arrays& inputs, const Array& output, Binder& binder) {
    Arrangement result;
    result.bound = std::make_shared<Bound>();
    Bound& bound = *result.bound;
    const Shape& shape = output.shape;
    result.by_rows = !shape.empty();
    result.rows = shape.empty() ? 1 : shape[0];
    result.count = output.count();
    bound.out = output.data;
    bound.flat = true;
    if (result.count == 0) return result;

    std::vector<Shape> strides;
    std::vector<Pattern> patterns;
    for (const Array& input : inputs) {
        strides.push_back(broadcast_strides(input, shape));
        patterns.push_back(pattern_of(strides.back(), shape));
    }
    int64_t columns = agree_on_columns(patterns);
    for (Pattern& pattern : patterns) {
        if (pattern.kind == Kind::Other) pattern = {Kind::Full, 0};
    }
    if (result.count > 1 && std::none_of(patterns.begin(), patterns.end(), is_vector)) patterns[0] = {Kind::Full, 0};

    const int64_t width = result.count / result.rows;
    bound.flat = columns == 0;
    bound.columns = bound.flat ? width : columns;
    bound.rows_each = width / bound.columns;
    for (size_t i = 0; i < inputs.size(); ++i) {
        const Kind kind = patterns[i].kind;
        Array read = inputs[i];
        if (kind == Kind::Full) read = binder.packed(Array(read.data, read.dtype, shape, strides[i]));
        bound.operands[i] = read.data;
        bound.row_steps[i] = kind == Kind::Full ? bound.columns : kind == Kind::Column ? 1 : 0;
        bound.column_steps[i] = is_vector(patterns[i]) ? 1 : 0;
        result.forms[i] = is_vector(patterns[i]) ? Form::Vector : Form::Single;
        const bool a_row_each = kind == Kind::Full || kind == Kind::Column;
        if (a_row_each && result.by_rows && inputs[i].rank() == output.rank() && inputs[i].shape[0] == result.rows) {
            result.row_inputs |= uint64_t{1} << i;
        }
    }
    return result;
}

Step step_over(const Arrangement& arrangement, Run run, double nanoseconds) {
    Step step;
    step.run = run;
    step.self = arrangement.bound;
    step.rows = arrangement.rows;
    step.costing(8.0 + static_cast<double>(arrangement.count) * nanoseconds);
    return arrangement.by_rows ? step.along_rows(arrangement.row_inputs) : step;
}

}  // namespace flintglass
