// Groups: an elementwise block over several small variables runs once, over one flat array of all of them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "flatten.h"

namespace flintglass {

// A slot whose memory is a piece of another slot's.
struct Piece {
    int slot;
    int64_t offset;  // in elements
};

// What grouping and spreading leave: lines without `each`, and how the new slots lie in memory.
struct Expanded {
    std::vector<FlatLine> lines;
    std::map<int, Array> known;   // slots over memory that exists: neighbouring variables of the state
    std::map<int, Piece> aimed;   // slots that must be computed into a piece of another slot
    std::map<int, Piece> pieces;  // slots that are read as a piece of another slot
    std::vector<int> gathered;    // slots that need memory of their own from the start
    std::map<int, int> shadows;   // a state's slot -> the flat slot that covers its memory
};

// state_array: the array of a slot of the state, none for others.
Expanded expand(Flat& flat, const std::function<const Array*(int slot)>& state_array);

}  // namespace flintglass
