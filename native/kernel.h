// A kernel binds arrays once and gives a step: what is run every time.
//
// `kernel(inputs, outputs, attributes, binder)` returns a Step that reads the inputs and writes the outputs.
// Outputs are packed (C order) and have the right shape and dtype. Inputs may have any strides, 0 (broadcast)
// and negative ones among them, and inputs of elementwise primitives may still have to be broadcast to the
// output's shape by NumPy's rule; `binder.packed(x)` gives a packed copy where a kernel wants one. An output of an
// elementwise primitive may be the very memory of an input of the same shape and element size.
// Arrays with no elements occur: a step must then do nothing, or fill in what its primitive defines.
//
// A step runs over rows: `run(begin, end)` does rows [begin, end) of `rows`. Any partition of the rows, in any order,
// on any threads, must give the same bits. Temporaries of a run belong to the thread: see thread_scratch.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "array.h"
#include "attributes.h"

namespace flintglass {

// Rows [begin, end) of a matrix, just made: row `begin` lies at `values`, each row `stride` elements after the one
// before.
struct Strip {
    int64_t begin, end;
    const void* values;
    int64_t stride;
};

// Takes a matrix strip by strip, in place of reading it from memory. It asks for no thread_scratch: the strip may lie
// there.
struct Sink {
    void (*take)(const void* self, const Strip& strip) = nullptr;
    std::shared_ptr<const void> self;
};

struct Step {
    void (*run)(const void* self, int64_t begin, int64_t end) = nullptr;
    std::shared_ptr<const void> self;
    int64_t rows = 1;

    // An estimate of how long all rows take together, in nanoseconds; it decides what is split and threaded.
    double cost = 0.0;

    // True where row i of the step writes row i of the first axis of every output, and nothing else. Then
    // row_inputs has a bit for each input of which row i of the step reads nothing but row i of the first axis.
    bool by_rows = false;
    uint64_t row_inputs = 0;

    // Where it can be done: the step with its one output handed on in strips, and not written to memory.
    std::function<Step(const Sink& sink)> into;
    // Where it can be done: the step's work as a sink for one of its inputs, a matrix.
    std::function<Sink(size_t input)> taking;

    Step& costing(double nanoseconds) {
        cost = nanoseconds;
        return *this;
    }
    Step& along_rows(uint64_t inputs) {
        by_rows = true;
        row_inputs = inputs;
        return *this;
    }
};

// A step of `rows` rows from a callable of (begin, end), which captures pointers by value.
template <class F> Step over_rows(int64_t rows, F f) {
    Step step;
    auto kept = std::make_shared<const F>(std::move(f));
    step.run = [](const void* self, int64_t begin, int64_t end) { (*static_cast<const F*>(self))(begin, end); };
    step.self = kept;
    step.rows = rows;
    return step;
}

// A step that is not split, from a callable of no arguments.
template <class F> Step whole(F f) {
    return over_rows(1, [f = std::move(f)](int64_t begin, int64_t end) {
        if (begin < end) f();
    });
}

// A program that is run inside a step: a body of cond, while or scan, with arrays of its own.
class Nested {
public:
    virtual ~Nested() = default;
    virtual const Arrays& inputs() const = 0;
    virtual const Arrays& outputs() const = 0;
    virtual void run() const = 0;
};

// What a kernel may ask for while it binds.
class Binder {
public:
    virtual ~Binder() = default;
    // The array itself where it is packed, else a packed one that is filled from it before the step runs.
    virtual Array packed(const Array& x) = 0;
    // Memory that a step of its own writes from x before the line's step runs: `fill` gives that step.
    virtual Array prepared(const Array& x, const Shape& shape, const std::function<Step(const Array&)>& fill) = 0;
    // Memory that belongs to the step for as long as it lives, aligned to 64 bytes; zeroed once.
    virtual Array scratch(DType dtype, Shape shape) = 0;
    virtual std::shared_ptr<Nested> load(const Block& block) = 0;
};

using Kernel = Step (*)(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder);
using KernelTable = std::map<std::string, Kernel>;

// A view shares the memory of its operand: it returns false where only a copy will do (then the kernel is used).
using View = bool (*)(const Array& input, const Attributes& attributes, const Shape& shape, DType dtype, Array& output);
using ViewTable = std::map<std::string, View>;

const KernelTable& kernels();
const ViewTable& views();

// Copies src into dst, whose shapes are equal, whatever their strides; dtypes are converted as C does.
void copy(const Array& src, const Array& dst);

// Memory of the calling thread, at least so large, aligned to 64 bytes; it is overwritten by the next caller.
char* thread_scratch(int64_t bytes);

// An index that does not exist: what the engine reports as IndexOutOfRange.
class IndexOutOfRange : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A value that a kernel cannot compute with: what the engine reports as ValueError.
class BadValue : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace flintglass
