// Philox 4x32-10: random bits as a pure function of a key and a counter.
//
// Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
// The constants are those of its reference implementation, Random123.
#include <algorithm>

#include "tables.h"

namespace flintglass {

namespace {

constexpr int64_t WORDS_PER_BLOCK = 4;
constexpr int ROUNDS = 10;
constexpr uint32_t FIRST_MULTIPLIER = 0xD2511F53, SECOND_MULTIPLIER = 0xCD9E8D57;
constexpr uint32_t FIRST_WEYL = 0x9E3779B9, SECOND_WEYL = 0xBB67AE85;  // the golden ratio and sqrt(3) - 1
constexpr int64_t AT_ONCE = 16;                                        // blocks

struct Key {
    uint32_t first, second;
};

// A number of 128 bits.
struct Counter {
    uint64_t low, high;

    Counter operator+(uint64_t count) const {
        const uint64_t sum = low + count;
        return {sum, high + (sum < low)};
    }
};

uint32_t low_half(uint64_t value) { return static_cast<uint32_t>(value); }
uint32_t high_half(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

// Blocks side by side: word w of block i is words[w][i], so that every operation is one of vectors.
using Blocks = uint32_t[WORDS_PER_BLOCK][AT_ONCE];

void count_up(Counter counter, Blocks words) {
    for (int64_t i = 0; i < AT_ONCE; ++i) {
        const Counter own = counter + static_cast<uint64_t>(i);
        words[0][i] = low_half(own.low);
        words[1][i] = high_half(own.low);
        words[2][i] = low_half(own.high);
        words[3][i] = high_half(own.high);
    }
}

void scramble(Key key, Blocks words) {
    for (int round = 0; round < ROUNDS; ++round) {
#pragma GCC unroll 1  // unrolled too early, it is not made of vectors any more
        for (int64_t i = 0; i < AT_ONCE; ++i) {
            const uint64_t first = static_cast<uint64_t>(words[0][i]) * FIRST_MULTIPLIER;
            const uint64_t second = static_cast<uint64_t>(words[2][i]) * SECOND_MULTIPLIER;
            words[0][i] = high_half(second) ^ words[1][i] ^ key.first;
            words[2][i] = high_half(first) ^ words[3][i] ^ key.second;
            words[1][i] = low_half(second);
            words[3][i] = low_half(first);
        }
        key.first += FIRST_WEYL;
        key.second += SECOND_WEYL;
    }
}

void fill_blocks(Key key, Counter counter, uint32_t* out) {
    alignas(64) Blocks words;
    count_up(counter, words);
    scramble(key, words);
    for (int64_t i = 0; i < AT_ONCE; ++i) {
        for (int64_t w = 0; w < WORDS_PER_BLOCK; ++w) out[WORDS_PER_BLOCK * i + w] = words[w][i];
    }
}

// `count` words of the blocks from `counter` on; what is left of the last block is dropped.
void fill_words(Key key, Counter counter, uint32_t* out, int64_t count) {
    constexpr int64_t WORDS = WORDS_PER_BLOCK * AT_ONCE;
    int64_t done = 0;
    for (; done + WORDS <= count; done += WORDS, counter = counter + AT_ONCE) fill_blocks(key, counter, out + done);
    if (done == count) return;
    uint32_t last[WORDS];
    fill_blocks(key, counter, last);
    std::copy(last, last + (count - done), out + done);
}

// Rows of words; from one row to the next the counter goes on by `stride`.
struct Draw {
    const uint32_t* state;
    uint32_t *out, *next_state;
    int64_t rows, words_per_row;
    uint64_t stride;

    void run() const {
        const Key key{state[0], state[1]};  // read before anything is written: the next state may be this memory
        Counter counter{state[2] | static_cast<uint64_t>(state[3]) << 32, state[4] | static_cast<uint64_t>(state[5])
                                                                                         << 32};
        for (int64_t row = 0; row < rows; ++row, counter = counter + stride) {
            fill_words(key, counter, out + row * words_per_row, words_per_row);
        }
        const uint32_t next[] = {key.first,
                                 key.second,
                                 low_half(counter.low),
                                 high_half(counter.low),
                                 low_half(counter.high),
                                 high_half(counter.high)};
        std::copy(next, next + 6, next_state);
    }
};

Step random_bits(const Arrays& inputs, const Arrays& outputs, const Attributes& attributes, Binder& binder) {
    const Array &bits = outputs[0], state = binder.packed(inputs[0]);
    const int64_t count = bits.count(), stride = attributes.integer("stride", 0);
    Draw draw{state.as<uint32_t>(), bits.as<uint32_t>(), outputs[1].as<uint32_t>(), 1, count, 0};
    if (stride > 0) {
        draw.rows = bits.shape[0];
        draw.words_per_row = draw.rows == 0 ? 0 : count / draw.rows;
        draw.stride = static_cast<uint64_t>(stride);
    } else {
        draw.stride = static_cast<uint64_t>((count + WORDS_PER_BLOCK - 1) / WORDS_PER_BLOCK);
    }
    return whole([draw] { draw.run(); }).costing(100.0 + 1.8 * static_cast<double>(count));
}

}  // namespace

KernelTable random_table() { return {{"random_bits", random_bits}}; }

}  // namespace flintglass
