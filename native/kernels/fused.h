// Fused kernels: optimizers' blocks in one pass over memory, found by what a block's body computes.
//
// A body's signature writes its lines in order: operands are i0, i1, ... (inputs), l0, l1, ... (the line that made
// them) and #0, #1, ... (literals, numbered where they stand); `return` lists what the block returns. For example
//     subtract i1 i2; multiply l0 #0; add i2 l1; return l2
// Literals of equal value have a number each, so that a signature does not depend on their values.
#pragma once

#include <string>
#include <vector>

#include "../kernel.h"

namespace flintglass {

// inputs and outputs: packed arrays of one count and one dtype, or, of the inputs, single numbers (rank 0) of that
// dtype. An output may be the very memory of an input. The step's rows are elements.
using FusedKernel = Step (*)(const Arrays& inputs, const Arrays& outputs, const std::vector<double>& literals);
using FusedTable = std::map<std::string, FusedKernel>;

const FusedTable& fused_kernels();

}  // namespace flintglass
