// The pool: threads that share the rows of a step. Who runs which rows never changes a result.
#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif
#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace flintglass {

namespace {

inline void pause() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Spins before a thread sleeps: about 20 us. Longer spinning takes the processor from others on a shared machine;
// shorter spinning pays for waking up (5 to 50 us) between the steps of one fit.
constexpr int SPINS = 1000;

thread_local bool sharing = false;  // this thread runs a job's tasks now

struct Job {
    Pool::Task task = nullptr;
    const void* context = nullptr;
    int64_t count = 0;
    bool flush = false;
};

class Workers {
public:
    static constexpr uint64_t OPEN = 1ULL << 63;

    explicit Workers(int helpers) {
        for (int i = 0; i < helpers; ++i) threads_.emplace_back([this] { work(); });
    }

    ~Workers() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            ending_.store(true);
            generation_.fetch_add(1);
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    int helpers() const { return static_cast<int>(threads_.size()); }

    void run(const Job& job) {
        job_ = job;
        failure_ = nullptr;
        next_.store(0, std::memory_order_relaxed);
        gate_.store(OPEN, std::memory_order_release);
        {
            // Under the lock, so that a thread that is about to sleep sees the new generation or gets the signal.
            std::lock_guard<std::mutex> lock(mutex_);
            generation_.fetch_add(1, std::memory_order_release);
        }
        if (sleeping_.load() > 0) wake_.notify_all();
        take();
        // Only those who came are waited for: on a busy machine a helper may wake when all is done.
        gate_.fetch_and(~OPEN, std::memory_order_acq_rel);
        for (int spins = 0; gate_.load(std::memory_order_acquire) != 0; ++spins) {
            if (spins < SPINS) {
                pause();
            } else {
                std::this_thread::yield();
            }
        }
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    void take() {
        sharing = true;
        try {
            for (int64_t number; (number = next_.fetch_add(1, std::memory_order_relaxed)) < job_.count;) {
                job_.task(job_.context, number);
            }
        } catch (...) {
            next_.store(job_.count, std::memory_order_relaxed);
            std::lock_guard<std::mutex> lock(mutex_);
            if (!failure_) failure_ = std::current_exception();
        }
        sharing = false;
    }

    bool enter() {
        uint64_t gate = gate_.load(std::memory_order_acquire);
        while (gate & OPEN) {
            if (gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel)) return true;
        }
        return false;
    }

    void work() {
        uint64_t seen = 0;
        while (true) {
            wait_for_more_than(seen);
            seen = generation_.load(std::memory_order_acquire);
            if (ending_.load()) return;
            if (!enter()) continue;
            {
                FlushSubnormals flush(job_.flush);
                take();
            }
            gate_.fetch_sub(1, std::memory_order_release);
        }
    }

    void wait_for_more_than(uint64_t seen) {
        for (int spins = 0; spins < SPINS; ++spins) {
            if (generation_.load(std::memory_order_acquire) != seen) return;
            pause();
        }
        std::unique_lock<std::mutex> lock(mutex_);
        sleeping_.fetch_add(1);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_acquire) != seen; });
        sleeping_.fetch_sub(1);
    }

    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Job job_;
    std::exception_ptr failure_;
    std::atomic<bool> ending_{false};
    alignas(64) std::atomic<uint64_t> generation_{0};
    alignas(64) std::atomic<int64_t> next_{0};
    alignas(64) std::atomic<uint64_t> gate_{0};  // OPEN while a job may be joined, plus how many have joined
    std::atomic<int> sleeping_{0};
};

std::mutex in_use;           // held by the thread whose job runs
Workers* workers = nullptr;  // made when first needed, made anew for another number of threads
std::atomic<int> wanted{0};

// After a fork only the calling thread lives on: the child starts with a pool of its own when it needs one.
void forget_in_child() {
    workers = nullptr;
    new (&in_use) std::mutex;
}

void watch_forks() {
#if !defined(_WIN32)
    static std::once_flag once;
    std::call_once(once, [] { pthread_atfork(nullptr, nullptr, forget_in_child); });
#endif
}

// What a container allows, in whole processors; 0 where it says nothing.
int container_limit([[maybe_unused]] const std::string& folder) {
#if defined(__linux__)
    long long quota = 0, period = 0;
    // A file that is not there, or says "max", leaves zeros.
    if (std::ifstream both{folder + "/cpu.max"}) {
        both >> quota >> period;
    } else {
        std::ifstream{folder + "/cpu/cpu.cfs_quota_us"} >> quota;
        std::ifstream{folder + "/cpu/cpu.cfs_period_us"} >> period;
    }
    if (quota > 0 && period > 0) return static_cast<int>(std::max(1LL, quota / period));
#endif
    return 0;
}

}  // namespace

int usable_processors(const std::string& control_groups) {
    int count = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
    if (int limit = container_limit(control_groups)) count = std::min(count, limit);
    return std::max(count, 1);
}

int thread_count() {
    static const int usable = usable_processors();
    const int set = wanted.load(std::memory_order_relaxed);
    return set > 0 ? set : usable;
}

void set_thread_count(int count) { wanted.store(count); }

void Pool::run(int64_t count, Task task, const void* context) {
    const int helpers = thread_count() - 1;
    std::unique_lock<std::mutex> lock(in_use, std::defer_lock);
    if (count > 1 && helpers > 0 && !sharing && lock.try_lock()) {
        watch_forks();
        if (!workers || workers->helpers() != helpers) {
            delete workers;
            workers = new Workers(helpers);
        }
        workers->run({task, context, count, FlushSubnormals::active()});
        return;
    }
    for (int64_t number = 0; number < count; ++number) task(context, number);
}

#if defined(__x86_64__) || defined(_M_X64)
constexpr unsigned FLUSH_BITS = 0x8040;  // flush-to-zero and denormals-are-zero
FlushSubnormals::FlushSubnormals(bool wanted) : wanted_(wanted) {
    if (!wanted_) return;
    before_ = _mm_getcsr();
    _mm_setcsr(before_ | FLUSH_BITS);
}
FlushSubnormals::~FlushSubnormals() {
    if (wanted_) _mm_setcsr(before_);
}
bool FlushSubnormals::active() { return (_mm_getcsr() & FLUSH_BITS) == FLUSH_BITS; }
#else
FlushSubnormals::FlushSubnormals(bool) : wanted_(false) {}
FlushSubnormals::~FlushSubnormals() = default;
bool FlushSubnormals::active() { return false; }
#endif

}  // namespace flintglass
