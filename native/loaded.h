// A loaded program: its sizes bound, with plans that are ready for one caller each.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "plan.h"

namespace flintglass {

class Loaded {
public:
    Loaded(std::shared_ptr<const Program> program, Sizes sizes)
        : program_(std::move(program)), sizes_(std::move(sizes)) {}

    // A plan for these state arrays that no other thread holds.
    std::unique_ptr<Plan> take(const Arrays& state) {
        std::vector<char*> wanted;
        for (const Array& array : state) wanted.push_back(array.data);
        {
            std::lock_guard<std::mutex> lock(mutex_);
            for (size_t i = idle_.size(); i-- > 0;) {
                if (!idle_[i]->serves(wanted)) continue;
                std::unique_ptr<Plan> plan = std::move(idle_[i]);
                idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
                return plan;
            }
        }
        return std::make_unique<Plan>(*program_, sizes_, state);
    }

    void give_back(std::unique_ptr<Plan> plan) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (idle_.size() == KEPT) idle_.erase(idle_.begin());
        idle_.push_back(std::move(plan));
    }

private:
    static constexpr size_t KEPT = 4;
    std::shared_ptr<const Program> program_;
    Sizes sizes_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Plan>> idle_;
};

}  // namespace flintglass
