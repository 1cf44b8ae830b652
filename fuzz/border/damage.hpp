// Argument sets with exactly one thing wrong.
#pragma once

#include <string>

#include "draw.hpp"

namespace fuzz {

// Breaks what row `row` says and nothing else; in words, empty where this set gives no occasion.
std::string damage(Chance& chance, Drawn& drawn, size_t row);

}  // namespace fuzz
