// The tables of the kernels, one a family; each is written at the end of its family's file.
#pragma once

#include "../kernel.h"

namespace flintglass {

KernelTable constants_table();
KernelTable cumulative_table();
KernelTable elementwise_table();
KernelTable indexing_table();
KernelTable products_table();
KernelTable random_table();
KernelTable reductions_table();
KernelTable shapes_table();
KernelTable sorting_table();
KernelTable control_table();

ViewTable shapes_views();

}  // namespace flintglass
