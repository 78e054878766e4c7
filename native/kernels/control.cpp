// A choice, a loop, a scan: each runs programs of its own, whose arrays it fills and empties.
#include "tables.h"

namespace flintglass {

namespace {

// Nobody knows how long a block runs; it is never short.
constexpr double COST_OF_BLOCK = 2000.0;

using Body = std::shared_ptr<Nested>;

void fill(const Arrays& targets, const Arrays& sources) {
    for (size_t i = 0; i < targets.size(); ++i) copy(sources[i], targets[i]);
}

// -- cond

struct Choice {
    const bool* condition;
    Arrays given, outputs;
    Body branches[2];  // of false and of true

    void run() const {
        const Nested& branch = *branches[*condition];
        fill(branch.inputs(), given);
        branch.run();
        fill(outputs, branch.outputs());
    }
};

Step cond(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Arrays given(inputs.begin() + 1, inputs.end());
    const Body otherwise = binder.load(attributes.block("false")), then = binder.load(attributes.block("true"));
    const Choice choice{inputs[0].as<bool>(), given, outputs, {otherwise, then}};
    return whole([choice] { choice.run(); }).costing(COST_OF_BLOCK);
}

// -- while

struct Loop {
    Arrays first, carried;  // the values before the first round, and those after the last
    Body condition, body;

    void run() const {
        fill(carried, first);
        while (goes_on()) {
            fill(body->inputs(), carried);
            body->run();
            fill(carried, body->outputs());
        }
    }

    bool goes_on() const {
        fill(condition->inputs(), carried);
        condition->run();
        return *condition->outputs()[0].as<bool>();
    }
};

Step while_loop(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Loop loop{inputs, outputs, binder.load(attributes.block("condition")), binder.load(attributes.block("body"))};
    return whole([loop] { loop.run(); }).costing(4.0 * COST_OF_BLOCK);
}

// -- scan

// A stack of rows, of which one is seen at a time.
struct Rows {
    Array row;  // row 0
    int64_t bytes;

    explicit Rows(const Array& stack) : row(stack), bytes(stack.strides[0] * bytes_of(stack.dtype)) {
        row.shape.erase(row.shape.begin());
        row.strides.erase(row.strides.begin());
    }

    Array at(int64_t index) const {
        Array found = row;
        found.data += index * bytes;
        return found;
    }
};

struct Pair {
    Array from, to;
};

struct Scan {
    Body body;
    int64_t length;
    bool reverse;
    std::vector<Pair> constants, starts;          // filled in before the first step
    std::vector<Pair> carries_out, carries_in;    // body -> results -> body: results are its memory between steps
    std::vector<std::pair<Rows, Array>> read;     // rows -> inputs of the body
    std::vector<std::pair<Array, Rows>> stacked;  // outputs of the body -> rows

    void run() const {
        for (const Pair& pair : constants) copy(pair.from, pair.to);
        for (const Pair& pair : starts) copy(pair.from, pair.to);
        for (int64_t step = 0; step < length; ++step) run_step(reverse ? length - 1 - step : step);
    }

    // All carries are taken out before the first is put in: an output of the body may be the memory of an input.
    void run_step(int64_t index) const {
        for (const Pair& pair : carries_in) copy(pair.from, pair.to);
        for (const auto& [rows, target] : read) copy(rows.at(index), target);
        body->run();
        for (const auto& [source, rows] : stacked) copy(source, rows.at(index));
        for (const Pair& pair : carries_out) copy(pair.from, pair.to);
    }
};

Step scan(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const auto constants = static_cast<size_t>(attributes.integer("constants", 0));
    const auto carries = static_cast<size_t>(attributes.integer("carries", 0));
    auto scan = std::make_shared<Scan>();
    scan->body = binder.load(attributes.block("body"));
    scan->length = attributes.integer("length");
    scan->reverse = attributes.flag("reverse");
    const Arrays &taken = scan->body->inputs(), &made = scan->body->outputs();
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (i < constants) {
            scan->constants.push_back({inputs[i], taken[i]});
        } else if (i < constants + carries) {
            const Array& result = outputs[i - constants];
            scan->starts.push_back({inputs[i], result});
            scan->carries_in.push_back({result, taken[i]});
            scan->carries_out.push_back({made[i - constants], result});
        } else {
            scan->read.emplace_back(Rows(inputs[i]), taken[i]);
        }
    }
    for (size_t i = carries; i < outputs.size(); ++i) scan->stacked.emplace_back(made[i], Rows(outputs[i]));
    const double cost = 10.0 + COST_OF_BLOCK * static_cast<double>(scan->length);
    return whole([scan] { scan->run(); }).costing(cost);
}

}  // namespace

KernelTable control_table() { return {{"cond", cond}, {"while", while_loop}, {"scan", scan}}; }

}  // namespace flintglass
