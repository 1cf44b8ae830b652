// Scratch memory of threads, kept from call to call, and tasks that use it.
#pragma once

#include <atomic>
#include <cstdlib>
#include <memory>

#include "pool.hpp"

namespace latticework {

// Memory of one thread.
class Arena {
 public:
  char* at_least(size_t size) {
    if (size > size_) {
      memory_.reset(static_cast<char*>(std::aligned_alloc(64, (size + 63) / 64 * 64)));
      size_ = memory_ ? size : 0;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  std::unique_ptr<char, Free> memory_;
  size_t size_ = 0;
};

inline thread_local Arena task_arena;
inline thread_local Arena call_arena;

// Runs every task with scratch of its own; false if there is no memory.
template <class F>
bool share_out(int count, int num_threads, size_t scratch_bytes, const F& task) {
  std::atomic<bool> enough{true};
  run_tasks(count, num_threads, [&](int n) {
    char* scratch = task_arena.at_least(scratch_bytes);
    if (scratch)
      task(n, scratch);
    else
      enough = false;
  });
  return enough;
}

}  // namespace latticework
