// All kernels and views, from the tables of their families.
#include "tables.h"

namespace flintglass {

const KernelTable& kernels() {
    static const KernelTable all = [] {
        KernelTable merged;
        for (KernelTable table :
             {constants_table(), control_table(), cumulative_table(), elementwise_table(), indexing_table(),
              products_table(), random_table(), reductions_table(), shapes_table(), sorting_table()}) {
            merged.merge(table);
        }
        return merged;
    }();
    return all;
}

const ViewTable& views() {
    static const ViewTable all = shapes_views();
    return all;
}

}  // namespace flintglass
