// Functions of the bits of whole numbers.
#include "elementwise.h"
#include "elementwise_loops.h"

namespace flintglass {

namespace {

template <class T> struct And : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return x & y; }
};

template <class T> struct Or : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return x | y; }
};

template <class T> struct Xor : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return x ^ y; }
};

template <class T> struct Not : Simple {
    Working<T> operator()(Working<T> x) const { return ~x; }
};

// A shift by the width or more, or by a number below 0, which is a large one without its sign, leaves no bit of x.
template <class W> bool leaves_none(W places, size_t bytes) {
    return static_cast<std::make_unsigned_t<W>>(places) >= bytes * 8;
}

template <class T> struct ShiftLeft : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const { return leaves_none(y, sizeof(T)) ? 0 : x << y; }
};

template <class T> struct ShiftRight : Simple {
    Working<T> operator()(Working<T> x, Working<T> y) const {
        const Working<T> last = sizeof(T) * 8 - 1;
        if constexpr (std::is_signed_v<T>) return x >> (leaves_none(y, sizeof(T)) ? last : y);
        else return leaves_none(y, sizeof(T)) ? 0 : x >> y;
    }
};

}  // namespace

KernelTable bits_table() {
    return {
        {"bitwise_and", binary<And, IntegerWords>},      {"bitwise_or", binary<Or, IntegerWords>},
        {"bitwise_xor", binary<Xor, IntegerWords>},      {"bitwise_not", unary<Not, IntegerWords>},
        {"shift_left", binary<ShiftLeft, IntegerWords>}, {"shift_right", binary<ShiftRight, Integers>},
    };
}

}  // namespace flintglass
