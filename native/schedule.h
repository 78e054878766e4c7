// The schedule: steps arranged into segments, each run block by block over its rows, and its blocks by several threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel.h"

namespace flintglass {

// Memory that a step reads or writes. Where it does so row by row (row i of the step touches row i of the region
// alone), row_bytes is the length of a row, else 0.
struct Region {
    const char* begin;
    const char* end;
    int64_t row_bytes;
    bool written;
};

struct Placed {
    std::string label;  // what it does, for those who look where the time goes
    Step step;
    std::vector<Region> regions;

    // The step that makes the matrix `made`, an input that nobody else reads; none: -1.
    int64_t maker = -1;
    size_t made = 0;
};

// The memory that an array's elements lie in.
Region region_of(const Array& array, bool written, int64_t rows, bool by_rows);

class Schedule {
public:
    Schedule() = default;
    explicit Schedule(std::vector<Placed> steps);

    void run() const;

    // Every step with its segment, its rows, its estimated cost, and how long it took when all was run so many times.
    struct Timed {
        std::string label;
        int64_t segment, rows;
        double estimated, measured;  // nanoseconds
    };
    std::vector<Timed> timed(int64_t times) const;
    double cost() const { return cost_; }  // an estimate, in nanoseconds

private:
    struct Call {
        void (*run)(const void* self, int64_t begin, int64_t end);
        const void* self;
        int64_t rows;
    };
    struct Segment {
        size_t first, last;  // calls [first, last)
        int64_t rows;        // 1: every call is run whole
        int64_t cached;      // as many rows as keep a block's memory in the cache
        double cost;
    };
    void join(std::vector<size_t>& chain);
    void run_segment(const Segment& segment) const;

    std::vector<Placed> steps_;
    std::vector<Call> calls_;
    std::vector<size_t> order_;  // of the steps, as they are called
    std::vector<Segment> segments_;
    double cost_ = 0.0;
};

}  // namespace flintglass
