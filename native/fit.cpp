// A fit: steps over batches, epoch after epoch, with validation and the metrics' results, without leaving the machine.
#include "fit.h"

#include "finite.h"
#include "order.h"
#include "pool.h"

namespace flintglass {

namespace {

// How much computing lies between two looks at the clock, in nanoseconds.
constexpr double UNWATCHED = 100000.0;

void copy_all(const Copies& copies) {
    for (const auto& [to, from] : copies) std::memcpy(to.data, from.data, static_cast<size_t>(to.bytes()));
}

}  // namespace

Course::Course(std::shared_ptr<const Program> program, Arrays state, Arrays columns, int64_t batch, int64_t steps)
    : program_(std::move(program)), state_(std::move(state)), rows_(columns.at(0).shape.at(0)),
      batch_(std::min(batch, rows_)), steps_((rows_ + batch_ - 1) / batch_) {
    if (steps > 0) steps_ = std::min(steps_, steps);
    for (const Array& column : columns) {
        Shape row(column.shape.begin() + 1, column.shape.end());
        feed_.columns.push_back({column.data, column.dtype, count_of(row)});
        shapes_.push_back(std::move(row));
    }
    feed_.cursor = &cursor_;
}

Plan& Course::plan_for(int64_t rows) {
    std::unique_ptr<Plan>& plan = rows == batch_ ? full_ : rest_;
    if (!plan) plan = std::make_unique<Plan>(*program_, Sizes{{"n", rows}}, state_, &feed_);
    return *plan;
}

const Arrays& Course::step(int64_t number) {
    cursor_.rows = order_.empty() ? nullptr : order_.data();
    cursor_.first = number * batch_;
    const Plan& plan = plan_for(std::min(batch_, rows_ - cursor_.first));
    plan.run();
    return plan.outputs();
}

double Course::cost() { return plan_for(batch_).cost(); }

Fit::Fit(std::unique_ptr<Course> training, std::unique_ptr<Course> validation, std::unique_ptr<Plan> results,
         FitSettings settings)
    : training_(std::move(training)), validation_(std::move(validation)), results_(std::move(results)),
      settings_(std::move(settings)), epoch_(settings_.first_epoch) {}

// Looks at the clock, but not after every step: that would cost more than a small step itself.
class Fit::Watch {
public:
    explicit Watch(double seconds)
        : deadline_(Clock::now() +
                    std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {}
    bool over(double cost) {
        unwatched_ += cost;
        if (unwatched_ < UNWATCHED) return false;
        unwatched_ = 0.0;
        return Clock::now() >= deadline_;
    }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point deadline_;
    double unwatched_ = 0.0;
};

void Fit::begin_epoch() {
    begun_ = std::chrono::steady_clock::now();
    copy_all(settings_.kept);
    copy_all(settings_.resets);
    if (settings_.seed) {
        training_->order().resize(static_cast<size_t>(training_->rows()));
        permute(*settings_.seed, static_cast<uint64_t>(epoch_), training_->order());
    }
    step_ = 0;
    bad_step_ = -1;
    phase_ = Phase::Training;
}

Fit::Pause Fit::run(int64_t until_epoch, double seconds, int64_t steps, bool watch, bool at_once) {
    Watch clock(seconds);
    const FlushSubnormals flush(true);
    Pause pause = Pause::EpochsDone;
    while (epoch_ < until_epoch) {
        if (phase_ == Phase::Between) begin_epoch();
        if (phase_ == Phase::Training && !train(clock, steps, watch, at_once, pause)) return pause;
        if (phase_ == Phase::Validation && !validate(clock)) return Pause::TimeUp;
        end_epoch();
        if (watch && (bad_step_ >= 0 || spoiled())) return Pause::NotFinite;
        if (steps <= 0) return Pause::StepsDone;
        if (clock.over(0.0)) return Pause::TimeUp;
    }
    return pause;
}

// True when the epoch's steps are made.
bool Fit::train(Watch& clock, int64_t& steps, bool watch, bool at_once, Pause& pause) {
    const double cost = training_->cost();
    while (step_ < training_->steps()) {
        outputs_ = &training_->step(step_);
        if (watch && bad_step_ < 0 && !is_finite((*outputs_)[0])) bad_step_ = step_;
        ++step_;
        --steps;
        const bool more = step_ < training_->steps();
        if (bad_step_ >= 0 && at_once) pause = Pause::NotFinite;
        else if (steps <= 0 && more) pause = Pause::StepsDone;
        else if (clock.over(cost) && more) pause = Pause::TimeUp;
        else continue;
        return false;
    }
    end_training();
    return true;
}

void Fit::end_training() {
    trained_ = read_results();
    const size_t index = static_cast<size_t>(epoch_ - settings_.first_epoch);
    if (validation_ && index < settings_.validated.size() && settings_.validated[index]) {
        copy_all(settings_.resets);
        validation_step_ = 0;
        phase_ = Phase::Validation;
    }
}

bool Fit::validate(Watch& clock) {
    const double cost = validation_->cost();
    while (validation_step_ < validation_->steps()) {
        validation_->step(validation_step_++);
        if (clock.over(cost) && validation_step_ < validation_->steps()) return false;
    }
    return true;
}

void Fit::end_epoch() {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
    finished_.push_back({epoch_, took.count(), std::move(trained_), {}});
    if (phase_ == Phase::Validation) finished_.back().validation = read_results();
    ++epoch_;
    phase_ = Phase::Between;
}

bool Fit::spoiled() const {
    for (const Array& weights : settings_.watched) {
        if (!is_finite(weights)) return true;
    }
    return false;
}

std::vector<char> Fit::read_results() {
    results_->run();
    std::vector<char> bytes;
    for (const Array& output : results_->outputs())
        bytes.insert(bytes.end(), output.data, output.data + output.bytes());
    return bytes;
}

}  // namespace flintglass
