// The pool: threads that share the rows of a step. Who runs which rows never changes a result.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace flintglass {

// A task is called with every number in [0, count), on the calling thread and the pool's; returns when all are done.
// Where another thread uses the pool at the moment, the calling thread does everything itself.
// The first exception that a task throws is thrown again here.
class Pool {
public:
    using Task = void (*)(const void* context, int64_t number);
    static void run(int64_t count, Task task, const void* context);

    template <class F> static void run(int64_t count, const F& f) {
        run(count, [](const void* context, int64_t number) { (*static_cast<const F*>(context))(number); }, &f);
    }
};

// How many threads compute, the calling one among them: set, or as many as the process may use.
int thread_count();
void set_thread_count(int count);  // 0: as many as the process may use
// What the process may use: its affinity, and a container's share, which the files below `control_groups` say.
int usable_processors(const std::string& control_groups = "/sys/fs/cgroup");

// While it lives, this thread takes numbers too small for the normal range as 0, read and written: they would make
// arithmetic many times slower. The setting before comes back after.
class FlushSubnormals {
public:
    explicit FlushSubnormals(bool wanted);
    ~FlushSubnormals();
    FlushSubnormals(const FlushSubnormals&) = delete;
    FlushSubnormals& operator=(const FlushSubnormals&) = delete;
    static bool active();

private:
    bool wanted_;
    unsigned before_ = 0;
};

}  // namespace flintglass
