// Flatten: a program becomes numbered slots and lines, its calls inlined and its named sizes bound to numbers.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "program.h"

namespace flintglass {

struct Slot {
    DType dtype;
    Shape shape;
};

struct FlatLine {
    std::string primitive;
    std::vector<int> inputs;
    std::vector<int> outputs;
    Attributes attributes;
    std::string origin;
};

struct Flat {
    std::vector<Slot> slots;
    std::map<int, Number> literals;
    std::vector<FlatLine> lines;
    std::vector<int> state;
    std::vector<int> inputs;
    std::vector<int> outputs;
    std::vector<std::pair<int, int>> updates;
    Sizes sizes;

    int add_slot(DType dtype, Shape shape);
    int add_literal(DType dtype, Number value);

private:
    std::map<std::tuple<DType, size_t, double, int64_t>, int> known_literals_;
};

Flat flatten(const Program& program, const Sizes& sizes);

// The body of an elementwise block over arrays of this shape: its lines, and the slots that hold its results.
struct Spread {
    std::vector<FlatLine> lines;
    std::vector<int> results;
};
Spread spread(Flat& flat, const Program& body, const std::vector<int>& inputs, Shape shape, const std::string& origin);

// What a body computes, written as kernels/fused.h says, and its literals in order.
std::pair<std::string, std::vector<double>> signature_of(const Program& body);

}  // namespace flintglass
