// All elementwise primitives, from the tables of their kinds.
#include "elementwise.h"

namespace flintglass {

KernelTable elementwise_table() {
    KernelTable merged;
    for (KernelTable table :
         {arithmetic_table(), bits_table(), comparison_table(), conversion_table(), transcendental_table()}) {
        merged.merge(table);
    }
    return merged;
}

}  // namespace flintglass
