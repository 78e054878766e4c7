// Memory of a thread for what a step needs while it runs: one buffer, which grows and is given back with the thread.
#include "memory.h"

#include "kernel.h"

namespace flintglass {

namespace {

class ThreadBuffer {
public:
    ThreadBuffer() = default;
    ThreadBuffer(const ThreadBuffer&) = delete;
    ThreadBuffer& operator=(const ThreadBuffer&) = delete;
    ~ThreadBuffer() { release(); }

    char* at_least(int64_t bytes) {
        if (bytes > bytes_ || data_ == nullptr) grow(bytes);
        return data_;
    }

private:
    static constexpr std::align_val_t ALIGNMENT{Memory::ALIGNMENT};
    static constexpr int64_t SMALLEST = 1 << 14;

    // Half as much again, so that ever larger requests do not each allocate.
    void grow(int64_t bytes) {
        const int64_t roomy = bytes + bytes / 2;
        release();
        const int64_t wanted = roomy < SMALLEST ? SMALLEST : roomy;
        data_ = static_cast<char*>(::operator new(static_cast<size_t>(wanted), ALIGNMENT));
        bytes_ = wanted;
    }

    void release() {
        if (data_ != nullptr) ::operator delete(data_, ALIGNMENT);
        data_ = nullptr;
        bytes_ = 0;
    }

    char* data_ = nullptr;
    int64_t bytes_ = 0;
};

}  // namespace

char* thread_scratch(int64_t bytes) {
    thread_local ThreadBuffer buffer;
    return buffer.at_least(bytes);
}

}  // namespace flintglass
