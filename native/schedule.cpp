// The schedule: steps arranged into segments, each run block by block over its rows, and its blocks by several threads.
//
// Steps that work row by row on equally many rows form a chain: a block of rows goes through all of them while it is
// in the cache, and threads share the blocks with one barrier for the whole chain. So a network's forward pass is one
// chain over the batch, and a weight's gradient with the optimizer's step on it one over the weight's rows.
#include "schedule.h"

#include <algorithm>
#include <chrono>

#include "pool.h"

namespace flintglass {

namespace {

// Nanoseconds below which a segment is not shared among threads: what one core has written comes slowly to the other.
// The estimates are of slower processors: on a core that does 140 GFLOP/s such a segment takes half of it.
constexpr double SHARED = 40000.0;
// What a block should take at least, in nanoseconds, for claiming it to cost little.
constexpr double BLOCK = 3000.0;
// Bytes of a block's rows: what fits into the second-level cache beside the weights.
constexpr int64_t CACHED = 192 * 1024;
constexpr int64_t FEWEST_ROWS = 64;  // a product copies parts of its right operand for so many rows at least
// How many segments back a step may be moved.
constexpr size_t REACH = 64;

enum class Conflict { None, Aligned, Any };

Conflict conflict(const Region& a, const Region& b) {
    if (!(a.written || b.written) || a.end <= b.begin || b.end <= a.begin) return Conflict::None;
    const bool same_rows = a.row_bytes > 0 && a.row_bytes == b.row_bytes && a.begin == b.begin;
    return same_rows ? Conflict::Aligned : Conflict::Any;
}

// The worst conflict of what one touches with what another does.
Conflict conflict(const std::vector<Region>& mine, const std::vector<Region>& theirs) {
    Conflict worst = Conflict::None;
    for (const Region& one : mine) {
        for (const Region& other : theirs) worst = std::max(worst, conflict(one, other));
        if (worst == Conflict::Any) break;
    }
    return worst;
}

// A segment while steps are placed.
struct Draft {
    int64_t rows;  // above 1: a chain, or a single step that is split into rows of its own
    bool chain;
    std::vector<size_t> steps;
    std::vector<Region> regions;

    void add(size_t index, const Placed& placed) {
        steps.push_back(index);
        for (const Region& region : placed.regions) {
            const bool known = std::any_of(regions.begin(), regions.end(), [&](const Region& other) {
                return other.begin == region.begin && other.end == region.end && other.row_bytes == region.row_bytes &&
                       other.written == region.written;
            });
            if (!known) regions.push_back(region);
        }
    }
};

// The segment that a step can join: for a chain of its rows the one that made what it reads, else the nearest; for a
// step run whole the earliest. Between it and the end nothing may touch what the step touches.
Draft* home_of(const Placed& placed, bool chainable, std::vector<Draft>& drafts) {
    Draft* found = nullptr;
    const size_t stop = drafts.size() > REACH ? drafts.size() - REACH : 0;
    for (size_t i = drafts.size(); i-- > stop;) {
        Draft& draft = drafts[i];
        const Conflict worst = conflict(draft.regions, placed.regions);
        if (chainable) {
            const bool joins = draft.chain && draft.rows == placed.step.rows && worst != Conflict::Any;
            if (joins && (!found || worst == Conflict::Aligned)) found = &draft;
        } else if (draft.rows == 1) {
            found = &draft;
        }
        if (worst != Conflict::None) break;
    }
    return found;
}

std::vector<Draft> arranged(const std::vector<Placed>& steps) {
    std::vector<Draft> drafts;
    drafts.push_back({1, false, {}, {}});  // what depends on the state alone comes first
    for (size_t i = 0; i < steps.size(); ++i) {
        const Step& step = steps[i].step;
        const bool chainable = step.by_rows && step.rows > 1;
        const bool alone = !chainable && step.rows > 1 && step.cost >= SHARED;
        Draft* home = alone ? nullptr : home_of(steps[i], chainable, drafts);
        if (!home) {
            drafts.push_back({chainable || alone ? step.rows : 1, chainable, {}, {}});
            home = &drafts.back();
        }
        home->add(i, steps[i]);
    }
    return drafts;
}

int64_t row_bytes_of(const Draft& draft) {
    int64_t total = 0;
    for (const Region& region : draft.regions) total += region.row_bytes;
    return std::max<int64_t>(total, 1);
}

}  // namespace

Region region_of(const Array& array, bool written, int64_t rows, bool by_rows) {
    const int64_t size = bytes_of(array.dtype);
    int64_t low = 0, high = 0;
    for (size_t axis = 0; axis < array.shape.size(); ++axis) {
        if (array.shape[axis] == 0) return {array.data, array.data, 0, written};
        const int64_t reach = (array.shape[axis] - 1) * array.strides[axis];
        (reach < 0 ? low : high) += reach;
    }
    const bool aligned = by_rows && !array.shape.empty() && array.shape[0] == rows && array.packed();
    return {array.data + low * size, array.data + (high + 1) * size, aligned ? array.bytes() / rows : 0, written};
}

Schedule::Schedule(std::vector<Placed> steps) : steps_(std::move(steps)) {
    for (Draft& draft : arranged(steps_)) {
        if (draft.steps.empty()) continue;
        if (draft.chain) join(draft.steps);
        Segment segment{calls_.size(), 0, draft.rows, draft.rows, 0.0};
        for (size_t index : draft.steps) {
            const Step& step = steps_[index].step;
            calls_.push_back({step.run, step.self.get(), step.rows});
            order_.push_back(index);
            segment.cost += step.cost;
        }
        segment.last = calls_.size();
        if (draft.chain) segment.cached = std::max(CACHED / row_bytes_of(draft), FEWEST_ROWS);
        cost_ += segment.cost;
        const bool split = segment.rows > 1 && (segment.cost >= SHARED || segment.cached < segment.rows);
        if (!split) segment.rows = 1;
        if (!split && !segments_.empty() && segments_.back().rows == 1) {
            segments_.back().last = segment.last;
            segments_.back().cost += segment.cost;
        } else {
            segments_.push_back(segment);
        }
    }
}

// Steps of a chain that can take a matrix while it is made do so: then it never goes through memory. The step that
// makes it is run later for that, which no step between may notice.
void Schedule::join(std::vector<size_t>& chain) {
    for (size_t i = 0; i < chain.size(); ++i) {
        Placed& placed = steps_[chain[i]];
        const auto taker = chain.begin() + static_cast<std::ptrdiff_t>(i);
        const auto maker = std::find(chain.begin(), taker, static_cast<size_t>(placed.maker));
        if (placed.maker < 0 || maker == taker) continue;
        const Placed& made = steps_[*maker];
        const bool unnoticed = std::all_of(maker + 1, taker, [&](size_t between) {
            return conflict(made.regions, steps_[between].regions) == Conflict::None;
        });
        if (!unnoticed) continue;
        Step joined = made.step.into(placed.step.taking(placed.made));
        joined.cost = made.step.cost + placed.step.cost;
        placed.step = std::move(joined);
        placed.label = made.label + ", " + placed.label;
        chain.erase(maker);
        --i;
    }
}

void Schedule::run() const {
    for (const Segment& segment : segments_) {
        if (segment.rows == 1) {
            for (size_t i = segment.first; i < segment.last; ++i) calls_[i].run(calls_[i].self, 0, calls_[i].rows);
        } else {
            run_segment(segment);
        }
    }
}

std::vector<Schedule::Timed> Schedule::timed(int64_t times) const {
    using Clock = std::chrono::steady_clock;
    std::vector<Timed> found;
    for (size_t number = 0; number < segments_.size(); ++number) {
        const Segment& segment = segments_[number];
        for (size_t i = segment.first; i < segment.last; ++i) {
            const Placed& placed = steps_[order_[i]];
            found.push_back({placed.label, static_cast<int64_t>(number), segment.rows == 1 ? 1 : calls_[i].rows,
                             placed.step.cost, 0.0});
        }
    }
    for (int64_t time = 0; time < times; ++time) {
        for (size_t i = 0; i < calls_.size(); ++i) {
            const auto before = Clock::now();
            calls_[i].run(calls_[i].self, 0, calls_[i].rows);
            const std::chrono::duration<double, std::nano> took = Clock::now() - before;
            if (time == 0 || took.count() < found[i].measured) found[i].measured = took.count();
        }
    }
    return found;
}

void Schedule::run_segment(const Segment& segment) const {
    int64_t block = std::min(segment.cached, segment.rows);
    const int threads = segment.cost >= SHARED ? thread_count() : 1;
    if (threads > 1) {
        const double blocks = std::min(segment.cost / BLOCK, 4.0 * threads);
        const int64_t shared = static_cast<int64_t>(static_cast<double>(segment.rows) / std::max(blocks, 1.0));
        const int64_t fewest = std::min(FEWEST_ROWS, (segment.rows + threads - 1) / threads);
        block = std::min(block, std::max(shared, fewest));
    }
    block = std::max<int64_t>(block, 1);
    auto run_block = [&](int64_t number) {
        const int64_t begin = number * block, end = std::min(begin + block, segment.rows);
        for (size_t i = segment.first; i < segment.last; ++i) calls_[i].run(calls_[i].self, begin, end);
    };
    const int64_t count = (segment.rows + block - 1) / block;
    if (threads > 1) {
        Pool::run(count, run_block);
    } else {
        for (int64_t number = 0; number < count; ++number) run_block(number);
    }
}

}  // namespace flintglass
