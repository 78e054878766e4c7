// How the operands of an elementwise primitive lie against its output, which is seen as rows and columns.
#pragma once

#include "../kernel.h"

namespace flintglass {

// Along a row of the output an operand has an element for each column, or one for all of them.
enum class Form : uint8_t { Vector, Single };

// What a step keeps: where everything lies, in elements. A run reads nothing else.
struct Bound {
    char* out = nullptr;
    const char* operands[3] = {};
    int64_t row_steps[3] = {};     // from an operand's row to its next: 0 where one row serves all
    int64_t column_steps[3] = {};  // 1 for a Vector, 0 for a Single
    int64_t rows_each = 1;         // rows in a row of the step
    int64_t columns = 0;
    bool flat = false;  // rows follow each other in every Vector, so that many of them are one long row
};

struct Arrangement {
    std::shared_ptr<Bound> bound;
    Form forms[3] = {};
    int64_t rows = 1;  // of the step
    int64_t count = 0;
    bool by_rows = false;
    uint64_t row_inputs = 0;
};

// Finds the columns that suit most operands: a row vector or a column vector is read where it lies. One operand at
// least becomes a Vector. What fits no pattern is packed before the step runs.
Arrangement arrange(const Arrays& inputs, const Array& output, Binder& binder);

using Run = void (*)(const void* self, int64_t begin, int64_t end);

// The step that runs over an arrangement, given what an element costs.
Step step_over(const Arrangement& arrangement, Run run, double nanoseconds);

}  // namespace flintglass
