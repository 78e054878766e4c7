// Groups: an elementwise block over several small variables runs once, over one flat array of all of them.
//
// A small network's optimizer is then one pass. Large variables stay alone: their step is chained to their gradient.
#include "groups.h"

#include <algorithm>
#include <set>

#include "kernels/fused.h"

namespace flintglass {

namespace {

constexpr int64_t LARGE = 8192;  // elements of a variable that stays alone

const Program& body_of(const FlatLine& line) { return *line.attributes.block("body"); }

class Expander {
public:
    Expander(Flat& flat, const std::function<const Array*(int)>& state_array)
        : flat_(flat), state_array_(state_array) {}

    Expanded run() {
        const std::vector<FlatLine> lines = flat_.lines;
        for (size_t i = 0; i < lines.size();) {
            if (lines[i].primitive != "each") {
                result_.lines.push_back(lines[i++]);
                continue;
            }
            size_t end = i + 1;
            while (end < lines.size() && joins(lines, i, end)) ++end;
            if (end - i < 2 || !as_group({lines.begin() + i, lines.begin() + end})) {
                end = i + 1;
                alone(lines[i]);
            }
            i = end;
        }
        return std::move(result_);
    }

private:
    int64_t count(int slot) const { return count_of(flat_.slots[slot].shape); }
    bool small(const FlatLine& line) const { return count(line.outputs[0]) < LARGE; }

    bool joins(const std::vector<FlatLine>& lines, size_t first, size_t next) const {
        const FlatLine& line = lines[next];
        if (line.primitive != "each" || &body_of(line) != &body_of(lines[first])) return false;
        if (!small(lines[first]) || !small(line)) return false;
        for (size_t i = first; i < next; ++i) {
            for (int slot : lines[i].outputs) {
                if (std::count(line.inputs.begin(), line.inputs.end(), slot)) return false;
            }
        }
        return true;
    }

    // One flat slot for the slots of all members; none where their memory cannot lie in a row.
    std::optional<int> row_of(const std::vector<int>& slots, std::vector<std::pair<int, Piece>>& aimed) {
        if (std::optional<int> row = whole_row(slots, result_.pieces)) return row;
        if (std::optional<int> row = whole_row(slots, result_.aimed)) return row;
        const Array* first = state_array_(slots[0]);
        int64_t total = 0;
        std::set<int> distinct;
        for (int slot : slots) {
            const Array* array = state_array_(slot);
            if ((array == nullptr) != (first == nullptr) || !distinct.insert(slot).second) return std::nullopt;
            if (array && array->data != first->data + total * bytes_of(first->dtype)) return std::nullopt;
            if (!array && (is_placed(slot) || flat_.literals.count(slot) || is_input(slot))) return std::nullopt;
            total += count(slot);
        }
        const DType dtype = flat_.slots[slots[0]].dtype;
        const int row = flat_.add_slot(dtype, {total});
        if (first) {
            result_.known.emplace(row, Array(first->data, dtype, {total}));
            for (int slot : slots) result_.shadows[slot] = row;
            return row;
        }
        int64_t offset = 0;
        for (int slot : slots) {
            aimed.push_back({slot, {row, offset}});
            offset += count(slot);
        }
        return row;
    }

    bool is_placed(int slot) const { return result_.aimed.count(slot) || result_.pieces.count(slot); }

    // The slot that these are pieces of, one after the other and without a rest.
    std::optional<int> whole_row(const std::vector<int>& slots, const std::map<int, Piece>& placed) const {
        auto first = placed.find(slots[0]);
        if (first == placed.end()) return std::nullopt;
        const int row = first->second.slot;
        int64_t offset = 0;
        for (int slot : slots) {
            auto found = placed.find(slot);
            if (found == placed.end() || found->second.slot != row || found->second.offset != offset)
                return std::nullopt;
            offset += count(slot);
        }
        if (offset != count(row)) return std::nullopt;
        return row;
    }

    bool is_input(int slot) const { return std::count(flat_.inputs.begin(), flat_.inputs.end(), slot) != 0; }

    // False where the operands do not allow it.
    bool as_group(const std::vector<FlatLine>& members) {
        const FlatLine& first = members[0];
        std::vector<int> inputs;
        std::vector<std::pair<int, Piece>> aimed;
        for (size_t operand = 0; operand < first.inputs.size(); ++operand) {
            std::vector<int> slots;
            for (const FlatLine& member : members) slots.push_back(member.inputs[operand]);
            const bool shared = std::all_of(slots.begin(), slots.end(), [&](int slot) { return slot == slots[0]; });
            if (shared && flat_.slots[slots[0]].shape.empty()) {
                inputs.push_back(slots[0]);
                continue;
            }
            for (size_t i = 0; i < slots.size(); ++i) {
                if (flat_.slots[slots[i]].shape != flat_.slots[members[i].outputs[0]].shape) return false;
            }
            std::optional<int> row = row_of(slots, aimed);
            if (!row) return false;
            inputs.push_back(*row);
        }
        std::set<int> twice;
        for (const auto& [slot, piece] : aimed) {
            if (!twice.insert(slot).second) return false;
        }
        for (const auto& [slot, piece] : aimed) {
            result_.aimed[slot] = piece;
            if (piece.offset == 0) result_.gathered.push_back(piece.slot);
        }
        spread_members(members, inputs);
        return true;
    }

    void spread_members(const std::vector<FlatLine>& members, const std::vector<int>& inputs) {
        int64_t total = 0;
        for (const FlatLine& member : members) total += count(member.outputs[0]);
        const std::vector<int> results = block(members[0], inputs, {total});
        for (size_t output = 0; output < results.size(); ++output) {
            int64_t offset = 0;
            for (const FlatLine& member : members) {
                result_.pieces[member.outputs[output]] = {results[output], offset};
                offset += count(member.outputs[output]);
            }
        }
    }

    void alone(const FlatLine& line) {
        const Shape shape = flat_.slots[line.outputs[0]].shape;  // a copy: block adds slots
        const std::vector<int> results = block(line, line.inputs, shape);
        for (size_t i = 0; i < results.size(); ++i) result_.pieces[line.outputs[i]] = {results[i], 0};
    }

    // The block over these slots: one line where a fused kernel knows its body, else the body's lines.
    std::vector<int> block(const FlatLine& line, const std::vector<int>& inputs, const Shape& shape) {
        if (can_fuse(line, inputs, shape)) {
            FlatLine fused{"fused", inputs, {}, line.attributes, line.origin};
            for (int output : line.outputs) fused.outputs.push_back(flat_.add_slot(flat_.slots[output].dtype, shape));
            result_.lines.push_back(fused);
            return fused.outputs;
        }
        Spread spread_out = spread(flat_, body_of(line), inputs, shape, line.origin);
        for (FlatLine& inner : spread_out.lines) result_.lines.push_back(std::move(inner));
        return spread_out.results;
    }

    bool can_fuse(const FlatLine& line, const std::vector<int>& inputs, const Shape& shape) const {
        const DType dtype = flat_.slots[line.outputs[0]].dtype;
        if (dtype != DType::Float32 && dtype != DType::Float64) return false;
        for (int slot : inputs) {
            if (flat_.slots[slot].dtype != dtype) return false;
            if (flat_.slots[slot].shape != shape && !flat_.slots[slot].shape.empty()) return false;
        }
        for (int slot : line.outputs) {
            if (flat_.slots[slot].dtype != dtype) return false;
        }
        return fused_kernels().count(signature_of(body_of(line)).first) != 0;
    }

    Flat& flat_;
    const std::function<const Array*(int)>& state_array_;
    Expanded result_;
};

}  // namespace

Expanded expand(Flat& flat, const std::function<const Array*(int)>& state_array) {
    return Expander(flat, state_array).run();
}

}  // namespace flintglass
