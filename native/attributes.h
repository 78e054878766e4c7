// The attributes of a line: numbers, texts, lists of numbers, blocks, the host's function. An absent one is false, or
// none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "array.h"

namespace flintglass {

struct Program;
using Block = std::shared_ptr<const Program>;

// What computes a line of the host's tier: it reads the operands and writes the results, all of them packed.
using HostCall = std::shared_ptr<const std::function<void(const Arrays& inputs, const Arrays& outputs)>>;

// Every named size is bound to a number here.
using Attribute = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, Block, HostCall>;

class Attributes {
public:
    std::map<std::string, Attribute> items;

    bool has(const std::string& name) const { return items.count(name) != 0; }
    bool flag(const std::string& name) const {
        auto found = items.find(name);
        return found != items.end() && std::get<bool>(found->second);
    }
    int64_t integer(const std::string& name) const { return std::get<int64_t>(items.at(name)); }
    int64_t integer(const std::string& name, int64_t absent) const { return has(name) ? integer(name) : absent; }
    // A whole number may be written where a number is wanted.
    double number(const std::string& name) const {
        const Attribute& value = items.at(name);
        if (auto whole = std::get_if<int64_t>(&value)) return static_cast<double>(*whole);
        if (auto truth = std::get_if<bool>(&value)) return *truth ? 1.0 : 0.0;
        return std::get<double>(value);
    }
    double number(const std::string& name, double absent) const { return has(name) ? number(name) : absent; }
    const std::string& text(const std::string& name) const { return std::get<std::string>(items.at(name)); }
    const std::vector<int64_t>& integers(const std::string& name) const {
        return std::get<std::vector<int64_t>>(items.at(name));
    }
    const Block& block(const std::string& name) const { return std::get<Block>(items.at(name)); }
    const HostCall& host() const { return std::get<HostCall>(items.at("host")); }
};

}  // namespace flintglass
