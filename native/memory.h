// Memory of a plan: aligned, zeroed, given back when the plan ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
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
        for (void* chunk : chunks_) std::free(chunk);
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

    // The system zeroes a large piece page by page, when it is first touched: what a plan lays out and never writes,
    // such as a gradient that is handed on in strips, takes no memory.
    char* new_chunk(int64_t bytes) {
        void* chunk = std::calloc(static_cast<size_t>(bytes + ALIGNMENT), 1);
        if (chunk == nullptr) throw std::bad_alloc();
        chunks_.push_back(chunk);
        const auto address = reinterpret_cast<uintptr_t>(chunk);
        return static_cast<char*>(chunk) + (ALIGNMENT - address % ALIGNMENT);
    }

    std::vector<void*> chunks_;
    char* next_ = nullptr;
    int64_t left_ = 0;
};

}  // namespace flintglass
