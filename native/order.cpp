// The order of the rows in an epoch: a function of (seed, epoch) alone, the same that the Python side computes.
#include "order.h"

#include <cstddef>
#include <numeric>
#include <utility>

namespace flintglass {

namespace {

// Philox 4x64-10 as NumPy runs it. Source: J. Salmon and others, "Parallel random numbers: as easy as 1, 2, 3"
// (SC 2011); the constants are those of its reference implementation.
class Philox64 {
public:
    Philox64(uint64_t first, uint64_t second) : key_{first, second} {}

    uint32_t next_32() {
        if (has_half_) {
            has_half_ = false;
            return half_;
        }
        const uint64_t both = next_64();
        half_ = static_cast<uint32_t>(both >> 32);
        has_half_ = true;
        return static_cast<uint32_t>(both);
    }

    uint64_t next_64() {
        if (used_ == 4) refill();
        return block_[used_++];
    }

private:
    static uint64_t high_product(uint64_t a, uint64_t b, uint64_t& low) {
        const uint64_t a0 = a & 0xFFFFFFFFu, a1 = a >> 32, b0 = b & 0xFFFFFFFFu, b1 = b >> 32;
        const uint64_t low_part = a0 * b0;
        const uint64_t middle = a1 * b0 + (low_part >> 32);
        const uint64_t other = a0 * b1 + (middle & 0xFFFFFFFFu);
        low = a * b;
        return a1 * b1 + (middle >> 32) + (other >> 32);
    }

    void refill() {
        for (uint64_t& word : counter_) {
            if (++word != 0) break;  // the carry goes on to the next word
        }
        uint64_t x[4] = {counter_[0], counter_[1], counter_[2], counter_[3]}, k0 = key_[0], k1 = key_[1];
        for (int round = 0; round < 10; ++round) {
            uint64_t low0, low1;
            const uint64_t high0 = high_product(0xD2E7470EE14C6C93u, x[0], low0);
            const uint64_t high1 = high_product(0xCA5A826395121157u, x[2], low1);
            const uint64_t second = low1, third = high0 ^ x[3] ^ k1, fourth = low0;
            x[0] = high1 ^ x[1] ^ k0;
            x[1] = second;
            x[2] = third;
            x[3] = fourth;
            k0 += 0x9E3779B97F4A7C15u;
            k1 += 0xBB67AE8584CAA73Bu;
        }
        for (int i = 0; i < 4; ++i) block_[i] = x[i];
        used_ = 0;
    }

    uint64_t key_[2];
    uint64_t counter_[4] = {0, 0, 0, 0};
    uint64_t block_[4] = {0, 0, 0, 0};
    int used_ = 4;
    uint32_t half_ = 0;
    bool has_half_ = false;
};

// A number from 0 to largest, each as likely: bits under a mask, until they are not too many.
uint64_t up_to(Philox64& bits, uint64_t largest) {
    uint64_t mask = largest;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    uint64_t found;
    if (largest <= 0xFFFFFFFFu) {
        while ((found = bits.next_32() & mask) > largest) {
        }
    } else {
        while ((found = bits.next_64() & mask) > largest) {
        }
    }
    return found;
}

}  // namespace

void permute(uint64_t seed, uint64_t epoch, std::vector<int64_t>& rows) {
    Philox64 bits(seed, epoch);
    std::iota(rows.begin(), rows.end(), int64_t{0});
    for (std::size_t i = rows.size(); i-- > 1;) std::swap(rows[i], rows[up_to(bits, i)]);
}

}  // namespace flintglass
