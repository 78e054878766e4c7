// A program as the engine receives it: typed values, lines, named sizes not yet bound to numbers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "array.h"
#include "attributes.h"

namespace flintglass {

using Sizes = std::map<std::string, int64_t>;

// A polynomial of named sizes; a plain number is one term without names.
struct Dimension {
    struct Term {
        int64_t coefficient;
        std::vector<std::string> names;
    };
    std::vector<Term> terms;

    int64_t bind(const Sizes& sizes) const;
};

using Number = std::variant<bool, int64_t, double>;

struct Value {
    DType dtype;
    std::vector<Dimension> shape;
    bool is_literal = false;
    Number literal = false;
};

// An attribute whose sizes may still be named.
using OpenAttribute = std::variant<bool, double, std::string, Dimension, std::vector<Dimension>, Block, HostCall>;

struct Line {
    std::string primitive;
    std::vector<int> inputs;  // positions in the program's values, here and below
    std::vector<int> outputs;
    std::map<std::string, OpenAttribute> attributes;
    std::string origin;  // the layer, loss or optimizer that it belongs to
};

struct Program {
    std::string name;
    std::vector<Value> values;
    std::vector<Line> lines;
    std::vector<int> state;
    std::vector<int> inputs;
    std::vector<int> outputs;
    std::vector<std::pair<int, int>> updates;  // (a value of state, what it becomes when the run ends)
};

}  // namespace flintglass
