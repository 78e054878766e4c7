// Tiles of a product: a few rows of it by a few vectors of columns, whose sums stay in registers along the inner axis.
//
// A sum is one accumulator from 0, the inner index ascending, in every tile; so the bits of an element do not depend
// on the tile that it falls into.
#pragma once

#include <algorithm>
#include <array>

#include "products_vectors.h"

namespace flintglass {
namespace {

// What a tile works on. The columns of b and of the sums follow each other; vectors of b are read whole, so that b
// is followed by as many numbers as fill the last one.
template <class T> struct TileOperands {
    const T* a;
    int64_t a_row, a_inner;
    const T* b;
    int64_t b_inner;
    T* sums;
    int64_t sums_row;
    int64_t inner;
    int64_t last;  // columns of the last vector
    bool resume;   // the sums go on from what is stored
    // Where a tile that copies b writes it, a row of the tile's width after the other.
    T* panel = nullptr;
};

// The value, of which the compiler knows nothing more. From g++ 9 on -O3 makes a version of a loop for each stride that
// may be 1, and keeps the addresses of the others on the stack: with AVX2 they ran at half the speed.
inline int64_t opaque(int64_t value) {
#if defined(__GNUC__)
    __asm__("" : "+r"(value));
#endif
    return value;
}

// How far ahead a copy asks for rows of b, which lie far apart.
constexpr int rows_ahead = 8;

template <class T, int lanes, int rows, int vectors, bool partial, bool copies = false>
void tile(const TileOperands<T>& operands) {
    using V = Vector<T, lanes>;
    V sums[rows][vectors] = {};
    const int64_t sums_row = operands.sums_row, last = operands.last;
    constexpr int end = vectors - 1;
    if (operands.resume) {
#pragma GCC unroll 16
        for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) prefetch(operands.sums + (row + rows) * sums_row + v * lanes);
        }
#pragma GCC unroll 16
        for (int row = 0; row < rows; ++row) {
            const T* from = operands.sums + row * sums_row;
#pragma GCC unroll 16
            for (int v = 0; v < end; ++v) sums[row][v] = load<V>(from + v * lanes);
            sums[row][end] = last == lanes ? load<V>(from + end * lanes) : load_first<V>(from + end * lanes, last);
        }
    }
    const int64_t row_bytes = opaque(operands.a_row * sizeof(T)), a_bytes = opaque(operands.a_inner * sizeof(T));
    const int64_t b_bytes = opaque(operands.b_inner * sizeof(T));
    const char *a = reinterpret_cast<const char*>(operands.a), *b = reinterpret_cast<const char*>(operands.b);
    [[maybe_unused]] T* panel = operands.panel;
    for (int64_t k = operands.inner; k > 0; --k) {
        V right[vectors];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) {
            const T* from = reinterpret_cast<const T*>(b) + v * lanes;
            right[v] = partial ? load_first<V>(from, last) : load<V>(from);
            if constexpr (copies) {
                prefetch(b + rows_ahead * b_bytes + v * lanes * sizeof(T));
                store(panel + v * lanes, right[v]);
            }
        }
        if constexpr (copies) panel += vectors * lanes;
#pragma GCC unroll 16
        for (int row = 0; row < rows; ++row) {
            const V left = broadcast<V>(*reinterpret_cast<const T*>(a + row * row_bytes));
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) sums[row][v] = multiply_add(left, right[v], sums[row][v]);
        }
        a += a_bytes;
        b += b_bytes;
    }
#pragma GCC unroll 16
    for (int row = 0; row < rows; ++row) {
        T* to = operands.sums + row * sums_row;
#pragma GCC unroll 16
        for (int v = 0; v < end; ++v) store(to + v * lanes, sums[row][v]);
        if (last == lanes) store(to + end * lanes, sums[row][end]);
        else store_first(to + end * lanes, sums[row][end], last);
    }
}

template <class T> using Tile = void (*)(const TileOperands<T>&);

// More sums than the multiply-adds in flight (two ports, four cycles each) give nothing.
constexpr int most_tile_rows = 8;

// The tiles of one width, by their number of rows.
template <class T> struct TileFamily {
    int64_t columns;
    int lanes;
    bool partial;  // reads no more of b than the columns there are
    int most_rows;
    std::array<Tile<T>, most_tile_rows> of_rows;
    Tile<T> copying;  // that of the most rows, which copies b on its way

    // Of so many columns, those in the last vector.
    int64_t last(int64_t count) const { return count - (columns - lanes); }
    bool reads(int64_t count) const { return partial || count == columns; }
};

template <class T, int lanes, int vectors, bool partial, int... row>
constexpr TileFamily<T> family(std::integer_sequence<int, row...>) {
    constexpr int most = sizeof...(row);
    return {lanes * vectors,
            lanes,
            partial,
            most,
            {tile<T, lanes, row + 1, vectors, partial>...},
            tile<T, lanes, most, vectors, partial, true>};
}

// As many rows as there are registers for, beside the vectors of b and a number of a.
template <class T, int lanes, int vectors, bool partial = false> constexpr TileFamily<T> family() {
    constexpr int room = (vector_registers - vectors - 1) / vectors;
    return family<T, lanes, vectors, partial>(std::make_integer_sequence<int, std::min(room, most_tile_rows)>{});
}

template <class T> constexpr int widest = vector_bytes / sizeof(T);
template <class T> constexpr int narrowest = 16 / sizeof(T);
constexpr int most_vectors = vector_registers == 32 ? 4 : 2;
template <class T> constexpr int64_t panel_columns = widest<T> * most_vectors;

// The family for so many columns, of at most a panel.
template <class T> const TileFamily<T>& family_for(int64_t columns) {
    constexpr int lanes = widest<T>, few = narrowest<T>;
    static constexpr TileFamily<T> single = family<T, 1, 1>();
    static constexpr TileFamily<T> narrow[][2] = {{family<T, few, 1, true>(), family<T, few, 1>()},
                                                  {family<T, lanes, 1, true>(), family<T, lanes, 1>()}};
    static constexpr TileFamily<T> wide[] = {family<T, lanes, 2>(), family<T, lanes, std::min(3, most_vectors)>(),
                                             family<T, lanes, most_vectors>()};
    if (columns == 1) return single;
    if (columns <= few) return narrow[0][columns == few];
    if (columns <= lanes) return narrow[1][columns == lanes];
    return wide[(columns - 1) / lanes - 1];
}

}  // namespace
}  // namespace flintglass
