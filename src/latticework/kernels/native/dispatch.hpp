// Which SIMD levels this machine has, and which one is used.
#pragma once

#include <string>
#include <vector>

#include "kernels.hpp"

namespace latticework {

// Levels that were built and that this machine can run, the best first.
const std::vector<const Level*>& levels();

// The level with this name ("" or "auto": what LATTICEWORK_SIMD names, else the best).
// Null, with a sentence in `why`, when there is no such level here.
const Level* choose_level(const std::string& name, std::string* why);

}  // namespace latticework
