// The plan: a program with its sizes bound, its values laid in memory, and its steps scheduled: run() is all that is
// left.
#include "plan.h"

#include <algorithm>
#include <deque>
#include <set>

#include "groups.h"
#include "kernels/fused.h"
#include "kernels/tables.h"

namespace flintglass {

namespace {

// Memory below this size is not given to another value: nothing is won, and steps that share memory cannot be moved.
constexpr int64_t WORTH_REUSING = 4096;
// So many lines later a buffer may be used again: nearer steps could not be chained if they shared it.
constexpr size_t DELAY = 12;

bool overlap(const Array& a, const Array& b) {
    const Region first = region_of(a, true, 1, false), second = region_of(b, true, 1, false);
    return first.begin < second.end && second.begin < first.end;
}

bool same_memory(const Array& a, const Array& b) {
    return a.data == b.data && a.bytes() == b.bytes() && a.packed() && b.packed();
}

bool is_elementwise(const std::string& primitive) {
    static const std::set<std::string> names = [] {
        std::set<std::string> found{"fused"};
        for (const auto& [name, kernel] : elementwise_table()) found.insert(name);
        return found;
    }();
    return names.count(primitive) != 0;
}

// Errors that a line may raise say which line it was.
bool may_fail(const std::string& primitive) {
    static const std::set<std::string> names{"gather", "scatter_add", "power", "cond", "while", "scan"};
    return names.count(primitive) != 0;
}

Step naming_the_line(const Step& step, const FlatLine& line) {
    const std::string place = " (in " + line.origin + ", line '" + line.primitive + "')";
    Step wrapped = over_rows(step.rows, [step, place](int64_t begin, int64_t end) {
        try {
            step.run(step.self.get(), begin, end);
        } catch (const IndexOutOfRange& error) {
            throw IndexOutOfRange(error.what() + place);
        } catch (const BadValue& error) {
            throw BadValue(error.what() + place);
        }
    });
    wrapped.cost = step.cost;
    wrapped.by_rows = step.by_rows;
    wrapped.row_inputs = step.row_inputs;
    return wrapped;
}

// A step over elements as one over the rows of an array.
Step by_rows_of(Step step, const Array& out, const Arrays& inputs) {
    if (out.rank() < 1 || out.shape[0] < 1 || out.count() != step.rows) return step;
    const int64_t width = step.rows / out.shape[0];
    Step wider = over_rows(out.shape[0], [step, width](int64_t begin, int64_t end) {
        step.run(step.self.get(), begin * width, end * width);
    });
    wider.cost = step.cost;
    uint64_t full = 0;
    for (size_t i = 0; i < inputs.size(); ++i) full |= uint64_t{inputs[i].rank() > 0} << i;
    wider.taking = step.taking;
    return wider.along_rows(full);
}

std::string shape_text(const Array& array) {
    std::string text = " [";
    for (size_t axis = 0; axis < array.shape.size(); ++axis) {
        text += (axis ? ", " : "") + std::to_string(array.shape[axis]);
    }
    return text + "]";
}

Step copy_step(const Array& src, const Array& dst) {
    const double cost = 10.0 + 0.2 * static_cast<double>(dst.count());
    if (src.rank() < 1 || src.shape[0] < 2) return whole([src, dst] { copy(src, dst); }).costing(cost);
    const int64_t from = src.strides[0] * bytes_of(src.dtype), to = dst.strides[0] * bytes_of(dst.dtype);
    Step step = over_rows(src.shape[0], [src, dst, from, to](int64_t begin, int64_t end) {
        Array some = src, there = dst;
        some.shape[0] = there.shape[0] = end - begin;
        some.data += begin * from;
        there.data += begin * to;
        copy(some, there);
    });
    return step.costing(cost).along_rows(1);
}

}  // namespace

// For every slot, the last line that reads it, itself or as a part of another, and how many read it.
class Lifetimes {
public:
    Lifetimes(const Flat& flat, const Expanded& expanded)
        : root_(flat.slots.size()), last_(flat.slots.size(), -1), reads_(flat.slots.size(), 0) {
        for (size_t slot = 0; slot < root_.size(); ++slot) root_[slot] = static_cast<int>(slot);
        for (const auto& [slot, piece] : expanded.pieces) root_[slot] = piece.slot;
        for (size_t position = 0; position < expanded.lines.size(); ++position) {
            const FlatLine& line = expanded.lines[position];
            if (views().count(line.primitive) && !expanded.aimed.count(line.outputs[0])) {
                root_[line.outputs[0]] = line.inputs[0];
            }
            for (int slot : line.inputs) read(slot, position);
        }
        for (int slot : flat.outputs) read(slot, expanded.lines.size());
        for (auto [target, source] : flat.updates) read(source, expanded.lines.size());
    }

    int root(int slot) const {
        while (root_[slot] != slot) slot = root_[slot];
        return slot;
    }
    int last(int slot) const { return last_[root(slot)]; }
    int reads(int slot) const { return reads_[root(slot)]; }

private:
    void read(int slot, size_t position) {
        last_[root(slot)] = static_cast<int>(position);
        ++reads_[root(slot)];
    }

    std::vector<int> root_, last_, reads_;
};

class Planner final : public Binder {
public:
    Planner(Plan& plan, const Program& program, const Sizes& sizes, const Arrays& state, const Feed* feed)
        : plan_(plan), flat_(flatten(program, sizes)) {
        for (size_t i = 0; i < state.size(); ++i) state_.emplace(flat_.state[i], state[i]);
        expanded_ = expand(flat_, [this](int slot) -> const Array* {
            auto found = state_.find(slot);
            return found == state_.end() ? nullptr : &found->second;
        });
        arrays_.resize(flat_.slots.size());
        known_.resize(flat_.slots.size(), false);
        lay_what_exists(feed);
        Lifetimes lifetimes(flat_, expanded_);
        lifetimes_ = &lifetimes;
        aim_updates();
        for (size_t i = 0; i < expanded_.lines.size(); ++i) bind(expanded_.lines[i], static_cast<int>(i));
        keep_outputs();
        write_back();
        plan_.schedule_ = Schedule(std::move(steps_));
    }

    // -- what kernels ask for

    Array packed(const Array& x) override {
        if (x.packed()) return x;
        return prepared(x, x.shape, [&x](const Array& copied) { return copy_step(x, copied); });
    }

    Array prepared(const Array& x, const Shape& shape, const std::function<Step(const Array&)>& fill) override {
        const int64_t bytes = count_of(shape) * bytes_of(x.dtype);
        if (line_is_constant_ || is_constant(x)) {  // written now, to memory that no other value gets
            Array written(plan_.memory_.take(bytes), x.dtype, shape);
            const Step step = fill(written);
            step.run(step.self.get(), 0, step.rows);
            return written;
        }
        Array written(take(bytes), x.dtype, shape);
        std::vector<std::pair<Array, size_t>> others;
        std::swap(others, copies_);
        place(fill(written), {x}, {written});
        std::swap(others, copies_);
        copies_.emplace_back(written, input_like(x));
        finished_.emplace_back(written.data, bytes);
        return written;
    }

    Array scratch(DType dtype, Shape shape) override {
        char* data = plan_.memory_.take(count_of(shape) * bytes_of(dtype));
        return Array(data, dtype, shape);
    }

    std::shared_ptr<Nested> load(const Block& block) override {
        return std::make_shared<Plan>(*block, flat_.sizes, Arrays{});
    }

private:
    static constexpr size_t NO_INPUT = 64;

    size_t input_like(const Array& x) const {
        for (size_t i = 0; i < line_inputs_->size(); ++i) {
            if ((*line_inputs_)[i].data == x.data && (*line_inputs_)[i].shape == x.shape) return i;
        }
        return NO_INPUT;
    }

    void know(int slot, Array array) {
        arrays_[slot] = std::move(array);
        known_[slot] = true;
    }

    Array fresh(int slot) {
        const Slot& described = flat_.slots[slot];
        return Array(plan_.memory_.take(count_of(described.shape) * bytes_of(described.dtype)), described.dtype,
                     described.shape);
    }

    void lay_what_exists(const Feed* feed) {
        for (const auto& [slot, array] : state_) know(slot, array);
        for (const auto& [slot, array] : expanded_.known) know(slot, array);
        for (const auto& [slot, number] : flat_.literals) {
            Array array = fresh(slot);
            dispatch(array.dtype, [&, &number = number](auto tag) {
                using T = typename decltype(tag)::type;
                std::visit([&](auto value) {
                    if constexpr (std::is_same_v<T, Half>) {
                        *array.as<T>() = Half(static_cast<float>(value));
                    } else {
                        *array.as<T>() = static_cast<T>(value);
                    }
                }, number);
            });
            constants_.emplace(array.data, array.bytes());
            know(slot, std::move(array));
        }
        for (size_t i = 0; i < flat_.inputs.size(); ++i) {
            const int slot = flat_.inputs[i];
            know(slot, fresh(slot));
            plan_.inputs_.push_back(arrays_[slot]);
            if (feed) gather_rows(feed->columns[i], feed->cursor, arrays_[slot]);
        }
        for (int slot : expanded_.gathered) know(slot, fresh(slot));
    }

    // Rows of one number each.
    template <class T> static Step gather_numbers(const char* from, char* to, const Cursor* cursor, int64_t count) {
        const T* source = reinterpret_cast<const T*>(from);
        T* target = reinterpret_cast<T*>(to);
        return over_rows(count, [=](int64_t begin, int64_t end) {
            const int64_t* rows = cursor->rows;
            const int64_t first = cursor->first;
            for (int64_t i = begin; i < end; ++i) target[i] = source[rows ? rows[first + i] : first + i];
        });
    }

    void gather_rows(const Column& column, const Cursor* cursor, const Array& target) {
        const int64_t from = column.elements * bytes_of(column.dtype), to = column.elements * bytes_of(target.dtype);
        const Array one(nullptr, column.dtype, {column.elements}), there(nullptr, target.dtype, {column.elements});
        const bool same = column.dtype == target.dtype;
        const char* source = column.data;
        char* data = target.data;
        Step step;
        if (same && column.elements == 1) {
            step = dispatch_bytes(from, [&](auto tag) {
                return gather_numbers<typename decltype(tag)::type>(source, data, cursor, target.shape[0]);
            });
        } else {
            step = over_rows(target.shape[0], [=](int64_t begin, int64_t end) {
                const int64_t* rows = cursor->rows;
                for (int64_t i = begin; i < end; ++i) {
                    const int64_t row = rows ? rows[cursor->first + i] : cursor->first + i;
                    if (same) {
                        std::memcpy(data + i * to, source + row * from, static_cast<size_t>(to));
                    } else {
                        Array src = one, dst = there;
                        src.data = const_cast<char*>(source) + row * from;
                        dst.data = data + i * to;
                        copy(src, dst);
                    }
                }
            });
        }
        label_ = "rows" + shape_text(target);
        place(step.costing(10.0 + 0.2 * static_cast<double>(target.count())).along_rows(0), {}, {target});
    }

    // Let a line write straight into the state that it replaces, where no later line reads the old value.
    void aim_updates() {
        std::map<int, size_t> makers;
        for (size_t i = 0; i < expanded_.lines.size(); ++i) {
            for (int slot : expanded_.lines[i].outputs) makers[slot] = i;
        }
        std::map<int, int> uses;
        for (auto [target, source] : flat_.updates) ++uses[source];
        std::map<int, std::map<int64_t, int>> by_row;  // a row -> the targets of its pieces, by offset
        for (auto [target, source] : flat_.updates) {
            if (uses[source] > 1) continue;
            auto piece = expanded_.pieces.find(source);
            if (piece != expanded_.pieces.end()) {
                by_row[piece->second.slot][piece->second.offset] = target;
            } else if (!expanded_.aimed.count(source) && makers.count(source)) {
                aim(source, {target}, makers[source]);
            }
        }
        for (const auto& [row, targets] : by_row) {
            if (!makers.count(row) || known_[row]) continue;
            std::vector<int> slots;
            for (const auto& [offset, target] : targets) slots.push_back(target);
            aim(row, slots, makers[row]);
        }
    }

    // The slot's memory becomes that of the targets, which must follow each other and be read by nobody later.
    void aim(int slot, const std::vector<int>& targets, size_t position) {
        const Array& first = arrays_[targets[0]];
        int64_t bytes = 0;
        for (int target : targets) {
            if (arrays_[target].data != first.data + bytes) return;
            bytes += arrays_[target].bytes();
            auto shadow = expanded_.shadows.find(target);
            if (lifetimes_->last(target) > static_cast<int>(position)) return;
            if (shadow != expanded_.shadows.end() && lifetimes_->last(shadow->second) > static_cast<int>(position))
                return;
        }
        const Slot& described = flat_.slots[slot];
        const Array there(first.data, described.dtype, described.shape);
        if (bytes != there.bytes() || described.dtype != first.dtype) return;
        const FlatLine& line = expanded_.lines[position];
        for (int input : line.inputs) {
            const int root = lifetimes_->root(input);
            if (!known_[root] || !overlap(arrays_[root], there)) continue;
            if (root != input || !is_elementwise(line.primitive) || !same_memory(arrays_[root], there)) return;
        }
        targeted_.emplace(slot, there);
    }

    void bind(const FlatLine& line, int position) {
        Arrays inputs;
        for (int slot : line.inputs) inputs.push_back(array_of(slot));
        const int first = line.outputs[0];
        const bool placed_elsewhere = targeted_.count(first) || expanded_.aimed.count(first);
        if (views().count(line.primitive) && !placed_elsewhere) {
            Array seen;
            const Slot& described = flat_.slots[first];
            if (views().at(line.primitive)(inputs[0], line.attributes, described.shape, described.dtype, seen)) {
                know(first, seen);
                return;
            }
        }
        line_is_constant_ = !placed_elsewhere && is_constant_line(line);
        Arrays outputs;
        for (int slot : line.outputs) outputs.push_back(output(line, slot, position));
        for (size_t i = 0; i < outputs.size(); ++i) know(line.outputs[i], outputs[i]);
        line_inputs_ = &inputs;
        copies_.clear();
        label_ = line.primitive;
        for (const Array& array : inputs) label_ += shape_text(array);
        label_ += " ->" + shape_text(outputs[0]);
        Step step = step_of(line, inputs, outputs);
        if (line_is_constant_) {
            step.run(step.self.get(), 0, step.rows);
            for (const Array& made : outputs) constants_.emplace(made.data, made.bytes());
        } else {
            place(may_fail(line.primitive) && !line.origin.empty() ? naming_the_line(step, line) : step, inputs,
                  outputs);
            connect(line);
        }
        release(line, position);
    }

    Step step_of(const FlatLine& line, const Arrays& inputs, const Arrays& outputs) {
        if (line.primitive == "fused") {
            const auto [signature, literals] = signature_of(*line.attributes.block("body"));
            Arrays operands;
            for (const Array& input : inputs) operands.push_back(packed(input));
            return by_rows_of(fused_kernels().at(signature)(operands, outputs, literals), outputs[0], operands);
        }
        if (line.attributes.has("host")) return host_step(line.attributes.host(), inputs, outputs);
        auto kernel = kernels().find(line.primitive);
        if (kernel == kernels().end()) throw BadValue("the native engine has no kernel for '" + line.primitive + "'");
        return kernel->second(inputs, outputs, line.attributes, *this);
    }

    // Notes which of the line's inputs its step can take from the step that makes it, since nobody else reads it.
    void connect(const FlatLine& line) {
        Placed& placed = steps_.back();
        for (size_t i = 0; placed.step.taking && i < line.inputs.size(); ++i) {
            auto maker = makers_.find(line.inputs[i]);
            if (maker == makers_.end() || lifetimes_->reads(line.inputs[i]) != 1) continue;
            placed.maker = maker->second;
            placed.made = i;
            break;
        }
        if (placed.step.into) makers_.emplace(line.outputs[0], static_cast<int64_t>(steps_.size()) - 1);
    }

    // A function of Python, which takes some microseconds to call, and is called by the thread that runs the program.
    Step host_step(const HostCall& call, const Arrays& inputs, const Arrays& outputs) {
        Arrays operands;
        for (const Array& input : inputs) operands.push_back(packed(input));
        return whole([call, operands, outputs] { (*call)(operands, outputs); }).costing(20000.0);
    }

    bool is_constant_line(const FlatLine& line) const {
        if (line.inputs.empty()) return true;
        return std::all_of(line.inputs.begin(), line.inputs.end(),
                           [&](int slot) { return is_constant(array_of(slot)); });
    }

    bool is_constant(const Array& array) const {
        auto after = constants_.upper_bound(array.data);
        if (after == constants_.begin()) return false;
        const auto& [begin, bytes] = *std::prev(after);
        return array.data < begin + std::max<int64_t>(bytes, 1);
    }

    const Array array_of(int slot) const {
        auto piece = expanded_.pieces.find(slot);
        if (piece == expanded_.pieces.end()) return arrays_[slot];
        const Array whole = array_of(piece->second.slot);
        return piece_of(whole, piece->second.offset, flat_.slots[slot].shape);
    }

    static Array piece_of(const Array& whole, int64_t offset, const Shape& shape) {
        if (whole.shape == shape) return whole;
        return Array(whole.data + offset * bytes_of(whole.dtype), whole.dtype, shape);
    }

    // -- memory

    Array output(const FlatLine& line, int slot, int position) {
        auto targeted = targeted_.find(slot);
        if (targeted != targeted_.end()) return targeted->second;
        auto aimed = expanded_.aimed.find(slot);
        if (aimed != expanded_.aimed.end()) {
            return piece_of(arrays_[aimed->second.slot], aimed->second.offset, flat_.slots[slot].shape);
        }
        if (line_is_constant_) return fresh(slot);
        const Slot& described = flat_.slots[slot];
        const int64_t bytes = count_of(described.shape) * bytes_of(described.dtype);
        if (bytes < WORTH_REUSING) return fresh(slot);
        if (is_elementwise(line.primitive) && line.outputs.size() == 1) {
            for (int source : line.inputs) {
                if (may_overwrite(line, source, described, position)) {
                    owned_.erase(source);
                    owned_.insert(slot);
                    return Array(arrays_[source].data, described.dtype, described.shape);
                }
            }
        }
        owned_.insert(slot);
        return Array(take(bytes), described.dtype, described.shape);
    }

    bool may_overwrite(const FlatLine& line, int source, const Slot& wanted, int position) const {
        const Slot& described = flat_.slots[source];
        if (!owned_.count(source) || lifetimes_->last(source) > position) return false;
        if (described.shape != wanted.shape || bytes_of(described.dtype) != bytes_of(wanted.dtype)) return false;
        return std::all_of(line.inputs.begin(), line.inputs.end(),
                           [&](int other) { return other == source || lifetimes_->root(other) != source; });
    }

    char* take(int64_t bytes) {
        for (auto spare = spare_.begin(); spare != spare_.end(); ++spare) {
            if (spare->bytes == bytes && spare->from <= steps_.size()) {
                char* data = spare->data;
                spare_.erase(spare);
                return data;
            }
        }
        return plan_.memory_.take(bytes);
    }

    // Give back the memory that no later line reads.
    void release(const FlatLine& line, int position) {
        std::set<int> slots(line.inputs.begin(), line.inputs.end());
        slots.insert(line.outputs.begin(), line.outputs.end());
        std::set<int> roots;
        for (int slot : slots) roots.insert(lifetimes_->root(slot));
        for (int slot : roots) {
            if (owned_.count(slot) && lifetimes_->last(slot) <= position) {
                owned_.erase(slot);
                spare_.push_back({arrays_[slot].data, arrays_[slot].bytes(), steps_.size() + DELAY});
            }
        }
        for (const auto& [data, bytes] : finished_) spare_.push_back({data, bytes, steps_.size() + DELAY});
        finished_.clear();
    }

    // -- steps

    void place(Step step, const Arrays& inputs, const Arrays& outputs) {
        Placed placed;
        for (size_t i = 0; i < inputs.size(); ++i) {
            const bool row = step.by_rows && i < NO_INPUT && (step.row_inputs >> i & 1);
            placed.regions.push_back(region_of(inputs[i], false, step.rows, row));
        }
        for (const auto& [copied, input] : copies_) {
            const bool row = step.by_rows && input < NO_INPUT && (step.row_inputs >> input & 1);
            placed.regions.push_back(region_of(copied, false, step.rows, row));
        }
        for (const Array& array : outputs) placed.regions.push_back(region_of(array, true, step.rows, step.by_rows));
        placed.label = label_.empty() ? "copy" : label_;
        placed.step = std::move(step);
        steps_.push_back(std::move(placed));
    }

    // What shows the old value of a state that is updated is copied before the updates.
    void keep_outputs() {
        label_.clear();
        copies_.clear();
        for (int slot : flat_.outputs) {
            Array array = array_of(slot);
            bool shows_state = false;
            for (auto [target, source] : flat_.updates) {
                // The new value itself, where a line has written it over the old one.
                const bool is_new = lifetimes_->root(slot) == lifetimes_->root(source) &&
                                    same_memory(array_of(source), arrays_[target]);
                shows_state |= !is_new && overlap(array, arrays_[target]);
            }
            if (shows_state || !array.packed()) {
                Array kept = fresh(slot);
                place(copy_step(array, kept), {array}, {kept});
                array = kept;
            }
            plan_.outputs_.push_back(array);
        }
    }

    // Copy what could not be written in place; every read of the old values lies before.
    void write_back() {
        std::vector<std::pair<Array, Array>> late;
        for (auto [target, source] : flat_.updates) {
            const Array from = array_of(source);
            if (!same_memory(from, arrays_[target])) late.emplace_back(arrays_[target], from);
        }
        const bool swapped = std::any_of(late.begin(), late.end(), [&](const auto& one) {
            return std::any_of(late.begin(), late.end(),
                               [&](const auto& other) { return overlap(one.second, other.first); });
        });
        if (swapped) {  // one state takes the old value of another: both must be read before either is written
            for (auto& [target, from] : late) {
                Array kept(plan_.memory_.take(from.bytes()), from.dtype, from.shape);
                place(copy_step(from, kept), {from}, {kept});
                from = kept;
            }
        }
        for (const auto& [target, from] : late) place(copy_step(from, target), {from}, {target});
    }

    struct Spare {
        char* data;
        int64_t bytes;
        size_t from;  // how many steps there must be before it is used again
    };

    Plan& plan_;
    Flat flat_;
    std::map<int, Array> state_;
    Expanded expanded_;
    std::vector<Array> arrays_;
    std::vector<bool> known_;
    const Lifetimes* lifetimes_ = nullptr;
    std::map<int, Array> targeted_;
    std::set<int> owned_;  // slots whose memory may be given to another
    std::deque<Spare> spare_;
    std::map<char*, int64_t> constants_;  // memory that never changes, by where it begins
    std::vector<Placed> steps_;
    std::map<int, int64_t> makers_;  // a slot -> the step that makes it and could hand it on
    std::string label_;              // of the line being bound
    bool line_is_constant_ = false;
    const Arrays* line_inputs_ = nullptr;
    std::vector<std::pair<Array, size_t>> copies_;     // packed copies of the line being bound, and of which input
    std::vector<std::pair<char*, int64_t>> finished_;  // their memory
};

Plan::Plan(const Program& program, const Sizes& sizes, const Arrays& state, const Feed* feed) {
    for (const Array& array : state) state_.push_back(array.data);
    Planner(*this, program, sizes, state, feed);
}

}  // namespace flintglass
