// Memory of a plan: aligned, zeroed, given back when the plan ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

namespace flintglass {

class Memory {
public:
    static constexpr int64_t ALIGNMENT = 64;

    Memory() = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
        for (void* chunk : chunks_) ::operator delete(chunk, std::align_val_t{ALIGNMENT});
    }

    // Small pieces are laid next to each other, so that a small program's values share few cache lines and pages.
    char* take(int64_t bytes) {
        bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (bytes > CHUNK / 4) return new_chunk(bytes);
        if (bytes > left_) {
            next_ = new_chunk(CHUNK);
            left_ = CHUNK;
        }
        char* piece = next_;
        next_ += bytes;
        left_ -= bytes;
        return piece;
    }

private:
    static constexpr int64_t CHUNK = 1 << 16;

    char* new_chunk(int64_t bytes) {
        if (bytes < ALIGNMENT) bytes = ALIGNMENT;
        void* chunk = ::operator new(static_cast<size_t>(bytes), std::align_val_t{ALIGNMENT});
        std::memset(chunk, 0, static_cast<size_t>(bytes));
        chunks_.push_back(chunk);
        return static_cast<char*>(chunk);
    }

    std::vector<void*> chunks_;
    char* next_ = nullptr;
    int64_t left_ = 0;
};

}  // namespace flintglass
