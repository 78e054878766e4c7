// The tables of the elementwise primitives, one a file; elementwise_table() has them all.
#pragma once

#include "tables.h"

namespace flintglass {

KernelTable arithmetic_table();
KernelTable bits_table();
KernelTable comparison_table();
KernelTable conversion_table();
KernelTable transcendental_table();

}  // namespace flintglass
