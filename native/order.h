// The order of the rows in an epoch: a function of (seed, epoch) alone, the same that the Python side computes.
#pragma once

#include <cstdint>
#include <vector>

namespace flintglass {

// NumPy's RandomState(Philox(key=[seed, epoch])).permutation(rows), a stream that NumPy promises to keep for good.
void permute(uint64_t seed, uint64_t epoch, std::vector<int64_t>& rows);

}  // namespace flintglass
