#include "pool_test.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pool.hpp"

namespace fuzz {
namespace {

using latticework::run_tasks;

constexpr int kTasks = 64;

int complain(const char* what) {
  std::fprintf(stderr, "pool: %s\n", what);
  return 1;
}

// Throws in the tasks for which `fails` says so; true if the error arrived, and no task ran after.
template <class F>
bool arrives(int num_threads, const F& fails) {
  // Freed at once: who still worked on it would be seen.
  auto counts = std::make_unique<std::vector<std::atomic<int>>>(kTasks);
  std::atomic<int> running{0};
  bool came = false;
  try {
    run_tasks(kTasks, num_threads, [&](int n) {
      ++running;
      (*counts)[n]++;
      if (fails(n)) {
        --running;
        throw std::runtime_error("task " + std::to_string(n));
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      --running;
    });
  } catch (const std::runtime_error& error) {
    came = std::string(error.what()).rfind("task ", 0) == 0;
  }
  for (const auto& count : *counts)
    if (count > 1) return false;
  return came && running == 0;
}

}  // namespace

int test_pool() {
  const auto caller = std::this_thread::get_id();
  latticework::refuses_threads = true;
  std::atomic<int> alone{0};
  run_tasks(kTasks, 4, [&](int) { alone += std::this_thread::get_id() == caller; });
  if (alone != kTasks) return complain("without threads to be had, the caller did not do all");
  latticework::refuses_threads = false;
  for (int repeat = 0; repeat < 50; ++repeat) {
    if (!arrives(4, [&](int) { return std::this_thread::get_id() == caller; }))
      return complain("an error in the caller's share did not arrive, or somebody worked on");
    // The caller may take all tasks before a helper wakes; then nothing is thrown.
    std::atomic<int> thrown{0};
    const bool came = arrives(4, [&](int) { return std::this_thread::get_id() != caller && ++thrown; });
    if (came != (thrown > 0)) return complain("an error in a helper's share did not arrive");
    if (!arrives(4, [](int) { return true; })) return complain("many errors at once did not arrive as one");
    if (!arrives(1, [](int n) { return n == 3; })) return complain("an error of one thread did not arrive");
    std::atomic<int> sum{0};
    run_tasks(kTasks, 4, [&](int n) { sum += n; });
    if (sum != kTasks * (kTasks - 1) / 2) return complain("after an error the pool does not work");
  }
  try {
    run_tasks(kTasks, 4, [](int) { throw std::bad_alloc(); });
    return complain("a lack of memory was swallowed");
  } catch (const std::bad_alloc&) {
  }
  std::printf("{\"cases\": 252, \"errors lost\": 0}\n");
  return 0;
}

}  // namespace fuzz
