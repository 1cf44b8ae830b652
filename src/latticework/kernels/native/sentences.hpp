// Numbers and shapes as refusals write them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace latticework {

inline std::string list_of(const int64_t* dims, int64_t rank) {
  std::string text = "[";
  for (int64_t n = 0; n < rank; ++n) text += (n ? ", " : "") + std::to_string(dims[n]);
  return text + "]";
}

inline std::string in_brackets(const std::vector<std::string>& tokens) {
  std::string text = "[";
  for (size_t n = 0; n < tokens.size(); ++n) text += (n ? ", " : "") + tokens[n];
  return text + "]";
}

inline std::string number_text(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

}  // namespace latticework
