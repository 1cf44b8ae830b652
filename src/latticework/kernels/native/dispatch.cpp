#include "dispatch.hpp"

#include <cstdlib>

namespace latticework {

#define LW_DECLARE(name) const Level* level_##name();
#ifdef LW_HAS_AVX512
LW_DECLARE(avx512)
#endif
#ifdef LW_HAS_AVX2
LW_DECLARE(avx2)
#endif
LW_DECLARE(baseline)

namespace {

std::vector<const Level*> find_levels() {
  std::vector<const Level*> found;
#if defined(LW_EMULATES_AVX512)
  found.push_back(level_avx512());  // wide vectors in narrow registers, for tests
#elif defined(LW_HAS_AVX512)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("fma"))
    found.push_back(level_avx512());
#endif
#ifdef LW_HAS_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found.push_back(level_avx2());
#endif
  found.push_back(level_baseline());
  return found;
}

}  // namespace

const std::vector<const Level*>& levels() {
  static const std::vector<const Level*> found = find_levels();
  return found;
}

const Level* choose_level(const std::string& name, std::string* why) {
  std::string wanted = name;
  if (wanted.empty() || wanted == "auto") {
    const char* text = std::getenv("LATTICEWORK_SIMD");
    wanted = text ? text : "";
  }
  if (wanted.empty() || wanted == "auto") return levels().front();
  std::string known;
  for (const Level* level : levels()) {
    if (wanted == level->name) return level;
    known += (known.empty() ? "" : ", ") + std::string(level->name);
  }
  *why = "there is no SIMD level '" + wanted + "' on this machine; it has " + known;
  return nullptr;
}

}  // namespace latticework
