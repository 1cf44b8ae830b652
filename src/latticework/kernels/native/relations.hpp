// Relations that several tables use: empty where they hold, else why not.
#pragma once

#include "arguments.hpp"

namespace latticework {

// "simd" names a level of this machine; the call remembers it.
std::string has_level(Call& call);

// count + 1 numbers that begin with 0, never fall and end with `end`.
std::string rises(const int32_t* ptr, int64_t count, int64_t end);

}  // namespace latticework
