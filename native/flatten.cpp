// Flatten: a program becomes numbered slots and lines, its calls inlined and its named sizes bound to numbers.
#include "flatten.h"

#include <cstring>
#include <iterator>

namespace flintglass {

namespace {

double as_double(const Number& number) {
    return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

int64_t bits_of(const Number& number) {
    if (auto real = std::get_if<double>(&number)) {
        int64_t bits;
        std::memcpy(&bits, real, sizeof bits);
        return bits;
    }
    return std::visit([](auto value) { return static_cast<int64_t>(value); }, number);
}

Attribute bound(const OpenAttribute& attribute, const Sizes& sizes) {
    struct Bind {
        const Sizes& sizes;
        Attribute operator()(const Dimension& dimension) const { return dimension.bind(sizes); }
        Attribute operator()(const std::vector<Dimension>& dimensions) const {
            std::vector<int64_t> numbers;
            for (const Dimension& dimension : dimensions) numbers.push_back(dimension.bind(sizes));
            return numbers;
        }
        Attribute operator()(bool value) const { return value; }
        Attribute operator()(double value) const { return value; }
        Attribute operator()(const std::string& value) const { return value; }
        Attribute operator()(const Block& value) const { return value; }
        Attribute operator()(const HostCall& value) const { return value; }
    };
    return std::visit(Bind{sizes}, attribute);
}

Shape bound(const std::vector<Dimension>& shape, const Sizes& sizes) {
    Shape numbers;
    for (const Dimension& extent : shape) numbers.push_back(extent.bind(sizes));
    return numbers;
}

using Table = std::vector<int>;  // from a program's values to slots; -1 where not known yet

class Flattener {
public:
    Flattener(Flat& flat, const Sizes& sizes) : flat_(flat), sizes_(sizes) {}

    int slot_of(const Program& program, int value, Table& table) {
        const Value& described = program.values[value];
        if (described.is_literal && table[value] < 0) {
            table[value] = flat_.add_literal(described.dtype, described.literal);
        }
        return table[value];
    }

    int new_slot(const Value& value) { return flat_.add_slot(value.dtype, bound(value.shape, sizes_)); }

    void append(const Program& program, Table& table) {
        for (const Line& line : program.lines) {
            std::vector<int> inputs;
            for (int value : line.inputs) inputs.push_back(slot_of(program, value, table));
            if (line.primitive == "call") {
                inline_call(line, inputs, table);
            } else {
                append_line(program, line, std::move(inputs), table);
            }
        }
    }

private:
    void inline_call(const Line& line, const std::vector<int>& inputs, Table& table) {
        const Program& body = *std::get<Block>(line.attributes.at("body"));
        Table inner(body.values.size(), -1);
        for (size_t i = 0; i < inputs.size(); ++i) inner[body.inputs[i]] = inputs[i];
        append(body, inner);
        for (size_t i = 0; i < line.outputs.size(); ++i) table[line.outputs[i]] = slot_of(body, body.outputs[i], inner);
    }

    // A block may compute again what its caller, or its gradient, has computed: one line serves both.
    void append_line(const Program& program, const Line& line, std::vector<int> inputs, Table& table) {
        Attributes attributes;
        for (const auto& [name, value] : line.attributes) attributes.items.emplace(name, bound(value, sizes_));
        Key key{line.primitive, inputs, attributes.items};
        auto found = known_.find(key);
        if (found == known_.end()) {
            std::vector<int> outputs;
            for (int value : line.outputs) outputs.push_back(new_slot(program.values[value]));
            found = known_.emplace(std::move(key), outputs).first;
            flat_.lines.push_back({line.primitive, std::move(inputs), outputs, std::move(attributes), line.origin});
        }
        for (size_t i = 0; i < line.outputs.size(); ++i) table[line.outputs[i]] = found->second[i];
    }

    using Key = std::tuple<std::string, std::vector<int>, std::map<std::string, Attribute>>;
    Flat& flat_;
    const Sizes& sizes_;
    std::map<Key, std::vector<int>> known_;
};

Shape broadcast(const Flat& flat, const std::vector<int>& slots) {
    size_t rank = 0;
    for (int slot : slots) rank = std::max(rank, flat.slots[slot].shape.size());
    Shape shape(rank, 1);
    for (int slot : slots) {
        const Shape& other = flat.slots[slot].shape;
        for (size_t axis = 0; axis < other.size(); ++axis) {
            int64_t& extent = shape[rank - other.size() + axis];
            if (extent == 1) extent = other[axis];
        }
    }
    return shape;
}

}  // namespace

int64_t Dimension::bind(const Sizes& sizes) const {
    int64_t total = 0;
    for (const Term& term : terms) {
        int64_t product = term.coefficient;
        for (const std::string& name : term.names) product *= sizes.at(name);
        total += product;
    }
    return total;
}

int Flat::add_slot(DType dtype, Shape shape) {
    slots.push_back({dtype, std::move(shape)});
    return static_cast<int>(slots.size()) - 1;
}

int Flat::add_literal(DType dtype, Number value) {
    auto key = std::make_tuple(dtype, value.index(), 0.0, bits_of(value));
    auto found = known_literals_.find(key);
    if (found != known_literals_.end()) return found->second;
    int slot = add_slot(dtype, {});
    literals.emplace(slot, value);
    known_literals_.emplace(key, slot);
    return slot;
}

Flat flatten(const Program& program, const Sizes& sizes) {
    Flat flat;
    flat.sizes = sizes;
    Flattener flattener(flat, flat.sizes);
    Table table(program.values.size(), -1);
    for (int value : program.state) flat.state.push_back(table[value] = flattener.new_slot(program.values[value]));
    for (int value : program.inputs) flat.inputs.push_back(table[value] = flattener.new_slot(program.values[value]));
    flattener.append(program, table);
    for (int value : program.outputs) flat.outputs.push_back(flattener.slot_of(program, value, table));
    for (auto [target, source] : program.updates) {
        flat.updates.emplace_back(table[target], flattener.slot_of(program, source, table));
    }
    return flat;
}

Spread spread(Flat& flat, const Program& body, const std::vector<int>& inputs, Shape shape, const std::string& origin) {
    Spread result;
    Table table(body.values.size(), -1);
    for (size_t i = 0; i < inputs.size(); ++i) table[body.inputs[i]] = inputs[i];
    auto slot_of = [&](int value) {
        const Value& described = body.values[value];
        if (described.is_literal && table[value] < 0)
            table[value] = flat.add_literal(described.dtype, described.literal);
        return table[value];
    };
    for (const Line& line : body.lines) {
        FlatLine flattened;
        flattened.primitive = line.primitive;
        flattened.origin = origin;
        for (int value : line.inputs) flattened.inputs.push_back(slot_of(value));
        if (line.primitive == "each" || line.primitive == "call") {
            const Program& nested = *std::get<Block>(line.attributes.at("body"));
            const Shape made = broadcast(flat, flattened.inputs);
            Spread inner = spread(flat, nested, flattened.inputs, made, origin);
            std::move(inner.lines.begin(), inner.lines.end(), std::back_inserter(result.lines));
            for (size_t i = 0; i < line.outputs.size(); ++i) table[line.outputs[i]] = inner.results[i];
            continue;
        }
        for (const auto& [name, value] : line.attributes)
            flattened.attributes.items.emplace(name, bound(value, flat.sizes));
        const Shape made = broadcast(flat, flattened.inputs);
        for (int value : line.outputs) {
            flattened.outputs.push_back(table[value] = flat.add_slot(body.values[value].dtype, made));
        }
        result.lines.push_back(std::move(flattened));
    }
    // What a body returns may be smaller than the arrays that it runs over: a literal, or an operand that all share.
    for (int value : body.outputs) {
        int slot = slot_of(value);
        if (flat.slots[slot].shape != shape) {
            FlatLine filled;
            filled.primitive = "broadcast";
            filled.origin = origin;
            filled.inputs = {slot};
            filled.attributes.items.emplace("shape", shape);
            slot = flat.add_slot(body.values[value].dtype, shape);
            filled.outputs = {slot};
            result.lines.push_back(std::move(filled));
        }
        result.results.push_back(slot);
    }
    return result;
}

std::pair<std::string, std::vector<double>> signature_of(const Program& body) {
    std::vector<std::string> names(body.values.size());
    for (size_t i = 0; i < body.inputs.size(); ++i) names[body.inputs[i]] = "i" + std::to_string(i);
    std::string text;
    std::vector<double> literals;
    auto name_of_value = [&](int value) {
        if (!body.values[value].is_literal) return names[value];
        literals.push_back(as_double(body.values[value].literal));
        return "#" + std::to_string(literals.size() - 1);
    };
    for (size_t i = 0; i < body.lines.size(); ++i) {
        const Line& line = body.lines[i];
        text += line.primitive;
        for (int value : line.inputs) text += " " + name_of_value(value);
        for (int value : line.outputs) names[value] = "l" + std::to_string(i);
        text += "; ";
    }
    text += "return";
    for (int value : body.outputs) text += " " + name_of_value(value);
    return {text, literals};
}

}  // namespace flintglass
