// Prints docs/fusions.md.
#include <cstdio>

#include "fusion_table.h"

int main() { std::fputs(tenon::core::fusions_page().c_str(), stdout); }
