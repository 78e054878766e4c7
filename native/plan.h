// The plan: a program with its sizes bound, its values laid in memory, and its steps scheduled: run() is all that is
// left.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flatten.h"
#include "kernel.h"
#include "memory.h"
#include "schedule.h"

namespace flintglass {

// Where the rows of a program's inputs are copied from while a fit runs.
struct Column {
    const char* data;  // rows of packed elements
    DType dtype;
    int64_t elements;  // of a row
};
struct Cursor {
    const int64_t* rows = nullptr;  // which rows; where null, those from `first` on
    int64_t first = 0;
};
struct Feed {
    std::vector<Column> columns;
    const Cursor* cursor;
};

class Plan : public Nested {
public:
    // The state's arrays are packed; they are updated in place. With a feed, a run begins by copying rows to the
    // inputs.
    Plan(const Program& program, const Sizes& sizes, const Arrays& state, const Feed* feed = nullptr);

    const Arrays& inputs() const override { return inputs_; }
    const Arrays& outputs() const override { return outputs_; }
    void run() const override { schedule_.run(); }

    const Schedule& schedule() const { return schedule_; }
    double cost() const { return schedule_.cost(); }
    bool serves(const std::vector<char*>& state) const { return state == state_; }

private:
    friend class Planner;
    Memory memory_;
    Schedule schedule_;
    Arrays inputs_, outputs_;
    std::vector<char*> state_;
};

}  // namespace flintglass
