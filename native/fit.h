// A fit: steps over batches, epoch after epoch, with validation and the metrics' results, without leaving the machine.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "loaded.h"
#include "plan.h"

namespace flintglass {

// A program that makes a step on each batch of some rows.
class Course {
public:
    Course(std::shared_ptr<const Program> program, Arrays state, Arrays columns, int64_t batch, int64_t steps);
    Course(const Course&) = delete;
    Course& operator=(const Course&) = delete;

    int64_t rows() const { return rows_; }
    int64_t steps() const { return steps_; }
    // The order of the rows; they come as they lie where it is empty.
    std::vector<int64_t>& order() { return order_; }
    const Arrays& step(int64_t number);
    double cost();  // of a step, in nanoseconds

private:
    Plan& plan_for(int64_t rows);

    std::shared_ptr<const Program> program_;
    Arrays state_;
    Feed feed_;
    Cursor cursor_;
    std::vector<Shape> shapes_;  // of a row of each column
    std::vector<int64_t> order_;
    int64_t rows_, batch_, steps_;
    std::unique_ptr<Plan> full_, rest_;
};

using Copies = std::vector<std::pair<Array, Array>>;  // (to, from)

struct FitSettings {
    std::optional<uint64_t> seed;  // of the order of the rows; none: as they lie
    int64_t first_epoch = 0;
    std::vector<bool> validated;  // which epochs, counted from the first, are followed by a validation
    Copies resets;                // the metrics' sums, and what they begin an epoch with
    Copies kept;                  // memory for the state at an epoch's beginning, and the state
    Arrays watched;               // weights that should stay finite
};

class Fit {
public:
    enum class Pause { EpochsDone, TimeUp, StepsDone, NotFinite };

    Fit(std::unique_ptr<Course> training, std::unique_ptr<Course> validation, std::unique_ptr<Plan> results,
        FitSettings settings);

    // Goes on until this epoch is about to begin, or so many seconds or steps have passed, or, where `watch`
    // is set, an epoch ends in which a loss or a weight became nan or infinite (at once where `at_once`).
    Pause run(int64_t until_epoch, double seconds, int64_t steps, bool watch, bool at_once);

    int64_t epoch() const { return epoch_; }
    int64_t step() const { return phase_ == Phase::Between ? 0 : step_; }  // how many were made in this epoch
    int64_t bad_step() const { return bad_step_; }
    const Arrays& outputs() const { return *outputs_; }

    // What was found at the ends of epochs since the last call: the results after training, then after validation.
    struct Finished {
        int64_t epoch;
        double seconds;
        std::vector<char> training, validation;
    };
    std::vector<Finished> take_finished() { return std::exchange(finished_, {}); }
    const Arrays& results() const { return results_->outputs(); }

private:
    class Watch;  // over the clock
    void begin_epoch();
    bool train(Watch& clock, int64_t& steps, bool watch, bool at_once, Pause& pause);
    bool validate(Watch& clock);
    void end_training();
    void end_epoch();
    bool spoiled() const;
    std::vector<char> read_results();

    std::unique_ptr<Course> training_, validation_;
    std::unique_ptr<Plan> results_;
    FitSettings settings_;
    int64_t epoch_, step_ = 0, bad_step_ = -1;
    int64_t validation_step_ = 0;
    enum class Phase { Between, Training, Validation } phase_ = Phase::Between;
    std::chrono::steady_clock::time_point begun_;
    std::vector<char> trained_;  // the results of the epoch's training
    const Arrays* outputs_ = nullptr;
    std::vector<Finished> finished_;
};

}  // namespace flintglass
