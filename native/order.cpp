// The order of the rows in an epoch: a function of (seed, epoch) alone, the same that the Python side computes.
#include "order.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace flintglass {

namespace {

#if defined(__SIZEOF_INT128__)
__extension__ using Wide = unsigned __int128;

uint64_t high_product(uint64_t a, uint64_t b, uint64_t& low) {
    const Wide whole = Wide{a} * b;
    low = static_cast<uint64_t>(whole);
    return static_cast<uint64_t>(whole >> 64);
}
#else
uint64_t high_product(uint64_t a, uint64_t b, uint64_t& low) {
    const uint64_t a0 = a & 0xFFFFFFFFu, a1 = a >> 32, b0 = b & 0xFFFFFFFFu, b1 = b >> 32;
    const uint64_t low_part = a0 * b0;
    const uint64_t middle = a1 * b0 + (low_part >> 32);
    const uint64_t other = a0 * b1 + (middle & 0xFFFFFFFFu);
    low = a * b;
    return a1 * b1 + (middle >> 32) + (other >> 32);
}
#endif

// Philox 4x64-10 as NumPy runs it. Source: J. Salmon and others, "Parallel random numbers: as easy as 1, 2, 3"
// (SC 2011); the constants are those of its reference implementation.
class Philox64 {
public:
    Philox64(uint64_t first, uint64_t second) : key_{first, second} {}

    // The halves of its numbers of 64 bits, the lower one first.
    uint32_t next_32() {
        if (used_ == HALVES) refill();
        return halves_[used_++];
    }

    // Before the first next_32().
    uint64_t next_64() {
        const uint64_t low = next_32();
        return low | uint64_t{next_32()} << 32;
    }

private:
    // Blocks at once: a round waits for the one before, so that one block alone leaves the multipliers idle.
    static constexpr int BLOCKS = 4, HALVES = 8 * BLOCKS;

    void refill() {
        uint64_t x[BLOCKS][4], k0 = key_[0], k1 = key_[1];
        for (auto& block : x) {
            for (uint64_t& word : counter_) {
                if (++word != 0) break;  // the carry goes on to the next word
            }
            std::copy(counter_, counter_ + 4, block);
        }
        for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 4
            for (auto& block : x) {
                uint64_t low0, low1;
                const uint64_t high0 = high_product(0xD2E7470EE14C6C93u, block[0], low0);
                const uint64_t high1 = high_product(0xCA5A826395121157u, block[2], low1);
                block[0] = high1 ^ block[1] ^ k0;
                block[2] = high0 ^ block[3] ^ k1;
                block[1] = low1;
                block[3] = low0;
            }
            k0 += 0x9E3779B97F4A7C15u;
            k1 += 0xBB67AE8584CAA73Bu;
        }
        uint32_t* to = halves_;
        for (const auto& block : x) {
            for (const uint64_t number : block) {
                *to++ = static_cast<uint32_t>(number);
                *to++ = static_cast<uint32_t>(number >> 32);
            }
        }
        used_ = 0;
    }

    uint64_t key_[2];
    uint64_t counter_[4] = {0, 0, 0, 0};
    uint32_t halves_[HALVES] = {};
    int used_ = HALVES;
};

constexpr uint64_t SHORT = 0xFFFFFFFFu;  // the largest number that is drawn from 32 bits

// The least of 1, 3, 7, ... that is no less.
uint64_t mask_for(uint64_t largest) {
    for (int shift = 1; shift < 64; shift *= 2) largest |= largest >> shift;
    return largest;
}

}  // namespace

void permute(uint64_t seed, uint64_t epoch, std::vector<int64_t>& rows) {
    Philox64 bits(seed, epoch);
    std::iota(rows.begin(), rows.end(), int64_t{0});
    if (rows.empty()) return;
    // Row i changes places with one from 0 to i, each as likely: bits under a mask, until they are not too many.
    uint64_t i = rows.size() - 1;
    for (; i > SHORT; --i) {
        const uint64_t mask = mask_for(i);
        uint64_t found;
        while ((found = bits.next_64() & mask) > i) {
        }
        std::swap(rows[i], rows[found]);
    }
    while (i > 0) {
        const uint64_t mask = mask_for(i), below = mask / 2;
        while (i > below) {
            // No branch, which nobody could foresee: where they are too many, the row changes places with itself.
            const uint64_t found = bits.next_32() & mask;
            const bool fits = found <= i;
            std::swap(rows[i], rows[fits ? found : i]);
            i -= fits;
        }
    }
}

}  // namespace flintglass
